"""Cost of a new socket up to `ready`, compared with a bare aiohttp handshake.

`python -m bench.connects`. The same users connect repeatedly, as after a network loss: their tokens are
cached, and each is a member of five conversations. The baselines do not authenticate. Work that a server does
within half a second after the last connect is included; disconnecting is not.
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
GOAL_SHARE = 0.45


def run(options: Options) -> Report:
    if options.baselines_only:
        return Report("Connects", [], "Not measured without Convene.")
    with ExitStack() as stack:
        stores = stack.enter_context(BenchStores())
        convene = stack.enter_context(ConveneServer(stores))
        fixture = DatabaseFixture(stores.postgres_url, options.seed)
        users = fixture.insert_users(USERS)
        fixture.vacuum()
        rng = random.Random(options.seed)
        setup = UserSetup(convene.url, convene.port)
        for _ in range(CONVERSATIONS):
            setup.create_rooms(rng.sample(users, len(users)), ROOM_MEMBERS)
        members = [Member("-", convene.port, user.token) for user in users]
        baselines = [stack.enter_context(start()) for start in (aiohttp_send_server, l0_per_message_server)]
        servers: dict[str, tuple[Server, Callable[[], Generator]]] = {
            convene.name: (convene, lambda: Generator(members, connects_per_s=CONNECTS_PER_S))
        }
        for baseline in baselines:
            servers[baseline.name] = (baseline, connect_unauthenticated(baseline.port))
        costs_us = measure_connects(servers, options, rng)
    aiohttp_us = costs_us[baselines[0].name]
    shares = [baseline / cost for cost, baseline in zip(costs_us[convene.name], aiohttp_us, strict=True)]
    head = "| server | server CPU us each | connects / CPU-s |\n|---|---|---|\n"
    lines = [
        f"| {name} | {format_spread(Spread.of(server_us))} "
        f"| {format_spread(Spread.of([1e6 / cost_us for cost_us in server_us]))} |"
        for name, server_us in costs_us.items()
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
    """Return the server CPU time per socket in microseconds, by server and round."""
    costs: dict[str, list[float]] = {name: [] for name in servers}
    for number, name in interleave(servers, options.rounds + 1, rng):
        server, connect = servers[name]
        before_s = cpu_seconds(server.pids)
        with connect():
            time.sleep(SETTLE_S)
            cost_us = 1e6 * (cpu_seconds(server.pids) - before_s) / USERS
        time.sleep(DISCONNECT_S)
        if number == 0:
            continue  # warm-up: all caches are cold
        costs[name].append(cost_us)
        print(f"round {number}  {name:<18} {cost_us:.0f} us each", file=sys.stderr, flush=True)
    return costs


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
