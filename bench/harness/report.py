"""What a script found, as Markdown: tables of samples, goals and whether they were met. It sets no goal."""

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
    """A claim and what was found: None where it was not measured, which is not met.

    `at_most` where less is better.
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
    """One script's findings. A doubt is a reason why they do not count."""

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
            parts += ["| claim | goal | found: median [least..most] | met |", "|---|---|---|---|"]
            parts += [goal.markdown_row() for goal in self.goals]
            parts += ["", *self._explanation_lines()]
        for doubt in self.invalid_reasons:
            parts += [f"**{doubt}**", ""]
        return "\n".join([*parts, self.body, ""])

    def _explanation_lines(self) -> list[str]:
        """Why goals are missed; once where it is the same for several."""
        missed = [goal.claim for goal in self.goals if goal.measured is not None and not goal.met]
        if not missed:
            return []
        reasons: dict[str, list[str]] = {}
        for claim in missed:
            reasons.setdefault(explain_missed_goal(claim), []).append(claim)
        lines = [f"- {'; '.join(claims)}: {reason}" for reason, claims in reasons.items()]
        return ["What stands in the way:", "", *lines, ""]


def throughput_goal(samples: Sequence[Sample], workload: str, reference: str, at_least: float) -> Goal:
    """That Convene delivers so many times as much for a CPU-second as another server."""
    measured = any((one.workload, one.server) == (workload, reference) for one in samples)
    found = ratios(samples, workload, "Convene", reference) if measured else None
    return Goal(f"{workload}, Convene / {reference}", at_least, found)


def format_number(value: float) -> str:
    if value >= 1_000_000:
        return f"{value / 1_000_000:.2f} M"
    if value >= 10_000:
        return f"{value / 1000:.0f} k"
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}"


def format_spread(value: Spread) -> str:
    return f"{format_number(value.median)} [{format_number(value.minimum)}..{format_number(value.maximum)}]"


def table(samples: Sequence[Sample], workload: str, reference: str) -> str:
    """One row a server. The generator's ceiling is what it would take in with its core all to itself."""
    heads = (workload, "deliveries / server CPU-s", f"x {reference}", *COLUMNS)
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    of_work = [sample for sample in samples if sample.workload == workload]
    for server in dict.fromkeys(sample.server for sample in sorted(of_work, key=lambda one: one.server)):
        mine = [sample for sample in of_work if sample.server == server]
        slices = [sample.slice for sample in mine]
        deliveries, cpu_s = sum(one.deliveries for one in slices), sum(one.cpu_s for one in slices)
        cells = [
            server,
            format_spread(Spread.of([sample.per_cpu_s for sample in mine])),
            format_spread(ratios(samples, workload, server, reference)),
            format_number(statistics.median(one.messages / one.seconds for one in slices)),
            format_number(statistics.median(one.deliveries / one.seconds for one in slices)),
            f"{statistics.median(one.p50_ms for one in slices):.2f}",
            f"{statistics.median(one.p99_ms for one in slices):.2f}",
            f"{100 * sum(one.outside_cpu_s for one in mine) / sum(one.cpu_s for one in mine):.0f} %",
            format_number(sum(one.bytes for one in slices) / max(1, deliveries)),
            f"{100 * cpu_s / sum(one.seconds for one in slices):.0f} %",
            format_number(deliveries / cpu_s) if cpu_s else "-",
            f"{max(one.lag_max_ms for one in slices):.1f}",
            str(sum(one.faults for one in slices)),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def describe_machine() -> str:
    """The machine, the versions and the date: a figure means nothing without them."""
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
    """Print one report and leave: status 1 says that a goal was missed."""
    print(f"{describe_machine()}\n\n{report.markdown()}")
    sys.exit(0 if report.met else 1)
