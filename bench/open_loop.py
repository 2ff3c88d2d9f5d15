"""Highest message rate that a room of a thousand sustains in an open loop.

`python -m bench.open_loop`. Messages are sent at fixed times, and latency counts from those times, so that a
server that falls behind is charged for its queue. A rate is sustained if nothing is lost and the p99 of the
median slice is at most 50 ms. The baseline stores nothing and joins the frames of a loop tick.
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
    results: dict[str, RateResult] = {}
    if not options.baselines_only:
        with ExitStack() as stack:
            convene = stack.enter_context(ConveneServer())
            setup = UserSetup(convene.url, convene.port)
            members = setup.create_rooms(setup.register(options.members), options.members)
            generator = stack.enter_context(Generator(members))
            results[convene.name] = run_sustained_rate(
                "room", [Contender(convene, generator)], options, RATES_PER_S, BOUNDS
            )
    with ExitStack() as stack:
        baseline = stack.enter_context(l0_joined_server())
        generator = stack.enter_context(unauthenticated_generator(baseline, 1, options.members))
        results[baseline.name] = run_sustained_rate(
            "room", [Contender(baseline, generator)], options, RATES_PER_S, BOUNDS
        )
    goals = []
    if not options.baselines_only:
        rate = options.members * sustained_per_s(results["Convene"])
        goals = [Goal("deliveries/s with p99 within 50 ms", GOAL_PER_S, Spread(rate, rate, rate))]
    lines = [
        "| server | messages/s sustained | deliveries/s | p50 ms | p99 ms | of its core |",
        "|---" * 6 + "|",
    ]
    for name, result in results.items():
        slices = [sample.slice for sample in result.samples]
        busy = statistics.median(sample.cpu_s / sample.slice.seconds for sample in result.samples)
        per_s = sustained_per_s(result)
        lines.append(
            f"| {name} | {per_s:g} | {format_number(per_s * options.members)}"
            f" | {statistics.median(each.p50_ms for each in slices):.1f}"
            f" | {statistics.median(each.p99_ms for each in slices):.1f} | {100 * busy:.0f} % |"
        )
    return Report(
        f"A room of {options.members} in an open loop",
        goals,
        "\n".join(lines),
        find_faults([sample for result in results.values() for sample in result.samples]),
    )


def sustained_per_s(result: RateResult) -> float:
    """Return the sustained rate; 0 if none was sustained."""
    return result.workload.per_s if result.sustained else 0.0


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
