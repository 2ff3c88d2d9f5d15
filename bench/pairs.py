"""Five hundred direct pairs, all servers offered the same rate: what one private message costs.

`python -m bench.pairs`. The rate is the greatest of a few that every server carries through all rounds, so
that nobody is measured on a queue that grows. The limits and the peer store nothing; Convene stores each
message first.
"""

from contextlib import ExitStack

from bench.harness.bench_users import UserSetup
from bench.harness.convene_server import ConveneServer
from bench.harness.generator import Generator, unauthenticated_generator
from bench.harness.options import Options, read_options
from bench.harness.report import Report, print_and_exit, table, throughput_goal
from bench.harness.rounds import Contender, find_faults
from bench.harness.server import aiohttp_send_server, l0_joined_server, l0_per_message_server
from bench.harness.sustained_rate import NOT_SUSTAINED, run_sustained_rate
from bench.peers.peer_servers import SOCKET_IO, describe_peers, start_peers

RATES_PER_S = (8000.0, 6000.0, 4000.0, 3000.0, 2000.0, 1000.0)
BASELINES = (l0_per_message_server, l0_joined_server, aiohttp_send_server)


def run(options: Options) -> Report:
    with ExitStack() as stack:
        contenders = []
        if not options.baselines_only:
            convene = stack.enter_context(ConveneServer())
            people = UserSetup(convene.url, convene.port)
            members = people.create_pairs(people.register(2 * options.pairs))
            generator = stack.enter_context(Generator(members))
            contenders.append(Contender(convene, generator))
        others = [stack.enter_context(limit()) for limit in BASELINES]
        peers, absent = start_peers(stack, (SOCKET_IO,))
        for server in (*others, *peers):
            generator = stack.enter_context(unauthenticated_generator(server, options.pairs, 2))
            contenders.append(Contender(server, generator))
        played = run_sustained_rate("pairs", contenders, options, RATES_PER_S)
    samples, offered = played.samples, played.workload
    goals = []
    if not options.baselines_only:
        goals = [
            throughput_goal(samples, offered.name, "L0", 0.25),
            throughput_goal(samples, offered.name, SOCKET_IO.name, 1.5),
        ]
    return Report(
        f"{options.pairs} direct pairs, {options.rounds} rounds of {options.seconds:g} s",
        goals,
        f"{table(samples, offered.name, 'L0')}\n\n{describe_peers((SOCKET_IO,), absent)}",
        find_faults(samples) + (() if played.sustained else (NOT_SUSTAINED,)),
    )


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
