"""Decides whether a run passed, and whether the load tester itself was saturated.

A run fails with any fault, if clients are disconnected at its end, or if a threshold is not met.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from loadtest.check.faults import FAULT_DESCRIPTIONS, FaultKind
from loadtest.metrics.latencies import Percentiles
from loadtest.options import Thresholds
from loadtest.report.time_series import Point
from loadtest.run_plan import Scenario

CPU_SHARE_MAX: Final = 0.9
LAG_MS_MAX: Final = 100.0
FRAMES_PER_OPERATION_MIN: Final = 20
FRAMES_PER_S_MIN: Final = 500
PRIMARY_OPERATIONS: Final[dict[str, str]] = {Scenario.IDLE: "connect", Scenario.FEED: "feed"}
DELIVERY: Final = "delivery"


class Criterion(msgspec.Struct, frozen=True):
    """One pass criterion with its expected and actual value."""

    name: str
    expected: str
    actual: str
    passed: bool


class Outcome(msgspec.Struct, frozen=True):
    """`unanswered` counts requests without a reply, and those that could not be sent.

    `disconnected` counts clients at the end of the run.
    """

    faults: dict[str, int]
    unanswered: int
    errors: int
    primary_operation: str
    primary_latency: Percentiles
    disconnected: int
    complete: bool


def primary_operation_of(scenario: str) -> str:
    """Return the operation whose latency the scenario measures."""
    return PRIMARY_OPERATIONS.get(scenario, DELIVERY)


def evaluate(outcome: Outcome, thresholds: Thresholds) -> list[Criterion]:
    """Return all criteria that apply."""
    criteria = [
        Criterion(kind.value, "none", f"{outcome.faults.get(kind, 0)}", not outcome.faults.get(kind, 0))
        for kind in FaultKind
    ]
    criteria.append(
        Criterion(
            "clients disconnected at the end", "none", str(outcome.disconnected), not outcome.disconnected
        )
    )
    criteria.append(
        Criterion(
            "unanswered requests",
            f"at most {thresholds.max_unanswered}",
            str(outcome.unanswered),
            outcome.unanswered <= thresholds.max_unanswered,
        )
    )
    if thresholds.max_errors is not None:
        passed = outcome.errors <= thresholds.max_errors
        criteria.append(Criterion("errors", f"at most {thresholds.max_errors}", str(outcome.errors), passed))
    if thresholds.p99_ms is not None:
        latency = outcome.primary_latency
        passed = bool(latency.count) and latency.p99_ms <= thresholds.p99_ms
        actual = f"{latency.p99_ms:g} ms" if latency.count else "not measured"
        criteria.append(
            Criterion(
                f"p99 of {outcome.primary_operation}", f"at most {thresholds.p99_ms:g} ms", actual, passed
            )
        )
    if not outcome.complete:
        criteria.append(Criterion("checks completed", "yes", "no", passed=False))
    return criteria


def describe_criterion(name: str) -> str:
    """Return what the failure of that criterion means; empty if the name says it."""
    return FAULT_DESCRIPTIONS.get(FaultKind(name), "") if name in set(FaultKind) else ""


class TesterHealth(msgspec.Struct, frozen=True):
    """The load tester's own health: a saturated load tester measures its own latency.

    `us_per_message` is its total CPU time during the load phase per received frame. None if other work
    dominated.
    """

    saturated: bool
    cpu_share_max: float
    saturated_points: int
    lag_ms_max: float
    late_ms_max: float
    us_per_message: float | None


def assess_tester(points: Sequence[Point]) -> TesterHealth:
    """Assess the load tester by the points of the load phase."""
    load = [point for point in points if point.phase == "load"]
    if len(load) < 2:
        return TesterHealth(False, 0.0, 0, 0.0, 0.0, None)
    saturated_points = sum(point.cpu_share > CPU_SHARE_MAX for point in load)
    lag_ms = max(point.lag_ms for point in load)
    late_ms = max(point.late_ms for point in load)
    received = load[-1].received - load[0].received
    operations = sum((point.sent_per_s + point.calls_per_s) * point.seconds for point in load)
    cpu_s = load[-1].cpu_s - load[0].cpu_s
    mostly_frames = received > max(
        FRAMES_PER_OPERATION_MIN * operations, FRAMES_PER_S_MIN * sum(point.seconds for point in load)
    )
    return TesterHealth(
        saturated=saturated_points * 10 > len(load) or lag_ms > LAG_MS_MAX or late_ms > LAG_MS_MAX,
        cpu_share_max=max(point.cpu_share for point in load),
        saturated_points=saturated_points,
        lag_ms_max=lag_ms,
        late_ms_max=late_ms,
        us_per_message=round(1_000_000 * cpu_s / received, 2) if mostly_frames else None,
    )


def failed_criteria(criteria: Sequence[Criterion]) -> list[Criterion]:
    return [criterion for criterion in criteria if not criterion.passed]


def total_faults(faults: Mapping[str, int]) -> int:
    return sum(faults.values())
