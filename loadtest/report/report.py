"""The evaluated result of a run. The page and the summary are rendered from it."""

import os
import platform
import time
from typing import Final

import msgspec

from loadtest.check.faults import Fault
from loadtest.metrics.latencies import Percentiles
from loadtest.metrics.server_metrics import ServerMetrics, ServerSample, summarize_server
from loadtest.options import Options
from loadtest.report.evaluation import (
    Criterion,
    Outcome,
    TesterHealth,
    assess_tester,
    evaluate,
    failed_criteria,
    primary_operation_of,
)
from loadtest.report.run_result import RunResult
from loadtest.report.time_series import Point
from loadtest.setup.assignment import total_rate_per_s

FORMAT: Final = 1
FAULTS_MAX: Final = 200


class ServerReport(msgspec.Struct, frozen=True):
    """Metrics of one server during the load; `metrics` is None if it has none."""

    url: str
    metrics: ServerMetrics | None
    samples: list[ServerSample]


class Machine(msgspec.Struct, frozen=True):
    """The machine of the load tester."""

    system: str
    python: str
    cores: int


class Report(msgspec.Struct, frozen=True):
    """`format` changes when a field changes its meaning. Latencies in ms, rates per second."""

    format: int
    passed: bool
    saturated: bool
    interrupted: bool
    scenario: str
    run_id: str
    started_at: str
    load_s: float
    rate_per_s: float
    options: Options
    machine: Machine
    criteria: list[Criterion]
    primary_operation: str
    primary_latency: Percentiles
    operations: dict[str, Percentiles]
    curves: dict[str, list[tuple[float, float]]]
    counts: dict[str, int]
    errors: dict[str, int]
    fault_counts: dict[str, int]
    faults: list[Fault]
    users_checked: int
    conversations_checked: int
    tester_health: TesterHealth
    servers: list[ServerReport]
    points: list[Point]

    @property
    def failed_criteria(self) -> list[Criterion]:
        return failed_criteria(self.criteria)


def build_report(result: RunResult) -> Report:
    """Evaluate the result of a run."""
    series, options = result.series, result.options
    counts, errors, faults = series.counts(), series.errors(), series.fault_counts()
    operations = series.percentiles()
    outcome = Outcome(
        faults=dict(faults),
        unanswered=result.unanswered + counts["unsent"],
        errors=sum(errors.values()),
        primary_operation=primary_operation_of(options.scenario),
        primary_latency=series.primary_latency(),
        disconnected=result.disconnected,
        complete=result.complete,
    )
    criteria = evaluate(outcome, options.thresholds)
    tester_health = assess_tester(series.points)
    return Report(
        format=FORMAT,
        passed=not failed_criteria(criteria),
        saturated=tester_health.saturated,
        interrupted=result.interrupted,
        scenario=options.scenario,
        run_id=result.run_id,
        started_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(result.started_at)),
        load_s=round(result.load_s, 2),
        rate_per_s=total_rate_per_s(options),
        options=options,
        machine=Machine(platform.platform(), platform.python_version(), os.cpu_count() or 1),
        criteria=criteria,
        primary_operation=outcome.primary_operation,
        primary_latency=outcome.primary_latency,
        operations=operations,
        curves=series.curves(),
        counts=dict(counts),
        errors=dict(errors.most_common()),
        fault_counts=dict(faults),
        faults=series.faults[:FAULTS_MAX],
        users_checked=result.users_checked,
        conversations_checked=result.conversations_checked,
        tester_health=tester_health,
        servers=[
            ServerReport(url, summarize_server(url, samples, result.baseline.get(url)), samples)
            for url, samples in result.samples.items()
        ],
        points=series.points,
    )
