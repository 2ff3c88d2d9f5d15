"""Was it good? Broken promises always say no; thresholds say no where they were given and did not hold.

It never looks at anything but the figures.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from loadtest.check.faults import FAULT_DESCRIPTIONS, FaultKind
from loadtest.metrics.histogram import Percentiles
from loadtest.options import Thresholds
from loadtest.report.time_series import Point
from loadtest.run_plan import Scenario

CPU_SHARE_MAX: Final = 0.9
LAG_MS_MAX: Final = 100.0
FRAMES_PER_OTHER_MIN: Final = 20
FRAMES_PER_S_MIN: Final = 500
PRIMARY_OPERATIONS: Final[dict[str, str]] = {Scenario.IDLE: "connect", Scenario.FEED: "feed"}
DELIVERY: Final = "delivery"


class Criterion(msgspec.Struct, frozen=True):
    """One thing that had to hold, what was asked and what was found."""

    name: str
    expected: str
    actual: str
    passed: bool


class Outcome(msgspec.Struct, frozen=True):
    """`lost` are acts without an answer, and clients that were not there at the end."""

    faults: dict[str, int]
    unanswered: int
    errors: int
    primary_operation: str
    primary_latency: Percentiles
    disconnected: int
    complete: bool


def primary_operation_of(scenario: str) -> str:
    """The kind of latency that a scenario is about."""
    return PRIMARY_OPERATIONS.get(scenario, DELIVERY)


def evaluate(outcome: Outcome, thresholds: Thresholds) -> list[Criterion]:
    """Everything that had to hold."""
    rules = [
        Criterion(kind.value, "none", f"{outcome.faults.get(kind, 0)}", not outcome.faults.get(kind, 0))
        for kind in FaultKind
    ]
    rules.append(
        Criterion("clients absent at the end", "none", str(outcome.disconnected), not outcome.disconnected)
    )
    rules.append(
        Criterion(
            "without an answer",
            f"at most {thresholds.max_unanswered}",
            str(outcome.unanswered),
            outcome.unanswered <= thresholds.max_unanswered,
        )
    )
    if thresholds.max_errors is not None:
        held = outcome.errors <= thresholds.max_errors
        rules.append(Criterion("errors", f"at most {thresholds.max_errors}", str(outcome.errors), held))
    if thresholds.p99_ms is not None:
        own = outcome.primary_latency
        held = bool(own.count) and own.p99_ms <= thresholds.p99_ms
        found = f"{own.p99_ms:g} ms" if own.count else "nothing measured"
        rules.append(
            Criterion(f"p99 of {outcome.primary_operation}", f"at most {thresholds.p99_ms:g} ms", found, held)
        )
    if not outcome.complete:
        rules.append(Criterion("judged to the end", "yes", "no", passed=False))
    return rules


def describe_criterion(name: str) -> str:
    """What it means when that rule did not hold; empty where its name says it."""
    return FAULT_DESCRIPTIONS.get(FaultKind(name), "") if name in set(FaultKind) else ""


class TesterHealth(msgspec.Struct, frozen=True):
    """How the load tester itself was: figures of one that was out of breath are its own.

    `us_per_message` is all of its processor time while the load lasted, over the frames that it received;
    None where there was so much else to do that it says nothing.
    """

    saturated: bool
    cpu_share_max: float
    saturated_points: int
    lag_ms_max: float
    late_ms_max: float
    us_per_message: float | None


def assess_tester(points: Sequence[Point]) -> TesterHealth:
    """From the intervals of the load alone."""
    load = [point for point in points if point.phase == "load"]
    if len(load) < 2:
        return TesterHealth(False, 0.0, 0, 0.0, 0.0, None)
    busy = sum(point.cpu_share > CPU_SHARE_MAX for point in load)
    lag_ms = max(point.lag_ms for point in load)
    late_ms = max(point.late_ms for point in load)
    received = load[-1].received - load[0].received
    others = sum((point.sent_per_s + point.calls_per_s) * point.seconds for point in load)
    cpu_s = load[-1].cpu_s - load[0].cpu_s
    telling = received > max(
        FRAMES_PER_OTHER_MIN * others, FRAMES_PER_S_MIN * sum(point.seconds for point in load)
    )
    return TesterHealth(
        saturated=busy * 10 > len(load) or lag_ms > LAG_MS_MAX or late_ms > LAG_MS_MAX,
        cpu_share_max=max(point.cpu_share for point in load),
        saturated_points=busy,
        lag_ms_max=lag_ms,
        late_ms_max=late_ms,
        us_per_message=round(1_000_000 * cpu_s / received, 2) if telling else None,
    )


def failed_criteria(criteria: Sequence[Criterion]) -> list[Criterion]:
    return [rule for rule in criteria if not rule.passed]


def total_faults(faults: Mapping[str, int]) -> int:
    return sum(faults.values())
