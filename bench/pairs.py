"""Five hundred direct pairs, all servers offered the same rate: what one private message costs.

`python -m bench.pairs`. The rate is the greatest of a few that every server carries through all rounds, so
that nobody is measured on a queue that grows. The limits and the peer store nothing; Convene stores each
message first.
"""

from contextlib import ExitStack

from bench.harness.carried import NOT_CARRIED, play_carried
from bench.harness.convene import Convene
from bench.harness.generator import Generator, among_strangers
from bench.harness.options import Options, read_options
from bench.harness.people import People
from bench.harness.report import Report, faster, table, tell
from bench.harness.rounds import Contender, doubts
from bench.harness.server import aiohttp_send, l0_each, l0_joined
from bench.peers.roster import SOCKET_IO, open_peers, remarks

RATES_PER_S = (8000.0, 6000.0, 4000.0, 3000.0, 2000.0, 1000.0)
LIMITS = (l0_each, l0_joined, aiohttp_send)


def run(options: Options) -> Report:
    with ExitStack() as stack:
        contenders = []
        if not options.limits_only:
            convene = stack.enter_context(Convene())
            people = People(convene.url, convene.port)
            members = people.pairs(people.prepare(2 * options.pairs))
            generator = stack.enter_context(Generator(members))
            contenders.append(Contender(convene, generator))
        others = [stack.enter_context(limit()) for limit in LIMITS]
        peers, absent = open_peers(stack, (SOCKET_IO,))
        for server in (*others, *peers):
            generator = stack.enter_context(among_strangers(server, options.pairs, 2))
            contenders.append(Contender(server, generator))
        played = play_carried("pairs", contenders, options, RATES_PER_S)
    samples, offered = played.samples, played.offered
    goals = []
    if not options.limits_only:
        goals = [
            faster(samples, offered.name, "L0", 0.25),
            faster(samples, offered.name, SOCKET_IO.name, 1.5),
        ]
    return Report(
        f"{options.pairs} direct pairs, {options.rounds} rounds of {options.seconds:g} s",
        goals,
        f"{table(samples, offered.name, 'L0')}\n\n{remarks((SOCKET_IO,), absent)}",
        doubts(samples) + (() if played.carried else (NOT_CARRIED,)),
    )


if __name__ == "__main__":
    tell(run(read_options(__doc__)))
