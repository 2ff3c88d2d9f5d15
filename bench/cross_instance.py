"""Direct pairs with one half at each of two instances: what the way through Redis costs.

`python -m bench.cross_instance`. The same people and rate three times: both halves at one instance, one half
at each of two, and one half at each of two processes of socket.io with Redis, which store nothing. Processor
time of all processes of a contender counts, that of the stores and of Redis does not. The rate is the
greatest of a few that all carry, both instances on one core.
"""

from collections.abc import Sequence
from contextlib import ExitStack

import msgspec

from bench.harness.bench_users import UserSetup
from bench.harness.convene_server import ConveneServer
from bench.harness.generator import Generator, unauthenticated_generator_of
from bench.harness.members import Member, unauthenticated_members
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
        here = stack.enter_context(ConveneServer(stores, name="here"))
        there = stack.enter_context(ConveneServer(stores, name="there"))
        people = UserSetup(here.url, here.port)
        members = people.create_pairs(people.register(2 * options.pairs))
        # The same people are at both generators: each passes over what the other one said.
        apart = stack.enter_context(Generator(split_between_ports(members, there.port), mark="^"))
        contenders = [
            Contender(ServerGroup(TWO_INSTANCES, [here, there]), apart),
            Contender(ServerGroup(ONE_INSTANCE, [here]), stack.enter_context(Generator(members))),
        ]
        peers, absent = start_peers(stack, (SOCKET_IO, SECOND_SOCKET_IO))
        if peers:
            others = split_between_ports(
                unauthenticated_members(peers[0].port, options.pairs, 2), peers[1].port
            )
            generator = stack.enter_context(unauthenticated_generator_of(peers[0], others))
            contenders.append(Contender(ServerGroup(SOCKET_IO.name, peers), generator))
        played = run_sustained_rate("pairs", contenders, options, RATES_PER_S)
    samples, work = played.samples, played.workload
    goals = [
        Goal(
            f"{TWO_INSTANCES} / {ONE_INSTANCE}",
            GOAL_SHARE,
            ratios(samples, work.name, TWO_INSTANCES, ONE_INSTANCE),
        )
    ]
    found = ratios(samples, work.name, TWO_INSTANCES, SOCKET_IO.name) if peers else None
    goals.append(Goal(f"{TWO_INSTANCES} / two of {SOCKET_IO.name}", 1.0, found))
    return Report(
        f"{options.pairs} pairs across two instances, {options.rounds} rounds of {options.seconds:g} s",
        goals,
        f"{table(samples, work.name, ONE_INSTANCE)}\n\n"
        f"{describe_peers((SOCKET_IO, SECOND_SOCKET_IO), absent)}",
        find_faults(samples) + (() if played.sustained else (NOT_SUSTAINED,)),
    )


def split_between_ports(members: Sequence[Member], port: int) -> list[Member]:
    """Every second one connects to another port."""
    return [
        msgspec.structs.replace(member, port=port) if number % 2 else member
        for number, member in enumerate(members)
    ]


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
