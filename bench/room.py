"""Deliveries per server CPU-second in one room of 1000 members and in ten rooms of 100.

`python -m bench.room`. A delivery is one message received by one member, including the sender. Convene stores
each message; the baselines and the peers store nothing.
"""

from collections.abc import Sequence
from contextlib import ExitStack

from bench.harness.bench_users import BenchUser, UserSetup
from bench.harness.convene_server import ConveneServer
from bench.harness.generator import Generator, unauthenticated_generator
from bench.harness.options import Options, read_options
from bench.harness.report import Report, print_and_exit, table, throughput_goal
from bench.harness.rounds import Contender, Sample, Workload, find_faults, run_rounds
from bench.harness.server import (
    SingleProcessServer,
    aiohttp_send_server,
    l0_joined_server,
    l0_per_message_server,
)
from bench.peers.peer_servers import (
    CHANNELS,
    EJABBERD,
    NODE_WS,
    PYTHON_SOCKETIO,
    SOCKET_IO,
    describe_peers,
    start_peers,
)

ONE_IN_FLIGHT = Workload("one in flight")
SIXTEEN_IN_FLIGHT = Workload("sixteen in flight", in_flight=16)
TEN_ROOMS = Workload("ten rooms, four in flight each", in_flight=4)
ROOMS = 10
BASELINES = (l0_per_message_server, l0_joined_server, aiohttp_send_server)
PEERS = (NODE_WS, SOCKET_IO, PYTHON_SOCKETIO, CHANNELS, EJABBERD)
GOALS = (
    (ONE_IN_FLIGHT, "L0", 0.8),
    (ONE_IN_FLIGHT, NODE_WS.name, 1.4),
    (ONE_IN_FLIGHT, SOCKET_IO.name, 1.7),
    (ONE_IN_FLIGHT, PYTHON_SOCKETIO.name, 10.0),
    (ONE_IN_FLIGHT, CHANNELS.name, 35.0),
    (ONE_IN_FLIGHT, EJABBERD.name, 7.0),
    (SIXTEEN_IN_FLIGHT, "L0", 5.5),
    (SIXTEEN_IN_FLIGHT, SOCKET_IO.name, 10.0),
    (TEN_ROOMS, "L0", 2.5),
)


class ConveneRooms:
    """Convene with registered users, from which rooms are created on demand."""

    def __init__(self, stack: ExitStack, count: int) -> None:
        self.server = stack.enter_context(ConveneServer())
        self._user_setup = UserSetup(self.server.url, self.server.port)
        self._users: list[BenchUser] = self._user_setup.register(count)

    def open_rooms(self, rooms: int, size: int) -> Generator:
        return Generator(self._user_setup.create_rooms(self._users[: rooms * size], size))


def run(options: Options) -> Report:
    with ExitStack() as stack:
        convene = None if options.baselines_only else ConveneRooms(stack, options.members)
        baselines = [stack.enter_context(start()) for start in BASELINES]
        peers, missing_peers = start_peers(stack, PEERS)
        other_servers = [*baselines, *peers]
        samples = run_rooms(convene, other_servers, 1, (ONE_IN_FLIGHT, SIXTEEN_IN_FLIGHT), options)
        samples += run_rooms(convene, other_servers, ROOMS, (TEN_ROOMS,), options)
    goals = []
    if convene is not None:
        goals = [
            throughput_goal(samples, workload.name, reference, at_least)
            for workload, reference, at_least in GOALS
        ]
    workloads = (ONE_IN_FLIGHT, SIXTEEN_IN_FLIGHT, TEN_ROOMS)
    tables = [table(samples, workload.name, "L0") for workload in workloads]
    return Report(
        f"One room of {options.members} and {ROOMS} of {options.members // ROOMS}, "
        f"{options.rounds} rounds of {options.seconds:g} s",
        goals,
        "\n\n".join([*tables, describe_peers(PEERS, missing_peers)]),
        find_faults(samples),
    )


def run_rooms(
    convene: ConveneRooms | None,
    other_servers: Sequence[SingleProcessServer],
    rooms: int,
    workloads: Sequence[Workload],
    options: Options,
) -> list[Sample]:
    """Open new connections in `rooms` rooms and run the workloads."""
    size = options.members // rooms
    with ExitStack() as stack:
        contenders = []
        if convene is not None:
            contenders.append(Contender(convene.server, stack.enter_context(convene.open_rooms(rooms, size))))
        contenders += [
            Contender(server, stack.enter_context(unauthenticated_generator(server, rooms, size)))
            for server in other_servers
        ]
        return run_rounds(
            contenders, workloads, rounds=options.rounds, seconds=options.seconds, seed=options.seed
        )


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
