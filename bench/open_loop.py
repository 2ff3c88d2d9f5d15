"""A room of a thousand on the clock: the greatest rate that is delivered in time, whatever else happens.

`python -m bench.open_loop`. Messages go out at fixed moments, and latency counts from those, so a server that
falls behind is not spared. A rate is carried when nothing is lost and p99 stays within 50 ms in most slices.
The limit keeps nothing and joins what one tick brings.
"""

import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack

import msgspec

from bench.harness.convene import Convene
from bench.harness.generator import Generator, among_strangers
from bench.harness.options import Options, read_options
from bench.harness.people import People
from bench.harness.report import Goal, Report, number, tell
from bench.harness.rounds import Contender, Sample, Spread, Work, doubts, play
from bench.harness.server import l0_joined

RATES_PER_S = (1600.0, 1400.0, 1200.0, 1000.0, 800.0, 700.0, 600.0, 500.0, 400.0, 300.0, 200.0, 100.0)
CARRIED_P99_MS = 50.0
CARRIED_SHARE = 0.97
REST_S = 2.0
GOAL_PER_S = 1_200_000.0


class Carried(msgspec.Struct, frozen=True):
    """The greatest rate that a server carried; the slices are those of that rate."""

    per_s: float
    slices: Sequence[Sample]


def run(options: Options) -> Report:
    found: dict[str, Carried] = {}
    if not options.limits_only:
        with ExitStack() as stack:
            convene = stack.enter_context(Convene())
            people = People(convene.url, convene.port)
            members = people.rooms(people.prepare(options.members), options.members)
            generator = stack.enter_context(Generator(members))
            found[convene.name] = climb_down(Contender(convene, generator), options)
    with ExitStack() as stack:
        limit = stack.enter_context(l0_joined())
        generator = stack.enter_context(among_strangers(limit, 1, options.members))
        found[limit.name] = climb_down(Contender(limit, generator), options)
    goals = []
    if not options.limits_only:
        most = options.members * found["Convene"].per_s
        goals = [Goal("deliveries/s with p99 within 50 ms", GOAL_PER_S, Spread(most, most, most))]
    lines = [
        "| server | messages/s carried | deliveries/s | p50 ms | p99 ms | of its core |",
        "|---" * 6 + "|",
    ]
    for name, one in found.items():
        slices = [sample.slice for sample in one.slices]
        busy = statistics.median(sample.cpu_s / sample.slice.seconds for sample in one.slices)
        lines.append(
            f"| {name} | {one.per_s:g} | {number(one.per_s * options.members)}"
            f" | {statistics.median(part.p50_ms for part in slices):.1f}"
            f" | {statistics.median(part.p99_ms for part in slices):.1f} | {100 * busy:.0f} % |"
        )
    return Report(
        f"A room of {options.members} on the clock",
        goals,
        "\n".join(lines),
        doubts([sample for one in found.values() for sample in one.slices]),
    )


def climb_down(contender: Contender, options: Options) -> Carried:
    """Try the rates from the top; the last one is told even where it is not carried."""
    for per_s in RATES_PER_S:
        offered = Work(f"{per_s:g} messages/s", per_s=per_s)
        samples = play(
            [contender], (offered,), rounds=options.rounds, seconds=options.seconds, seed=options.seed
        )
        if carried(samples, offered):
            break
        time.sleep(REST_S)  # a queue that grew has late work behind it
    else:
        return Carried(0.0, samples)
    return Carried(per_s, samples)


def carried(samples: Sequence[Sample], offered: Work) -> bool:
    slices = [sample.slice for sample in samples]
    return (
        not doubts(samples)
        and statistics.median(one.messages / one.seconds for one in slices) >= CARRIED_SHARE * offered.per_s
        and statistics.median(one.p99_ms for one in slices) <= CARRIED_P99_MS
    )


if __name__ == "__main__":
    tell(run(read_options(__doc__)))
