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

from bench.harness.bench_users import UserSetup
from bench.harness.convene_server import ConveneServer
from bench.harness.database_fixture import DatabaseFixture
from bench.harness.generator import CONNECTS_PER_S, Generator
from bench.harness.members import Member, unauthenticated_members
from bench.harness.options import Options, read_options
from bench.harness.process_cpu import cpu_seconds
from bench.harness.report import Goal, Report, format_spread, print_and_exit
from bench.harness.rounds import Spread, interleave
from bench.harness.server import Server, aiohttp_send_server, l0_per_message_server
from bench.harness.stores import BenchStores

USERS = 400
ROOM_MEMBERS = 20
CONVERSATIONS = 5
SETTLE_S = 0.5
DISCONNECT_S = 1.0
GOAL_SHARE = 0.7


def run(options: Options) -> Report:
    if options.baselines_only:
        return Report("Connects", [], "Not measured without Convene.")
    with ExitStack() as stack:
        stores = stack.enter_context(BenchStores())
        convene = stack.enter_context(ConveneServer(stores))
        population = DatabaseFixture(stores.postgres_url, options.seed)
        people = population.insert_users(USERS)
        population.vacuum()
        dice = random.Random(options.seed)
        made = UserSetup(convene.url, convene.port)
        for _ in range(CONVERSATIONS):
            made.create_rooms(dice.sample(people, len(people)), ROOM_MEMBERS)
        members = [Member("-", convene.port, person.token) for person in people]
        limits = [stack.enter_context(limit()) for limit in (aiohttp_send_server, l0_per_message_server)]
        comers: dict[str, tuple[Server, Callable[[], Generator]]] = {
            convene.name: (convene, lambda: Generator(members, connects_per_s=CONNECTS_PER_S))
        }
        for limit in limits:
            comers[limit.name] = (limit, connect_unauthenticated(limit.port))
        costs = measure_connects(comers, options, dice)
    bare = costs[limits[0].name]
    shares = [theirs / mine for mine, theirs in zip(costs[convene.name], bare, strict=True)]
    head = "| server | server CPU us each | connects / CPU-s |\n|---|---|---|\n"
    lines = [
        f"| {name} | {format_spread(Spread.of(mine))} "
        f"| {format_spread(Spread.of([1e6 / one for one in mine]))} |"
        for name, mine in costs.items()
    ]
    return Report(
        f"{USERS} sockets at once, {options.rounds} rounds",
        [Goal("connects / CPU-s, Convene / a handshake of aiohttp's", GOAL_SHARE, Spread.of(shares))],
        head + "\n".join(lines),
    )


def connect_unauthenticated(port: int) -> Callable[[], Generator]:
    return lambda: Generator(
        unauthenticated_members(port, USERS, 1), room_in_path=True, connects_per_s=CONNECTS_PER_S
    )


def measure_connects(
    servers: dict[str, tuple[Server, Callable[[], Generator]]], options: Options, rng: random.Random
) -> dict[str, list[float]]:
    """Server CPU of each socket in microseconds, by server and round."""
    costs: dict[str, list[float]] = {name: [] for name in servers}
    for turn, name in interleave(servers, options.rounds + 1, rng):
        server, come = servers[name]
        before = cpu_seconds(server.pids)
        with come():
            time.sleep(SETTLE_S)
            cost_us = 1e6 * (cpu_seconds(server.pids) - before) / USERS
        time.sleep(DISCONNECT_S)
        if not turn:
            continue  # everybody is new to everything
        costs[name].append(cost_us)
        print(f"round {turn}  {name:<18} {cost_us:.0f} us each", file=sys.stderr, flush=True)
    return costs


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
