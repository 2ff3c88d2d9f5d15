"""One hot conversation, written into from two instances at once: what it costs, and whether one starves.

`python -m bench.hot_conversation`. Twenty members, half on one generator and half on another, with
16 messages in flight each: once all at one instance, once a half at each of two. Every message gets its one
place in the one log, whoever takes it in.
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
    """Where the two halves of the members are."""

    server: Server
    halves: tuple[Generator, Generator]


class Sample(msgspec.Struct, frozen=True):
    """One slice of both halves at once."""

    cpu_s: float
    halves: tuple[Slice, Slice]

    @property
    def messages(self) -> int:
        return sum(one.messages for one in self.halves)

    @property
    def per_s(self) -> float:
        return sum(one.messages / one.seconds for one in self.halves)

    @property
    def per_cpu_s(self) -> float:
        return self.messages / self.cpu_s

    @property
    def unevenness(self) -> float:
        """The p99 of the half that waits longer over that of the other."""
        waits = [one.p99_ms for one in self.halves]
        return max(waits) / min(waits)


def run(options: Options) -> Report:
    if options.baselines_only:
        return Report("A hot conversation", [], "Not measured without Convene.")
    with ExitStack() as stack:
        stores = stack.enter_context(BenchStores())
        here = stack.enter_context(ConveneServer(stores))
        there = stack.enter_context(ConveneServer(stores))
        people = UserSetup(here.url, here.port)
        members = people.create_rooms(people.register(2 * MEMBERS_PER_HALF), 2 * MEMBERS_PER_HALF)
        second = members[MEMBERS_PER_HALF:]
        elsewhere = [msgspec.structs.replace(member, port=there.port) for member in second]

        def halves(*of: Sequence[Member]) -> tuple[Generator, Generator]:
            one, other = (
                stack.enter_context(Generator(half, mark=mark)) for half, mark in zip(of, MARKS, strict=True)
            )
            return one, other

        settings = {
            ONE_INSTANCE: Placement(here, halves(members[:MEMBERS_PER_HALF], second)),
            TWO_INSTANCES: Placement(
                ServerGroup(TWO_INSTANCES, [here, there]), halves(members[:MEMBERS_PER_HALF], elsewhere)
            ),
        }
        samples = run_placements(settings, options)
    shares = [
        two.per_cpu_s / one.per_cpu_s
        for one, two in zip(samples[ONE_INSTANCE], samples[TWO_INSTANCES], strict=True)
    ]
    speeds = [
        two.per_s / one.per_s for one, two in zip(samples[ONE_INSTANCE], samples[TWO_INSTANCES], strict=True)
    ]
    faults = sum(half.faults for some in samples.values() for one in some for half in one.halves)
    return Report(
        f"One hot conversation, {2 * MEMBERS_PER_HALF} members, "
        f"{options.rounds} rounds of {options.seconds:g} s",
        [
            Goal(f"messages / server CPU-s, {TWO_INSTANCES} / {ONE_INSTANCE}", GOAL_SHARE, Spread.of(shares)),
            Goal(f"messages/s, {TWO_INSTANCES} / {ONE_INSTANCE}", GOAL_SHARE, Spread.of(speeds)),
            Goal(
                "p99 of the slower half / the faster, two instances",
                GOAL_UNEVENNESS,
                Spread.of([one.unevenness for one in samples[TWO_INSTANCES]]),
                at_most=True,
            ),
        ],
        format_rows(samples),
        (f"{faults} faults: no figure here counts.",) if faults else (),
    )


def run_placements(placements: dict[str, Placement], options: Options) -> dict[str, list[Sample]]:
    """Both settings in every round, in random order, after a short warm-up."""
    dice = random.Random(options.seed)
    samples: dict[str, list[Sample]] = {name: [] for name in placements}
    with ThreadPoolExecutor(2) as pool:

        def slice_of(setting: Placement, seconds: float) -> Sample:
            before = cpu_seconds(setting.server.pids)
            one, other = pool.map(lambda half: half.slice(seconds, in_flight=IN_FLIGHT), setting.halves)
            return Sample(cpu_seconds(setting.server.pids) - before, (one, other))

        for setting in placements.values():
            slice_of(setting, min(0.3, options.seconds))
        for turn, name in interleave(placements, options.rounds, dice):
            found = slice_of(placements[name], options.seconds)
            samples[name].append(found)
            print(
                f"round {turn + 1}  {name:<14} {found.per_s:.0f} messages/s, {found.per_cpu_s:.0f}/CPU-s, "
                f"p99 {found.halves[0].p99_ms:.1f} and {found.halves[1].p99_ms:.1f} ms",
                file=sys.stderr,
                flush=True,
            )
    return samples


def format_rows(samples: dict[str, list[Sample]]) -> str:
    lines = [
        "| | messages / server CPU-s | messages/s | p50 ms, halves | p99 ms, halves | first half's share |",
        "|---|---|---|---|---|---|",
    ]
    for name, mine in samples.items():
        p50, p99 = (
            " and ".join(
                f"{statistics.median(getattr(one.halves[half], field) for one in mine):.1f}"
                for half in range(2)
            )
            for field in ("p50_ms", "p99_ms")
        )
        share = statistics.median(one.halves[0].messages / one.messages for one in mine)
        lines.append(
            f"| {name} | {format_spread(Spread.of([one.per_cpu_s for one in mine]))}"
            f" | {format_number(statistics.median(one.per_s for one in mine))} | {p50} | {p99}"
            f" | {100 * share:.0f} % |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
