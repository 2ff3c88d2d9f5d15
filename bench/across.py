"""Direct pairs with one half at each of two instances: what the way through Redis costs.

`python -m bench.across`. The same people and the same rate three times: both halves at one instance, one half
at each of two, and one half at each of two processes of socket.io with Redis, which store nothing. Processor
time of all processes of a contender counts, that of the stores and of Redis does not. The rate is the
greatest of a few that all carry, both instances on one core.
"""

from collections.abc import Sequence
from contextlib import ExitStack

import msgspec

from bench.harness.carried import NOT_CARRIED, play_carried
from bench.harness.convene import Convene
from bench.harness.generator import Generator, of_strangers
from bench.harness.members import Member, strangers
from bench.harness.options import Options, read_options
from bench.harness.people import People
from bench.harness.report import Goal, Report, table, tell
from bench.harness.rounds import Contender, doubts, ratios
from bench.harness.stores import Stores
from bench.harness.together import Together
from bench.peers.roster import SOCKET_IO, open_peers, remarks

RATES_PER_S = (2000.0, 1500.0, 1000.0, 800.0, 500.0, 300.0)
ONE, TWO = "one instance", "two instances"
SECOND_SOCKET_IO = msgspec.structs.replace(SOCKET_IO, name=f"{SOCKET_IO.name}, the second")
GOAL_SHARE = 0.7


def run(options: Options) -> Report:
    if options.limits_only:
        return Report("Two instances", [], "Not measured without Convene.")
    with ExitStack() as stack:
        stores = stack.enter_context(Stores())
        here = stack.enter_context(Convene(stores, name="here"))
        there = stack.enter_context(Convene(stores, name="there"))
        people = People(here.url, here.port)
        members = people.pairs(people.prepare(2 * options.pairs))
        # The same people are at both generators: each passes over what the other one said.
        apart = stack.enter_context(Generator(halved(members, there.port), mark="^"))
        contenders = [
            Contender(Together(TWO, [here, there]), apart),
            Contender(Together(ONE, [here]), stack.enter_context(Generator(members))),
        ]
        peers, absent = open_peers(stack, (SOCKET_IO, SECOND_SOCKET_IO))
        if peers:
            others = halved(strangers(peers[0].port, options.pairs, 2), peers[1].port)
            generator = stack.enter_context(of_strangers(peers[0], others))
            contenders.append(Contender(Together(SOCKET_IO.name, peers), generator))
        played = play_carried("pairs", contenders, options, RATES_PER_S)
    samples, work = played.samples, played.offered
    goals = [Goal(f"{TWO} / {ONE}", GOAL_SHARE, ratios(samples, work.name, TWO, ONE))]
    found = ratios(samples, work.name, TWO, SOCKET_IO.name) if peers else None
    goals.append(Goal(f"{TWO} / two of {SOCKET_IO.name}", 1.0, found))
    return Report(
        f"{options.pairs} pairs across two instances, {options.rounds} rounds of {options.seconds:g} s",
        goals,
        f"{table(samples, work.name, ONE)}\n\n{remarks((SOCKET_IO, SECOND_SOCKET_IO), absent)}",
        doubts(samples) + (() if played.carried else (NOT_CARRIED,)),
    )


def halved(members: Sequence[Member], port: int) -> list[Member]:
    """Every second one connects to another port."""
    return [
        msgspec.structs.replace(member, port=port) if number % 2 else member
        for number, member in enumerate(members)
    ]


if __name__ == "__main__":
    tell(run(read_options(__doc__)))
