"""Interleaved rounds of websocket load: all servers run at once, measured in short slices in random order.

The machine's speed drifts by a factor between minutes, but hardly within a round. So ratios are computed
within a round, per server CPU-second, and the median is reported.
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
    """A kind of load: closed loop (`in_flight` per conversation) or open loop (`per_s` in total)."""

    name: str
    in_flight: int = 1
    per_s: float = 0.0
    content_bytes: int = 40

    def slice(self, generator: Generator, seconds: float) -> Slice:
        return generator.slice(
            seconds, in_flight=self.in_flight, per_s=self.per_s, content_bytes=self.content_bytes
        )


class Sample(msgspec.Struct, frozen=True):
    """One slice with the server's CPU time, from the first byte sent to the last message complete.

    `outside_cpu_s` is the CPU time since the server's previous slice: late writes, timers.
    """

    number: int
    server: str
    workload: str
    cpu_s: float
    outside_cpu_s: float
    slice: Slice

    @property
    def per_cpu_s(self) -> float:
        """Deliveries per second of server CPU time."""
        return self.slice.deliveries / self.cpu_s if self.cpu_s else 0.0


class Spread(msgspec.Struct, frozen=True):
    """A median with minimum and maximum."""

    median: float
    minimum: float
    maximum: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(statistics.median(values), min(values), max(values))


def interleave(items: Iterable[T], rounds: int, rng: random.Random) -> Iterator[tuple[int, T]]:
    """Yield (round, item): every item once per round, in random order."""
    items = list(items)
    for number in range(rounds):
        for item in rng.sample(items, len(items)):
            yield number, item


def run_rounds(
    contenders: Sequence[Contender], workloads: Sequence[Workload], *, rounds: int, seconds: float, seed: int
) -> list[Sample]:
    """Run `rounds` rounds of one slice per workload and contender, after a short warm-up."""
    rng = random.Random(seed)
    for contender in contenders:
        for workload in workloads:
            workload.slice(contender.generator, min(0.3, seconds))
    samples = []
    last = {contender.server.name: cpu_seconds(contender.server.pids) for contender in contenders}
    for number in range(rounds):
        for workload in workloads:
            for contender in rng.sample(list(contenders), len(contenders)):
                name, pids = contender.server.name, contender.server.pids
                before = cpu_seconds(pids)
                result = workload.slice(contender.generator, seconds)
                after = cpu_seconds(pids)
                samples.append(
                    Sample(number, name, workload.name, after - before, before - last[name], result)
                )
                last[name] = after
                _print_sample(samples[-1])
    return samples


def find_faults(samples: Sequence[Sample]) -> tuple[str, ...]:
    """Return why these samples are invalid; empty if every message was acknowledged and fully delivered."""
    faults = sum(sample.slice.faults for sample in samples)
    return (f"Invalid: {faults} faults (lost, rejected or unacknowledged messages).",) if faults else ()


def ratios(samples: Sequence[Sample], workload: str, server: str, reference: str) -> Spread:
    """Return deliveries per CPU-second of `server` divided by those of `reference`, per round."""
    measured = _per_cpu_s_by_round(samples, workload, server)
    baseline = _per_cpu_s_by_round(samples, workload, reference)
    return Spread.of([measured[number] / baseline[number] for number in sorted(measured)])


def _per_cpu_s_by_round(samples: Sequence[Sample], workload: str, server: str) -> dict[int, float]:
    return {
        sample.number: sample.per_cpu_s
        for sample in samples
        if (sample.workload, sample.server) == (workload, server)
    }


def _print_sample(sample: Sample) -> None:
    result = sample.slice
    faults = f", FAULTS {result.faults}" if result.faults else ""
    print(
        f"round {sample.number + 1}  {sample.workload:<24} {sample.server:<24} "
        f"{sample.per_cpu_s / 1000:8.0f} k deliveries/CPU-s, "
        f"{result.messages / result.seconds:.0f} messages/s, p99 {result.p99_ms:.1f} ms{faults}",
        file=sys.stderr,
        flush=True,
    )
