"""What a run is called good for, and when the load tester says that it was itself out of breath."""

import msgspec
import pytest

from loadtest.check.faults import FaultKind
from loadtest.metrics.histogram import Percentiles
from loadtest.options import Thresholds
from loadtest.report.evaluation import Outcome, assess_tester, evaluate, failed_criteria
from loadtest.report.time_series import Point

NO_LATENCY = Percentiles(0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
SOME_LATENCY = Percentiles(100, 5.0, 4.0, 8.0, 20.0, 30.0, 31.0)


def outcome(
    *,
    faults: dict[str, int] | None = None,
    lost: int = 0,
    errors: int = 0,
    primary_latency: Percentiles = SOME_LATENCY,
    absent: int = 0,
) -> Outcome:
    return Outcome(faults or {}, lost, errors, "delivery", primary_latency, absent, complete=True)


@pytest.mark.parametrize(
    ("found", "thresholds", "names"),
    [
        (outcome(), Thresholds(p99_ms=20.0, max_unanswered=0, max_errors=0), []),
        (outcome(), Thresholds(p99_ms=19.9), ["p99 of delivery"]),
        (outcome(primary_latency=NO_LATENCY), Thresholds(p99_ms=20.0), ["p99 of delivery"]),
        (outcome(primary_latency=NO_LATENCY), Thresholds(), []),
        (outcome(lost=3), Thresholds(), ["without an answer"]),
        (outcome(lost=3), Thresholds(max_unanswered=3), []),
        (outcome(errors=3), Thresholds(), []),
        (outcome(errors=3), Thresholds(max_errors=2), ["errors"]),
        (outcome(absent=1), Thresholds(max_unanswered=9, max_errors=9), ["clients absent at the end"]),
    ],
)
def test_missed_thresholds_fail(found: Outcome, thresholds: Thresholds, names: list[str]) -> None:
    """What was not asked for is not judged; a latency that was never measured holds no bound."""
    assert [rule.name for rule in failed_criteria(evaluate(found, thresholds))] == names


@pytest.mark.parametrize("kind", FaultKind)
def test_any_fault_fails(kind: FaultKind) -> None:
    """Whatever the thresholds allow."""
    found = msgspec.structs.replace(outcome(), faults={kind: 1})
    generous = Thresholds(p99_ms=1e9, max_unanswered=10**9, max_errors=10**9)

    assert [rule.name for rule in failed_criteria(evaluate(found, generous))] == [kind]


def point(number: int, *, cpu_share: float = 0.3, lag_ms: float = 1.0, late_ms: float = 1.0) -> Point:
    return Point(
        at_s=float(number),
        seconds=1.0,
        phase="load",
        ready_count=10,
        received_per_s=1000.0,
        sent_per_s=10.0,
        calls_per_s=0.0,
        errors=0,
        faults=0,
        p50_ms=1.0,
        p99_ms=2.0,
        max_ms=3.0,
        cpu_share=cpu_share,
        cpu_s=cpu_share * number,
        received=1000 * number,
        lag_ms=lag_ms,
        late_ms=late_ms,
    )


def test_unsaturated_tester_reports_cost_per_frame() -> None:
    fitness = assess_tester([point(number) for number in range(10)])

    assert not fitness.saturated
    assert fitness.us_per_message == pytest.approx(300.0)


@pytest.mark.parametrize(
    "worse", [{"cpu_share": 0.95}, {"lag_ms": 500.0}, {"late_ms": 500.0}], ids=["processor", "loop", "pace"]
)
def test_saturated_tester_is_reported(worse: dict[str, float]) -> None:
    """Most of a core, a loop that is late, or acts that are: its figures are its own."""
    points = [point(number, **(worse if number in {3, 4} else {})) for number in range(10)]

    assert assess_tester(points).saturated


def test_saturation_ignores_other_phases() -> None:
    """Setting up and judging may be as busy as they like."""
    busy = [msgspec.structs.replace(point(1, cpu_share=1.0), phase=phase) for phase in ("coming", "judging")]

    assert not assess_tester([*busy, *(point(number) for number in range(5))]).saturated
