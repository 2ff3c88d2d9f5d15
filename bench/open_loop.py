"""A room of a thousand on the clock: the greatest rate that is delivered in time, whatever else happens.

`python -m bench.open_loop`. Messages go out at fixed moments, and latency counts from those, so a server that
falls behind is not spared. A rate is carried when nothing is lost and p99 stays within 50 ms in most slices.
The limit keeps nothing and joins what one tick brings.
"""

import statistics
from contextlib import ExitStack

from bench.harness.bench_users import UserSetup
from bench.harness.convene_server import ConveneServer
from bench.harness.generator import Generator, unauthenticated_generator
from bench.harness.options import Options, read_options
from bench.harness.report import Goal, Report, format_number, print_and_exit
from bench.harness.rounds import Contender, Spread, find_faults
from bench.harness.server import l0_joined_server
from bench.harness.sustained_rate import RateResult, SustainedBounds, run_sustained_rate

RATES_PER_S = (1600.0, 1400.0, 1200.0, 1000.0, 800.0, 700.0, 600.0, 500.0, 400.0, 300.0, 200.0, 100.0)
BOUNDS = SustainedBounds(share=0.9, p99_ms=50.0)
GOAL_PER_S = 1_200_000.0


def run(options: Options) -> Report:
    found: dict[str, RateResult] = {}
    if not options.baselines_only:
        with ExitStack() as stack:
            convene = stack.enter_context(ConveneServer())
            people = UserSetup(convene.url, convene.port)
            members = people.create_rooms(people.register(options.members), options.members)
            generator = stack.enter_context(Generator(members))
            found[convene.name] = run_sustained_rate(
                "room", [Contender(convene, generator)], options, RATES_PER_S, BOUNDS
            )
    with ExitStack() as stack:
        limit = stack.enter_context(l0_joined_server())
        generator = stack.enter_context(unauthenticated_generator(limit, 1, options.members))
        found[limit.name] = run_sustained_rate(
            "room", [Contender(limit, generator)], options, RATES_PER_S, BOUNDS
        )
    goals = []
    if not options.baselines_only:
        most = options.members * sustained_per_s(found["Convene"])
        goals = [Goal("deliveries/s with p99 within 50 ms", GOAL_PER_S, Spread(most, most, most))]
    lines = [
        "| server | messages/s carried | deliveries/s | p50 ms | p99 ms | of its core |",
        "|---" * 6 + "|",
    ]
    for name, one in found.items():
        slices = [sample.slice for sample in one.samples]
        busy = statistics.median(sample.cpu_s / sample.slice.seconds for sample in one.samples)
        lines.append(
            f"| {name} | {sustained_per_s(one):g} | {format_number(sustained_per_s(one) * options.members)}"
            f" | {statistics.median(part.p50_ms for part in slices):.1f}"
            f" | {statistics.median(part.p99_ms for part in slices):.1f} | {100 * busy:.0f} % |"
        )
    return Report(
        f"A room of {options.members} on the clock",
        goals,
        "\n".join(lines),
        find_faults([sample for one in found.values() for sample in one.samples]),
    )


def sustained_per_s(result: RateResult) -> float:
    """The rate that was carried; 0 where none was."""
    return result.workload.per_s if result.sustained else 0.0


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
