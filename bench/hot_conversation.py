"""Cost and fairness of one busy conversation that is written to from two instances.

`python -m bench.hot_conversation`. Twenty members, half on each of two generators, with 16 messages in flight
per generator. Compares all members on one instance with one half on each of two instances. All messages go
to the same log, each with its own `seq`.
"""

import random
import statistics
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import msgspec

from bench.harness.bench_users import UserSetup
from bench.harness.convene_server import ConveneServer
from bench.harness.generator import Generator, Slice
from bench.harness.members import Member
from bench.harness.options import Options, read_options
from bench.harness.process_cpu import cpu_seconds
from bench.harness.report import Goal, Report, format_number, format_spread, print_and_exit
from bench.harness.rounds import Spread, interleave
from bench.harness.server import Server
from bench.harness.server_group import ServerGroup
from bench.harness.stores import BenchStores

MEMBERS_PER_HALF = 10
IN_FLIGHT = 16
MARKS = ("~", "^")
ONE_INSTANCE, TWO_INSTANCES = "one instance", "two instances"
GOAL_SHARE = 0.5
GOAL_UNEVENNESS = 3.0


class Placement(msgspec.Struct, frozen=True):
    """The servers and the two halves of the members."""

    server: Server
    halves: tuple[Generator, Generator]


class Sample(msgspec.Struct, frozen=True):
    """One simultaneous slice of both halves."""

    cpu_s: float
    halves: tuple[Slice, Slice]

    @property
    def messages(self) -> int:
        return sum(half.messages for half in self.halves)

    @property
    def per_s(self) -> float:
        return sum(half.messages / half.seconds for half in self.halves)

    @property
    def per_cpu_s(self) -> float:
        return self.messages / self.cpu_s

    @property
    def unevenness(self) -> float:
        """p99 latency of the slower half divided by that of the faster one."""
        latencies_ms = [half.p99_ms for half in self.halves]
        return max(latencies_ms) / min(latencies_ms)


def run(options: Options) -> Report:
    if options.baselines_only:
        return Report("A hot conversation", [], "Not measured without Convene.")
    with ExitStack() as stack:
        stores = stack.enter_context(BenchStores())
        first_server = stack.enter_context(ConveneServer(stores))
        second_server = stack.enter_context(ConveneServer(stores))
        setup = UserSetup(first_server.url, first_server.port)
        members = setup.create_rooms(setup.register(2 * MEMBERS_PER_HALF), 2 * MEMBERS_PER_HALF)
        first_half, second_half = members[:MEMBERS_PER_HALF], members[MEMBERS_PER_HALF:]
        moved_half = [msgspec.structs.replace(member, port=second_server.port) for member in second_half]

        def open_halves(*halves: Sequence[Member]) -> tuple[Generator, Generator]:
            first, second = (
                stack.enter_context(Generator(half, mark=mark))
                for half, mark in zip(halves, MARKS, strict=True)
            )
            return first, second

        placements = {
            ONE_INSTANCE: Placement(first_server, open_halves(first_half, second_half)),
            TWO_INSTANCES: Placement(
                ServerGroup(TWO_INSTANCES, [first_server, second_server]), open_halves(first_half, moved_half)
            ),
        }
        samples = run_placements(placements, options)
    shares = [
        two.per_cpu_s / one.per_cpu_s
        for one, two in zip(samples[ONE_INSTANCE], samples[TWO_INSTANCES], strict=True)
    ]
    speeds = [
        two.per_s / one.per_s for one, two in zip(samples[ONE_INSTANCE], samples[TWO_INSTANCES], strict=True)
    ]
    faults = sum(
        half.faults for placement in samples.values() for sample in placement for half in sample.halves
    )
    return Report(
        f"One hot conversation, {2 * MEMBERS_PER_HALF} members, "
        f"{options.rounds} rounds of {options.seconds:g} s",
        [
            Goal(f"messages / server CPU-s, {TWO_INSTANCES} / {ONE_INSTANCE}", GOAL_SHARE, Spread.of(shares)),
            Goal(f"messages/s, {TWO_INSTANCES} / {ONE_INSTANCE}", GOAL_SHARE, Spread.of(speeds)),
            Goal(
                "p99 of the slower half / the faster, two instances",
                GOAL_UNEVENNESS,
                Spread.of([sample.unevenness for sample in samples[TWO_INSTANCES]]),
                at_most=True,
            ),
        ],
        format_rows(samples),
        (f"Invalid: {faults} faults.",) if faults else (),
    )


def run_placements(placements: dict[str, Placement], options: Options) -> dict[str, list[Sample]]:
    """Run each placement once per round, in random order, after a short warm-up."""
    rng = random.Random(options.seed)
    samples: dict[str, list[Sample]] = {name: [] for name in placements}
    with ThreadPoolExecutor(2) as pool:

        def run_slice(placement: Placement, seconds: float) -> Sample:
            before_s = cpu_seconds(placement.server.pids)
            first, second = pool.map(lambda half: half.slice(seconds, in_flight=IN_FLIGHT), placement.halves)
            return Sample(cpu_seconds(placement.server.pids) - before_s, (first, second))

        for placement in placements.values():
            run_slice(placement, min(0.3, options.seconds))
        for number, name in interleave(placements, options.rounds, rng):
            sample = run_slice(placements[name], options.seconds)
            samples[name].append(sample)
            print(
                f"round {number + 1}  {name:<14} {sample.per_s:.0f} messages/s, "
                f"{sample.per_cpu_s:.0f}/CPU-s, "
                f"p99 {sample.halves[0].p99_ms:.1f} and {sample.halves[1].p99_ms:.1f} ms",
                file=sys.stderr,
                flush=True,
            )
    return samples


def format_rows(samples: dict[str, list[Sample]]) -> str:
    lines = [
        "| | messages / server CPU-s | messages/s | p50 ms, halves | p99 ms, halves | first half's share |",
        "|---|---|---|---|---|---|",
    ]
    for name, placement_samples in samples.items():
        halves = [[sample.halves[number] for sample in placement_samples] for number in range(2)]
        p50 = " and ".join(f"{statistics.median(each.p50_ms for each in half):.1f}" for half in halves)
        p99 = " and ".join(f"{statistics.median(each.p99_ms for each in half):.1f}" for half in halves)
        share = statistics.median(sample.halves[0].messages / sample.messages for sample in placement_samples)
        lines.append(
            f"| {name} | {format_spread(Spread.of([sample.per_cpu_s for sample in placement_samples]))}"
            f" | {format_number(statistics.median(sample.per_s for sample in placement_samples))}"
            f" | {p50} | {p99}"
            f" | {100 * share:.0f} % |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
