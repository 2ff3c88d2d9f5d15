"""When a run passes, and when the load tester counts as saturated."""

import re
from pathlib import Path

import msgspec
import pytest

from loadtest.check.faults import FaultKind
from loadtest.metrics.latencies import Percentiles
from loadtest.options import Thresholds
from loadtest.report.evaluation import Outcome, assess_tester, evaluate, failed_criteria
from loadtest.report.time_series import Point

NO_LATENCY = Percentiles(0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
SOME_LATENCY = Percentiles(100, 5.0, 4.0, 8.0, 20.0, 30.0, 31.0)


def outcome(
    *,
    faults: dict[str, int] | None = None,
    unanswered: int = 0,
    errors: int = 0,
    primary_latency: Percentiles = SOME_LATENCY,
    disconnected: int = 0,
) -> Outcome:
    return Outcome(faults or {}, unanswered, errors, "delivery", primary_latency, disconnected, complete=True)


@pytest.mark.parametrize(
    ("result", "thresholds", "names"),
    [
        (outcome(), Thresholds(p99_ms=20.0, max_unanswered=0, max_errors=0), []),
        (outcome(), Thresholds(p99_ms=19.9), ["p99 of delivery"]),
        (outcome(primary_latency=NO_LATENCY), Thresholds(p99_ms=20.0), ["p99 of delivery"]),
        (outcome(primary_latency=NO_LATENCY), Thresholds(), []),
        (outcome(unanswered=3), Thresholds(), ["unanswered requests"]),
        (outcome(unanswered=3), Thresholds(max_unanswered=3), []),
        (outcome(errors=3), Thresholds(), []),
        (outcome(errors=3), Thresholds(max_errors=2), ["errors"]),
        (
            outcome(disconnected=1),
            Thresholds(max_unanswered=9, max_errors=9),
            ["clients disconnected at the end"],
        ),
    ],
)
def test_missed_thresholds_fail(result: Outcome, thresholds: Thresholds, names: list[str]) -> None:
    """Thresholds that were not given are not checked; a latency that was not measured fails."""
    assert [criterion.name for criterion in failed_criteria(evaluate(result, thresholds))] == names


@pytest.mark.parametrize("kind", FaultKind)
def test_any_fault_fails(kind: FaultKind) -> None:
    """A fault fails the run whatever the thresholds."""
    result = msgspec.structs.replace(outcome(), faults={kind: 1})
    generous = Thresholds(p99_ms=1e9, max_unanswered=10**9, max_errors=10**9)

    assert [criterion.name for criterion in failed_criteria(evaluate(result, generous))] == [kind]


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
    """The cost is the CPU time of the load phase per received frame."""
    health = assess_tester([point(number) for number in range(10)])

    assert not health.saturated
    assert health.us_per_message == pytest.approx(300.0)


@pytest.mark.parametrize(
    "worse", [{"cpu_share": 0.95}, {"lag_ms": 500.0}, {"late_ms": 500.0}], ids=["CPU", "event loop", "pacer"]
)
def test_saturated_tester_is_reported(worse: dict[str, float]) -> None:
    """A busy core, a lagging event loop or late operations mean saturation."""
    points = [point(number, **(worse if number in {3, 4} else {})) for number in range(10)]

    assert assess_tester(points).saturated


def test_saturation_ignores_other_phases() -> None:
    """Connecting and checking may use a whole core."""
    busy = [
        msgspec.structs.replace(point(1, cpu_share=1.0), phase=phase) for phase in ("connecting", "checking")
    ]

    assert not assess_tester([*busy, *(point(number) for number in range(5))]).saturated


def test_documentation_lists_every_fault() -> None:
    """By the names that reports use, and no other."""
    page = (Path(__file__).parents[2] / "docs" / "load-testing.md").read_text("utf-8")
    table = page.partition("| fault | meaning |")[2].partition("\n\n")[0]
    names = [
        name
        for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        for name in re.findall("`(.*?)`", row)
    ]
    assert sorted(names) == sorted(FaultKind)
