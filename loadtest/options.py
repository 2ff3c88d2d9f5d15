"""Options of a run, and their validation."""

from typing import Final

import msgspec

from loadtest.run_plan import Scenario

CONNECTS_PER_S: Final = 250
"""Per server; below the default limit of new websockets per second."""


class InvalidOptions(Exception):  # noqa: N818 - shown to the operator
    """The load cannot be run with these options."""


class Thresholds(msgspec.Struct, frozen=True):
    """Pass criteria besides the absence of faults. None disables one.

    `p99_ms` limits the scenario's primary latency, `max_unanswered` the requests without a reply and those
    that could not be sent, `max_errors` the errors in the report: failed requests and connections.
    """

    p99_ms: float | None = None
    max_unanswered: int = 0
    max_errors: int | None = None


class Options(msgspec.Struct, frozen=True):
    """`rate_per_s` is the total over all processes. Connects are spread over `ramp_s`.

    `standby` servers get no connections at first, only those of clients that reconnect.
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
        """Raise `InvalidOptions` if the options cannot be used together."""
        if not self.urls:
            raise InvalidOptions("give at least one --url")
        if self.processes > self.connections:
            raise InvalidOptions(
                f"--processes ({self.processes}) must not exceed --connections ({self.connections})"
            )
        if self.scenario == Scenario.PAIRS and self.connections < 2:
            raise InvalidOptions("`pairs` needs at least 2 --connections")

    @property
    def default_ramp_s(self) -> float:
        """The ramp used if `ramp_s` is None."""
        return max(0.5, self.connections / (CONNECTS_PER_S * len(self.urls)))

    @property
    def effective_ramp_s(self) -> float:
        return self.default_ramp_s if self.ramp_s is None else self.ramp_s
