"""Interleaved rounds: every server up at once, short slices in random order, ratios within a round.

The machine's speed drifts by a factor between minutes; within a round it hardly does. So a ratio is taken per
round and per server CPU-second, and its median told. Nothing is ever compared across rounds.
"""

import random
import statistics
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import msgspec

from bench.harness.generator import Generator, Slice
from bench.harness.process_cpu import cpu_seconds
from bench.harness.server import Server

T = TypeVar("T")


class Contender(msgspec.Struct, frozen=True):
    server: Server
    generator: Generator


class Workload(msgspec.Struct, frozen=True):
    """One kind of load: a closed loop (`in_flight` in each conversation) or an open one (`per_s` in all)."""

    name: str
    in_flight: int = 1
    per_s: float = 0.0
    content_bytes: int = 40

    def slice(self, generator: Generator, seconds: float) -> Slice:
        return generator.slice(
            seconds, in_flight=self.in_flight, per_s=self.per_s, content_bytes=self.content_bytes
        )


class Sample(msgspec.Struct, frozen=True):
    """One slice and what it cost the server: from the first byte sent to the last message complete.

    `outside_cpu_s` is what the server worked since its slice before: late writes, timers.
    """

    number: int
    server: str
    workload: str
    cpu_s: float
    outside_cpu_s: float
    slice: Slice

    @property
    def per_cpu_s(self) -> float:
        """Deliveries for each second of the server's processor time."""
        return self.slice.deliveries / self.cpu_s if self.cpu_s else 0.0


class Spread(msgspec.Struct, frozen=True):
    """A median with its least and its greatest."""

    median: float
    minimum: float
    maximum: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(statistics.median(values), min(values), max(values))


def interleave(items: Iterable[T], rounds: int, rng: random.Random) -> Iterator[tuple[int, T]]:
    """Each of them once a round, in random order, with the number of the round."""
    items = list(items)
    for number in range(rounds):
        for one in rng.sample(items, len(items)):
            yield number, one


def run_rounds(
    contenders: Sequence[Contender], workloads: Sequence[Workload], *, rounds: int, seconds: float, seed: int
) -> list[Sample]:
    """Play `rounds` rounds, each of one slice for every work and contender, after a short warm-up."""
    dice = random.Random(seed)
    for contender in contenders:
        for work in workloads:
            work.slice(contender.generator, min(0.3, seconds))
    samples = []
    last = {contender.server.name: cpu_seconds(contender.server.pids) for contender in contenders}
    for number in range(rounds):
        for work in workloads:
            for contender in dice.sample(list(contenders), len(contenders)):
                name, pids = contender.server.name, contender.server.pids
                before = cpu_seconds(pids)
                result = work.slice(contender.generator, seconds)
                after = cpu_seconds(pids)
                samples.append(Sample(number, name, work.name, after - before, before - last[name], result))
                last[name] = after
                _print_sample(samples[-1])
    return samples


def find_faults(samples: Sequence[Sample]) -> tuple[str, ...]:
    """Why these samples do not count: none where everything sent was acknowledged and received by all."""
    faults = sum(sample.slice.faults for sample in samples)
    return (f"{faults} faults (lost, refused or unacknowledged): no figure here counts.",) if faults else ()


def ratios(samples: Sequence[Sample], workload: str, server: str, reference: str) -> Spread:
    """`server` over `reference` in deliveries per CPU-second, round by round."""
    own = {one.number: one.per_cpu_s for one in samples if (one.workload, one.server) == (workload, server)}
    other = {
        one.number: one.per_cpu_s for one in samples if (one.workload, one.server) == (workload, reference)
    }
    return Spread.of([own[number] / other[number] for number in sorted(own)])


def _print_sample(sample: Sample) -> None:
    found = sample.slice
    faults = f", FAULTS {found.faults}" if found.faults else ""
    print(
        f"round {sample.number + 1}  {sample.workload:<24} {sample.server:<24} "
        f"{sample.per_cpu_s / 1000:8.0f} k deliveries/CPU-s, "
        f"{found.messages / found.seconds:.0f} messages/s, p99 {found.p99_ms:.1f} ms{faults}",
        file=sys.stderr,
        flush=True,
    )
