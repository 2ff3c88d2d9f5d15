"""What a run is asked for. Checked once, here; it never guesses."""

from typing import Final

import msgspec

from loadtest.run_plan import Scenario

CONNECTS_PER_S: Final = 250
"""A server; below the number of new sockets a second that the shipped configuration lets in."""


class InvalidOptions(Exception):  # noqa: N818 - what is the matter, said to a person
    """They do not go together."""


class Thresholds(msgspec.Struct, frozen=True):
    """What has to hold for a run to be good, besides that no promise was broken. None: not asked for.

    `p99_ms` is that of the scenario's own latency; `max_lost` how many acts may end without an answer;
    `max_errors` how many may be refused or fail.
    """

    p99_ms: float | None = None
    max_unanswered: int = 0
    max_errors: int | None = None


class Options(msgspec.Struct, frozen=True):
    """`rate_per_s` over all processes; `ramp_s` is over which the connections are spread.

    To `standby` servers nobody goes who has not lost another one.
    """

    scenario: Scenario
    urls: tuple[str, ...]
    connections: int
    standby: tuple[str, ...] = ()
    duration_s: float = 30.0
    rate_per_s: float | None = None
    ramp_s: float | None = None
    seed: int = 1
    processes: int = 1
    senders: int = 10
    storms: int = 2
    message_characters: int = 60
    list_checks: int = 500
    delivery_timeout_s: float = 20.0
    reply_timeout_s: float = 15.0
    thresholds: Thresholds = Thresholds()

    def validate(self) -> None:
        """Raises `OptionsFaulty`."""
        if not self.urls:
            raise InvalidOptions("give at least one --url")
        if self.processes > self.connections:
            raise InvalidOptions(f"{self.processes} processes for {self.connections} connections")
        if self.scenario == Scenario.PAIRS and self.connections < 2:
            raise InvalidOptions("a pair needs two connections")

    @property
    def default_ramp_s(self) -> float:
        """Over how long connections are spread where nobody says."""
        return max(0.5, self.connections / (CONNECTS_PER_S * len(self.urls)))

    @property
    def effective_ramp_s(self) -> float:
        return self.default_ramp_s if self.ramp_s is None else self.ramp_s
