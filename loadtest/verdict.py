"""Was it good? Broken promises always say no; thresholds say no where they were given and did not hold.

It never looks at anything but the figures.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from loadtest.check.faults import MEANINGS, Kind
from loadtest.figures.histogram import Percentiles
from loadtest.figures.series import Point
from loadtest.options import Thresholds
from loadtest.play.plays import Scenario

BUSY_SHARE: Final = 0.9
LAG_MS: Final = 100.0
OTHERS_FEW: Final = 20
FRAMES_MANY_PER_S: Final = 500
OWN_KINDS: Final[dict[str, str]] = {Scenario.IDLE: "connect", Scenario.FEED: "feed"}
DELIVERY: Final = "delivery"


class Rule(msgspec.Struct, frozen=True):
    """One thing that had to hold, what was asked and what was found."""

    name: str
    asked: str
    found: str
    held: bool


class Outcome(msgspec.Struct, frozen=True):
    """`lost` are acts without an answer, and clients that were not there at the end."""

    faults: dict[str, int]
    lost: int
    errors: int
    own_kind: str
    own: Percentiles
    absent: int
    complete: bool


def own_kind(scenario: str) -> str:
    """The kind of latency that a scenario is about."""
    return OWN_KINDS.get(scenario, DELIVERY)


def rules_of(outcome: Outcome, thresholds: Thresholds) -> list[Rule]:
    """Everything that had to hold."""
    rules = [
        Rule(kind.value, "none", f"{outcome.faults.get(kind, 0)}", not outcome.faults.get(kind, 0))
        for kind in Kind
    ]
    rules.append(Rule("clients absent at the end", "none", str(outcome.absent), not outcome.absent))
    rules.append(
        Rule(
            "without an answer",
            f"at most {thresholds.max_lost}",
            str(outcome.lost),
            outcome.lost <= thresholds.max_lost,
        )
    )
    if thresholds.max_errors is not None:
        held = outcome.errors <= thresholds.max_errors
        rules.append(Rule("errors", f"at most {thresholds.max_errors}", str(outcome.errors), held))
    if thresholds.p99_ms is not None:
        own = outcome.own
        held = bool(own.count) and own.p99_ms <= thresholds.p99_ms
        found = f"{own.p99_ms:g} ms" if own.count else "nothing measured"
        rules.append(Rule(f"p99 of {outcome.own_kind}", f"at most {thresholds.p99_ms:g} ms", found, held))
    if not outcome.complete:
        rules.append(Rule("judged to the end", "yes", "no", held=False))
    return rules


def meaning_of(rule: str) -> str:
    """What it means when that rule did not hold; empty where its name says it."""
    return MEANINGS.get(Kind(rule), "") if rule in set(Kind) else ""


class Fitness(msgspec.Struct, frozen=True):
    """How the load tester itself was: figures of one that was out of breath are its own.

    `us_per_message` is all of its processor time while the load lasted, over the frames that it received;
    None where there was so much else to do that it says nothing.
    """

    saturated: bool
    busiest_share: float
    busy_points: int
    lag_ms_max: float
    late_ms_max: float
    us_per_message: float | None


def fitness_of(points: Sequence[Point]) -> Fitness:
    """From the intervals of the load alone."""
    load = [point for point in points if point.phase == "load"]
    if len(load) < 2:
        return Fitness(False, 0.0, 0, 0.0, 0.0, None)
    busy = sum(point.cpu_share > BUSY_SHARE for point in load)
    lag_ms = max(point.lag_ms for point in load)
    late_ms = max(point.late_ms for point in load)
    received = load[-1].received - load[0].received
    others = sum((point.sent_per_s + point.calls_per_s) * point.seconds for point in load)
    cpu_s = load[-1].cpu_s - load[0].cpu_s
    telling = received > max(OTHERS_FEW * others, FRAMES_MANY_PER_S * sum(point.seconds for point in load))
    return Fitness(
        saturated=busy * 10 > len(load) or lag_ms > LAG_MS or late_ms > LAG_MS,
        busiest_share=max(point.cpu_share for point in load),
        busy_points=busy,
        lag_ms_max=lag_ms,
        late_ms_max=late_ms,
        us_per_message=round(1_000_000 * cpu_s / received, 2) if telling else None,
    )


def failed(rules: Sequence[Rule]) -> list[Rule]:
    return [rule for rule in rules if not rule.held]


def fault_total(faults: Mapping[str, int]) -> int:
    return sum(faults.values())
