"""One room of a thousand and ten of a hundred: how many deliveries a second of the server's processor buys.

`python -m bench.room`. A delivery is one message received by one member, the sender too. Convene stores each
message, the limits and the peers store nothing. It measures no store alone and no second instance.
"""

from collections.abc import Sequence
from contextlib import ExitStack

from bench.harness.convene import Convene
from bench.harness.generator import Generator, among_strangers
from bench.harness.options import Options, read_options
from bench.harness.people import People, Person
from bench.harness.report import Report, faster, table, tell
from bench.harness.rounds import Contender, Sample, Work, doubts, play
from bench.harness.server import Alone, aiohttp_send, l0_each, l0_joined
from bench.peers.roster import CHANNELS, EJABBERD, NODE_WS, PYTHON_SOCKETIO, SOCKET_IO, open_peers, remarks

ONE = Work("one in flight")
SIXTEEN = Work("sixteen in flight", in_flight=16)
FOUR_EACH = Work("ten rooms, four in flight each", in_flight=4)
ROOMS = 10
LIMITS = (l0_each, l0_joined, aiohttp_send)
PEERS = (NODE_WS, SOCKET_IO, PYTHON_SOCKETIO, CHANNELS, EJABBERD)
GOALS = (
    (ONE, "L0", 0.8),
    (ONE, NODE_WS.name, 1.4),
    (ONE, SOCKET_IO.name, 1.7),
    (ONE, PYTHON_SOCKETIO.name, 10.0),
    (ONE, CHANNELS.name, 35.0),
    (ONE, EJABBERD.name, 7.0),
    (SIXTEEN, "L0", 5.5),
    (SIXTEEN, SOCKET_IO.name, 10.0),
    (FOUR_EACH, "L0", 2.5),
)


class Ours:
    """Convene with its people, who are put into rooms as they are wanted."""

    def __init__(self, stack: ExitStack, count: int) -> None:
        self.server = stack.enter_context(Convene())
        self._people = People(self.server.url, self.server.port)
        self._persons: list[Person] = self._people.prepare(count)

    def enter(self, rooms: int, size: int) -> Generator:
        return Generator(self._people.rooms(self._persons[: rooms * size], size))


def run(options: Options) -> Report:
    with ExitStack() as stack:
        ours = None if options.limits_only else Ours(stack, options.members)
        limits = [stack.enter_context(limit()) for limit in LIMITS]
        peers, absent = open_peers(stack, PEERS)
        others = [*limits, *peers]
        samples = play_rooms(ours, others, 1, (ONE, SIXTEEN), options)
        samples += play_rooms(ours, others, ROOMS, (FOUR_EACH,), options)
    goals = (
        []
        if ours is None
        else [faster(samples, work.name, reference, at_least) for work, reference, at_least in GOALS]
    )
    tables = [table(samples, work.name, "L0") for work in (ONE, SIXTEEN, FOUR_EACH)]
    return Report(
        f"One room of {options.members} and {ROOMS} of {options.members // ROOMS}, "
        f"{options.rounds} rounds of {options.seconds:g} s",
        goals,
        "\n\n".join([*tables, remarks(PEERS, absent)]),
        doubts(samples),
    )


def play_rooms(
    ours: Ours | None, others: Sequence[Alone], rooms: int, works: Sequence[Work], options: Options
) -> list[Sample]:
    """Connect everybody anew, in so many rooms, and play."""
    size = options.members // rooms
    with ExitStack() as stack:
        contenders = []
        if ours is not None:
            contenders.append(Contender(ours.server, stack.enter_context(ours.enter(rooms, size))))
        contenders += [
            Contender(server, stack.enter_context(among_strangers(server, rooms, size))) for server in others
        ]
        return play(contenders, works, rounds=options.rounds, seconds=options.seconds, seed=options.seed)


if __name__ == "__main__":
    tell(run(read_options(__doc__)))
