"""Cost of a direct message: 500 pairs, the same rate for all servers.

`python -m bench.pairs`. The rate is the highest of several that every server sustains through all rounds, so
that no growing queue is measured. The baselines and the peer store nothing; Convene stores each message
before it acknowledges it.
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
            setup = UserSetup(convene.url, convene.port)
            members = setup.create_pairs(setup.register(2 * options.pairs))
            generator = stack.enter_context(Generator(members))
            contenders.append(Contender(convene, generator))
        baselines = [stack.enter_context(start()) for start in BASELINES]
        peers, missing_peers = start_peers(stack, (SOCKET_IO,))
        for server in (*baselines, *peers):
            generator = stack.enter_context(unauthenticated_generator(server, options.pairs, 2))
            contenders.append(Contender(server, generator))
        result = run_sustained_rate("pairs", contenders, options, RATES_PER_S)
    samples, workload = result.samples, result.workload
    goals = []
    if not options.baselines_only:
        goals = [
            throughput_goal(samples, workload.name, "L0", 0.25),
            throughput_goal(samples, workload.name, SOCKET_IO.name, 1.5),
        ]
    return Report(
        f"{options.pairs} direct pairs, {options.rounds} rounds of {options.seconds:g} s",
        goals,
        f"{table(samples, workload.name, 'L0')}\n\n{describe_peers((SOCKET_IO,), missing_peers)}",
        find_faults(samples) + (() if result.sustained else (NOT_SUSTAINED,)),
    )


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
