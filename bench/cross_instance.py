"""Cost of delivery between two instances through Redis, in direct pairs.

`python -m bench.cross_instance`. The same users and rate in three setups: both members of a pair on one
instance, one member on each of two instances, and one member on each of two socket.io processes with Redis,
which store nothing. The CPU time of all processes of a contender is summed; that of the stores and Redis is
not counted. The rate is the highest that all contenders sustain, with both instances on one core.
"""

from contextlib import ExitStack

import msgspec

from bench.harness.bench_users import UserSetup
from bench.harness.convene_server import ConveneServer
from bench.harness.generator import Generator, unauthenticated_generator_of
from bench.harness.members import split_between_ports, unauthenticated_members
from bench.harness.options import Options, read_options
from bench.harness.report import Goal, Report, print_and_exit, table
from bench.harness.rounds import Contender, find_faults, ratios
from bench.harness.server_group import ServerGroup
from bench.harness.stores import BenchStores
from bench.harness.sustained_rate import NOT_SUSTAINED, run_sustained_rate
from bench.peers.peer_servers import SOCKET_IO, describe_peers, start_peers

RATES_PER_S = (2000.0, 1500.0, 1000.0, 800.0, 500.0, 300.0)
ONE_INSTANCE, TWO_INSTANCES = "one instance", "two instances"
SECOND_SOCKET_IO = msgspec.structs.replace(SOCKET_IO, name=f"{SOCKET_IO.name}, the second")
GOAL_SHARE = 0.7


def run(options: Options) -> Report:
    if options.baselines_only:
        return Report("Two instances", [], "Not measured without Convene.")
    with ExitStack() as stack:
        stores = stack.enter_context(BenchStores())
        first = stack.enter_context(ConveneServer(stores, name="first instance"))
        second = stack.enter_context(ConveneServer(stores, name="second instance"))
        setup = UserSetup(first.url, first.port)
        members = setup.create_pairs(setup.register(2 * options.pairs))
        # Both generators use the same users: the mark makes each ignore the other's messages.
        across = stack.enter_context(Generator(split_between_ports(members, second.port), mark="^"))
        contenders = [
            Contender(ServerGroup(TWO_INSTANCES, [first, second]), across),
            Contender(ServerGroup(ONE_INSTANCE, [first]), stack.enter_context(Generator(members))),
        ]
        peers, missing_peers = start_peers(stack, (SOCKET_IO, SECOND_SOCKET_IO))
        if peers:
            peer_members = split_between_ports(
                unauthenticated_members(peers[0].port, options.pairs, 2), peers[1].port
            )
            generator = stack.enter_context(unauthenticated_generator_of(peers[0], peer_members))
            contenders.append(Contender(ServerGroup(SOCKET_IO.name, peers), generator))
        result = run_sustained_rate("pairs", contenders, options, RATES_PER_S)
    samples, workload = result.samples, result.workload
    goals = [
        Goal(
            f"{TWO_INSTANCES} / {ONE_INSTANCE}",
            GOAL_SHARE,
            ratios(samples, workload.name, TWO_INSTANCES, ONE_INSTANCE),
        )
    ]
    peer_ratio = ratios(samples, workload.name, TWO_INSTANCES, SOCKET_IO.name) if peers else None
    goals.append(Goal(f"{TWO_INSTANCES} / two of {SOCKET_IO.name}", 1.0, peer_ratio))
    return Report(
        f"{options.pairs} pairs across two instances, {options.rounds} rounds of {options.seconds:g} s",
        goals,
        f"{table(samples, workload.name, ONE_INSTANCE)}\n\n"
        f"{describe_peers((SOCKET_IO, SECOND_SOCKET_IO), missing_peers)}",
        find_faults(samples) + (() if result.sustained else (NOT_SUSTAINED,)),
    )


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
