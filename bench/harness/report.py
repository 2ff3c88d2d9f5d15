"""Benchmark reports in Markdown: goals, whether they were met, and tables of samples."""

import os
import platform
import statistics
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

from bench.harness.missed_goals import explain_missed_goal
from bench.harness.rounds import Sample, Spread, ratios

PACKAGES = ("aiohttp", "uvloop", "msgspec", "motor", "asyncpg", "redis")
COLUMNS = (
    "messages/s",
    "deliveries/s",
    "p50 ms",
    "p99 ms",
    "outside",
    "bytes each",
    "generator busy",
    "its ceiling/s",
    "its lag ms",
    "faults",
)


class Goal(msgspec.Struct, frozen=True):
    """A claim with its bound and the measured value.

    `measured` is None if it was not measured; the goal then counts as missed. With `at_most`, less is better.
    """

    claim: str
    bound: float
    measured: Spread | None
    unit: str = ""
    at_most: bool = False

    @property
    def met(self) -> bool:
        if self.measured is None:
            return False
        return self.measured.median <= self.bound if self.at_most else self.measured.median >= self.bound

    def markdown_row(self) -> str:
        bound = f"{'at most' if self.at_most else 'at least'} {self.bound:g}{self.unit}"
        if self.measured is None:
            return f"| {self.claim} | {bound} | - | not measured |"
        met = "yes" if self.met else "**no**"
        return f"| {self.claim} | {bound} | {format_spread(self.measured)}{self.unit} | {met} |"


class Report(msgspec.Struct, frozen=True):
    """Result of one benchmark. A report with `invalid_reasons` meets no goal."""

    title: str
    goals: list[Goal]
    body: str
    invalid_reasons: tuple[str, ...] = ()

    @property
    def met(self) -> bool:
        return not self.invalid_reasons and all(goal.met for goal in self.goals)

    def markdown(self) -> str:
        parts = [f"## {self.title}", ""]
        if self.goals:
            parts += ["| claim | goal | measured: median [min..max] | met |", "|---|---|---|---|"]
            parts += [goal.markdown_row() for goal in self.goals]
            parts += ["", *self._explanation_lines()]
        for reason in self.invalid_reasons:
            parts += [f"**{reason}**", ""]
        return "\n".join([*parts, self.body, ""])

    def _explanation_lines(self) -> list[str]:
        """Return the known reasons for missed goals; goals with the same reason share a line."""
        missed = [goal.claim for goal in self.goals if goal.measured is not None and not goal.met]
        if not missed:
            return []
        reasons: dict[str, list[str]] = {}
        for claim in missed:
            reasons.setdefault(explain_missed_goal(claim), []).append(claim)
        lines = [f"- {'; '.join(claims)}: {reason}" for reason, claims in reasons.items()]
        return ["Known reasons:", "", *lines, ""]


def throughput_goal(samples: Sequence[Sample], workload: str, reference: str, at_least: float) -> Goal:
    """Return the goal that Convene's deliveries per CPU-second are `at_least` times the reference's."""
    measured = any((sample.workload, sample.server) == (workload, reference) for sample in samples)
    ratio = ratios(samples, workload, "Convene", reference) if measured else None
    return Goal(f"{workload}, Convene / {reference}", at_least, ratio)


def format_number(value: float) -> str:
    if value >= 1_000_000:
        return f"{value / 1_000_000:.2f} M"
    if value >= 10_000:
        return f"{value / 1000:.0f} k"
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}"


def format_spread(value: Spread) -> str:
    return f"{format_number(value.median)} [{format_number(value.minimum)}..{format_number(value.maximum)}]"


def table(samples: Sequence[Sample], workload: str, reference: str) -> str:
    """Return a table with one row per server.

    The generator's ceiling is the rate it could receive with a core to itself.
    """
    columns = (workload, "deliveries / server CPU-s", f"x {reference}", *COLUMNS)
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    workload_samples = [sample for sample in samples if sample.workload == workload]
    for server in sorted({sample.server for sample in workload_samples}):
        server_samples = [sample for sample in workload_samples if sample.server == server]
        slices = [sample.slice for sample in server_samples]
        deliveries = sum(each.deliveries for each in slices)
        cpu_s = sum(each.cpu_s for each in slices)
        outside_cpu_s = sum(sample.outside_cpu_s for sample in server_samples)
        outside_share = outside_cpu_s / sum(sample.cpu_s for sample in server_samples)
        cells = [
            server,
            format_spread(Spread.of([sample.per_cpu_s for sample in server_samples])),
            format_spread(ratios(samples, workload, server, reference)),
            format_number(statistics.median(each.messages / each.seconds for each in slices)),
            format_number(statistics.median(each.deliveries / each.seconds for each in slices)),
            f"{statistics.median(each.p50_ms for each in slices):.2f}",
            f"{statistics.median(each.p99_ms for each in slices):.2f}",
            f"{100 * outside_share:.0f} %",
            format_number(sum(each.bytes for each in slices) / max(1, deliveries)),
            f"{100 * cpu_s / sum(each.seconds for each in slices):.0f} %",
            format_number(deliveries / cpu_s) if cpu_s else "-",
            f"{max(each.lag_max_ms for each in slices):.1f}",
            str(sum(each.faults for each in slices)),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def describe_machine() -> str:
    """Return date, processor, memory, kernel and library versions."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC · {os.cpu_count()} cores of {model}, {memory:.0f} GiB, "
        f"kernel {platform.release()} · Python {platform.python_version()}, {versions}"
    )


def print_and_exit(report: Report) -> None:
    """Print the report and exit; status 1 if a goal was missed."""
    print(f"{describe_machine()}\n\n{report.markdown()}")
    sys.exit(0 if report.met else 1)
