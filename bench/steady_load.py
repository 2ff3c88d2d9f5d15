"""Latency of 2000 durable messages per second in direct pairs, all on one machine.

`python -m bench.steady_load`. The server has one core; the stores and the generator share the other. Latency
is from the intended send time to the receipt by each member, the sender included. Every message is stored
before it is delivered.
"""

from contextlib import ExitStack

from bench.harness.bench_users import UserSetup
from bench.harness.convene_server import ConveneServer
from bench.harness.generator import Generator
from bench.harness.options import Options, read_options
from bench.harness.report import Goal, Report, print_and_exit, table
from bench.harness.rounds import Contender, Spread, Workload, find_faults, run_rounds

PER_S = 2000.0
SLICE_S = 5.0
GOAL_P50_MS = 5.0
GOAL_P99_MS = 30.0


def run(options: Options) -> Report:
    if options.baselines_only:
        return Report("A steady load", [], "Not measured without Convene.")
    workload = Workload(f"pairs, {PER_S:g} messages/s", per_s=PER_S)
    with ExitStack() as stack:
        convene = stack.enter_context(ConveneServer())
        setup = UserSetup(convene.url, convene.port)
        members = setup.create_pairs(setup.register(2 * options.pairs))
        contender = Contender(convene, stack.enter_context(Generator(members)))
        samples = run_rounds(
            [contender], (workload,), rounds=options.rounds, seconds=SLICE_S, seed=options.seed
        )
    slices = [sample.slice for sample in samples]
    return Report(
        f"{options.pairs} pairs at {PER_S:g} messages/s, {options.rounds} times {SLICE_S:g} s",
        [
            Goal(f"{name} of all messages", goal_ms, Spread.of(measured_ms), " ms", at_most=True)
            for name, goal_ms, measured_ms in (
                ("p50", GOAL_P50_MS, [each.p50_ms for each in slices]),
                ("p99", GOAL_P99_MS, [each.p99_ms for each in slices]),
            )
        ],
        table(samples, workload.name, convene.name),
        find_faults(samples),
    )


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
