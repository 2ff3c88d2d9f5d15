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

from bench.harness.obstacles import obstacle
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
    goal: float
    found: Spread | None
    unit: str = ""
    at_most: bool = False

    @property
    def met(self) -> bool:
        if self.found is None:
            return False
        return self.found.median <= self.goal if self.at_most else self.found.median >= self.goal

    def row(self) -> str:
        bound = f"{'at most' if self.at_most else 'at least'} {self.goal:g}{self.unit}"
        if self.found is None:
            return f"| {self.claim} | {bound} | - | not measured |"
        met = "yes" if self.met else "**no**"
        return f"| {self.claim} | {bound} | {spread(self.found)}{self.unit} | {met} |"


class Report(msgspec.Struct, frozen=True):
    """One script's findings. A doubt is a reason why they do not count."""

    title: str
    goals: list[Goal]
    body: str
    doubts: tuple[str, ...] = ()

    @property
    def met(self) -> bool:
        return not self.doubts and all(goal.met for goal in self.goals)

    def markdown(self) -> str:
        parts = [f"## {self.title}", ""]
        if self.goals:
            parts += ["| claim | goal | found: median [least..most] | met |", "|---|---|---|---|"]
            parts += [goal.row() for goal in self.goals]
            parts += ["", *self._obstacles()]
        for doubt in self.doubts:
            parts += [f"**{doubt}**", ""]
        return "\n".join([*parts, self.body, ""])

    def _obstacles(self) -> list[str]:
        """Why goals are missed; once where it is the same for several."""
        missed = [goal.claim for goal in self.goals if goal.found is not None and not goal.met]
        if not missed:
            return []
        reasons: dict[str, list[str]] = {}
        for claim in missed:
            reasons.setdefault(obstacle(claim), []).append(claim)
        lines = [f"- {'; '.join(claims)}: {reason}" for reason, claims in reasons.items()]
        return ["What stands in the way:", "", *lines, ""]


def faster(samples: Sequence[Sample], work: str, reference: str, at_least: float) -> Goal:
    """That Convene delivers so many times as much for a CPU-second as another server."""
    measured = any((one.work, one.server) == (work, reference) for one in samples)
    found = ratios(samples, work, "Convene", reference) if measured else None
    return Goal(f"{work}, Convene / {reference}", at_least, found)


def number(value: float) -> str:
    if value >= 1_000_000:
        return f"{value / 1_000_000:.2f} M"
    if value >= 10_000:
        return f"{value / 1000:.0f} k"
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}"


def spread(found: Spread) -> str:
    return f"{number(found.median)} [{number(found.least)}..{number(found.most)}]"


def table(samples: Sequence[Sample], work: str, reference: str) -> str:
    """One row a server. The generator's ceiling is what it would take in with its core all to itself."""
    heads = (work, "deliveries / server CPU-s", f"x {reference}", *COLUMNS)
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    of_work = [sample for sample in samples if sample.work == work]
    for server in dict.fromkeys(sample.server for sample in sorted(of_work, key=lambda one: one.server)):
        mine = [sample for sample in of_work if sample.server == server]
        slices = [sample.slice for sample in mine]
        deliveries, cpu_s = sum(one.deliveries for one in slices), sum(one.cpu_s for one in slices)
        cells = [
            server,
            spread(Spread.of([sample.per_cpu_s for sample in mine])),
            spread(ratios(samples, work, server, reference)),
            number(statistics.median(one.messages / one.seconds for one in slices)),
            number(statistics.median(one.deliveries / one.seconds for one in slices)),
            f"{statistics.median(one.p50_ms for one in slices):.2f}",
            f"{statistics.median(one.p99_ms for one in slices):.2f}",
            f"{100 * sum(one.outside_cpu_s for one in mine) / sum(one.cpu_s for one in mine):.0f} %",
            number(sum(one.bytes for one in slices) / max(1, deliveries)),
            f"{100 * cpu_s / sum(one.seconds for one in slices):.0f} %",
            number(deliveries / cpu_s) if cpu_s else "-",
            f"{max(one.lag_max_ms for one in slices):.1f}",
            str(sum(one.faults for one in slices)),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def machine() -> str:
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


def tell(report: Report) -> None:
    """Print one report and leave: status 1 says that a goal was missed."""
    print(f"{machine()}\n\n{report.markdown()}")
    sys.exit(0 if report.met else 1)
