"""New sockets: what one costs up to `ready`, against a bare handshake of aiohttp's.

`python -m bench.connects`. The same people come again and again, as after a lost network: the server knows
their tokens, and each is in five conversations. The limits know nobody. What a server still does within half
a second of the last one's coming counts too; the leaving does not.
"""

import random
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack

from bench.harness.convene import Convene
from bench.harness.generator import CONNECTS_PER_S, Generator
from bench.harness.members import Member, strangers
from bench.harness.options import Options, read_options
from bench.harness.people import People
from bench.harness.population import Population
from bench.harness.processor import cpu_seconds
from bench.harness.report import Goal, Report, spread, tell
from bench.harness.rounds import Spread, in_turns
from bench.harness.server import Server, aiohttp_send, l0_each
from bench.harness.stores import Stores

PEOPLE = 400
ROOM = 20
CONVERSATIONS = 5
LATE_S = 0.5
LEAVING_S = 1.0
GOAL_SHARE = 0.7


def run(options: Options) -> Report:
    if options.limits_only:
        return Report("Connects", [], "Not measured without Convene.")
    with ExitStack() as stack:
        stores = stack.enter_context(Stores())
        convene = stack.enter_context(Convene(stores))
        population = Population(stores.postgres_url, options.seed)
        people = population.people(PEOPLE)
        population.settle()
        dice = random.Random(options.seed)
        made = People(convene.url, convene.port)
        for _ in range(CONVERSATIONS):
            made.rooms(dice.sample(people, len(people)), ROOM)
        members = [Member("-", convene.port, person.token) for person in people]
        limits = [stack.enter_context(limit()) for limit in (aiohttp_send, l0_each)]
        comers: dict[str, tuple[Server, Callable[[], Generator]]] = {
            convene.name: (convene, lambda: Generator(members, connects_per_s=CONNECTS_PER_S))
        }
        for limit in limits:
            comers[limit.name] = (limit, come_as_strangers(limit.port))
        costs = play(comers, options, dice)
    bare = costs[limits[0].name]
    shares = [theirs / mine for mine, theirs in zip(costs[convene.name], bare, strict=True)]
    head = "| server | server CPU us each | connects / CPU-s |\n|---|---|---|\n"
    lines = [
        f"| {name} | {spread(Spread.of(mine))} | {spread(Spread.of([1e6 / one for one in mine]))} |"
        for name, mine in costs.items()
    ]
    return Report(
        f"{PEOPLE} sockets at once, {options.rounds} rounds",
        [Goal("connects / CPU-s, Convene / a handshake of aiohttp's", GOAL_SHARE, Spread.of(shares))],
        head + "\n".join(lines),
    )


def come_as_strangers(port: int) -> Callable[[], Generator]:
    return lambda: Generator(strangers(port, PEOPLE, 1), room_in_path=True, connects_per_s=CONNECTS_PER_S)


def play(
    comers: dict[str, tuple[Server, Callable[[], Generator]]], options: Options, dice: random.Random
) -> dict[str, list[float]]:
    """Server CPU of each socket in microseconds, by server and round."""
    costs: dict[str, list[float]] = {name: [] for name in comers}
    for turn, name in in_turns(comers, options.rounds + 1, dice):
        server, come = comers[name]
        before = cpu_seconds(server.pids)
        with come():
            time.sleep(LATE_S)
            cost_us = 1e6 * (cpu_seconds(server.pids) - before) / PEOPLE
        time.sleep(LEAVING_S)
        if not turn:
            continue  # everybody is new to everything
        costs[name].append(cost_us)
        print(f"round {turn}  {name:<18} {cost_us:.0f} us each", file=sys.stderr, flush=True)
    return costs


if __name__ == "__main__":
    tell(run(read_options(__doc__)))
