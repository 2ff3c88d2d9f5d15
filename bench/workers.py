"""What several workers on one port cost together: server CPU per delivery with 1, 2 and 4 of them.

`python -m bench.workers`. Direct pairs, and rooms of 20, at a fixed rate; the kernel spreads the connections
over the workers, so most conversations have members on several. All workers share one core here, and each
group has stores of its own. N workers with a core each carry N times what one does, times the ratio of the
costs; this is what the goals are about, since two cores cannot hold two workers beside stores and generator.
"""

from contextlib import ExitStack

from bench.harness.bench_users import UserSetup
from bench.harness.convene_server import ConveneServer
from bench.harness.generator import Generator
from bench.harness.options import Options, read_options
from bench.harness.report import Goal, Report, format_spread, print_and_exit, table
from bench.harness.rounds import Contender, Sample, Spread, Workload, find_faults, ratios, run_rounds

WORKERS = (1, 2, 4)
PAIRS = Workload("pairs, 1000 messages/s", per_s=1000.0)
ROOMS = Workload("rooms of 20, 200 messages/s", per_s=200.0)
ROOM_MEMBERS = 20
SLICE_S = 2.0
GOAL_TWO_WORKERS = 1.7


def run(options: Options) -> Report:
    if options.baselines_only:
        return Report("Workers", [], "Not measured without Convene.")
    # As many users as are divided into whole rooms.
    users_count = 2 * options.pairs // ROOM_MEMBERS * ROOM_MEMBERS
    samples: list[Sample] = []
    with ExitStack() as stack:
        pairs, rooms = [], []
        for count in WORKERS:
            server = stack.enter_context(ConveneServer(name=group_name(count), workers=count))
            setup = UserSetup(server.url, server.port)
            users = setup.register(users_count)
            # Both generators use the same users: the mark makes each ignore the other's messages.
            pairs.append(Contender(server, stack.enter_context(Generator(setup.create_pairs(users)))))
            rooms.append(
                Contender(
                    server, stack.enter_context(Generator(setup.create_rooms(users, ROOM_MEMBERS), mark="^"))
                )
            )
        for contenders, workload in ((pairs, PAIRS), (rooms, ROOMS)):
            samples += run_rounds(
                contenders, [workload], rounds=options.rounds, seconds=SLICE_S, seed=options.seed
            )
    goals = [
        Goal(
            f"{workload.name}: 2 workers / 1, each with a core",
            GOAL_TWO_WORKERS,
            times_one_worker(samples, workload, 2),
        )
        for workload in (PAIRS, ROOMS)
    ]
    lines = ["| workers, each with a core | pairs | rooms of 20 |", "|---|---|---|"]
    for count in WORKERS:
        cells = [format_spread(times_one_worker(samples, workload, count)) for workload in (PAIRS, ROOMS)]
        lines.append(f"| {count} | {cells[0]} | {cells[1]} |")
    tables = [table(samples, workload.name, group_name(1)) for workload in (PAIRS, ROOMS)]
    return Report(
        f"Workers on one port, {options.rounds} rounds of {SLICE_S:g} s",
        goals,
        "\n\n".join(["\n".join(lines), *tables]),
        find_faults(samples),
    )


def group_name(workers: int) -> str:
    return "1 worker" if workers == 1 else f"{workers} workers"


def times_one_worker(samples: list[Sample], workload: Workload, workers: int) -> Spread:
    """Return how many times as much as one worker `workers` of them carry, if each has a core."""
    ratio = ratios(samples, workload.name, group_name(workers), group_name(1))
    return Spread(workers * ratio.median, workers * ratio.minimum, workers * ratio.maximum)


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
