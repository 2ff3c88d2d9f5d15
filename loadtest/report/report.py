"""A run as one value: what was asked, what came of it, whether it was good. Made for programs to read.

All that people are shown is made from it, so the three forms of a report never differ.
"""

import os
import platform
import time
from typing import Final

import msgspec

from loadtest.check.faults import Fault
from loadtest.conductor import Findings
from loadtest.figures.histogram import Percentiles
from loadtest.figures.series import Point
from loadtest.figures.servers import Reading, ServerFigures, figures_of
from loadtest.options import Options
from loadtest.process.seating import rate_of
from loadtest.verdict import Fitness, Outcome, Rule, failed, fitness_of, own_kind, rules_of

FORMAT: Final = 1
FAULTS_SHOWN: Final = 200


class ServerReadings(msgspec.Struct, frozen=True):
    """How one server did over the load, and on the whole; None where it has no metrics."""

    url: str
    figures: ServerFigures | None
    readings: list[Reading]


class Machine(msgspec.Struct, frozen=True):
    """Where the load tester ran."""

    system: str
    python: str
    cores: int


class Report(msgspec.Struct, frozen=True):
    """`format` rises when a field changes its meaning. Latencies in ms, rates a second."""

    format: int
    good: bool
    saturated: bool
    interrupted: bool
    scenario: str
    run: str
    began_at: str
    load_s: float
    rate_per_s: float
    options: Options
    machine: Machine
    rules: list[Rule]
    own_kind: str
    own: Percentiles
    operations: dict[str, Percentiles]
    curves: dict[str, list[tuple[float, float]]]
    counts: dict[str, int]
    errors: dict[str, int]
    fault_counts: dict[str, int]
    faults: list[Fault]
    users_checked: int
    conversations_checked: int
    fitness: Fitness
    servers: list[ServerReadings]
    points: list[Point]

    @property
    def failed(self) -> list[Rule]:
        return failed(self.rules)


def report_of(findings: Findings) -> Report:
    """Everything that was found, judged."""
    series, options = findings.series, findings.options
    counts, errors, faults = series.counts(), series.errors(), series.fault_counts()
    operations = series.percentiles()
    outcome = Outcome(
        faults=dict(faults),
        lost=findings.unanswered + counts["unsent"],
        errors=sum(errors.values()),
        own_kind=own_kind(options.scenario),
        own=series.own(),
        absent=findings.absent,
        complete=findings.complete,
    )
    rules = rules_of(outcome, options.thresholds)
    fitness = fitness_of(series.points)
    return Report(
        format=FORMAT,
        good=not failed(rules),
        saturated=fitness.saturated,
        interrupted=findings.interrupted,
        scenario=options.scenario,
        run=findings.run,
        began_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(findings.began_at)),
        load_s=round(findings.load_s, 2),
        rate_per_s=rate_of(options),
        options=options,
        machine=Machine(platform.platform(), platform.python_version(), os.cpu_count() or 1),
        rules=rules,
        own_kind=outcome.own_kind,
        own=outcome.own,
        operations=operations,
        curves=series.curves(),
        counts=dict(counts),
        errors=dict(errors.most_common()),
        fault_counts=dict(faults),
        faults=series.faults[:FAULTS_SHOWN],
        users_checked=findings.users_checked,
        conversations_checked=findings.conversations_checked,
        fitness=fitness,
        servers=[
            ServerReadings(url, figures_of(url, readings, findings.before.get(url)), readings)
            for url, readings in findings.readings.items()
        ],
        points=series.points,
    )
