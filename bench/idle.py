"""Cost of idle connections: user memory and heartbeat CPU.

`python -m bench.idle`. Measures the growth of the resident set over several batches of connections, all held
open until the end, after a first batch as warm-up; then the CPU time of two heartbeats of all connections. On
Convene each connection is authenticated and its user is a member of one conversation of ten. No messages are
sent; kernel memory is not counted.
"""

import itertools
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from bench.harness.bench_users import BenchUser, UserSetup
from bench.harness.convene_server import ConveneServer
from bench.harness.generator import CONNECTS_PER_S, Generator
from bench.harness.load_tester import prepare_users
from bench.harness.members import Member
from bench.harness.options import Options, read_options
from bench.harness.process_cpu import cpu_seconds, resident_bytes
from bench.harness.report import Goal, Report, format_number, format_spread, print_and_exit
from bench.harness.rounds import Spread
from bench.harness.server import Server, aiohttp_send_server, l0_per_message_server
from bench.harness.stores import BenchStores
from loadtest.accounts.users_file import read_users

BATCHES = 5
ROOM_MEMBERS = 10
GOAL_BYTES = 4 * 1024
GOAL_PERCENT = 2.0
HEARTBEATS_S = 50.0
UNAUTHENTICATED_CONNECTS_PER_S = 2000.0
SETTLE_S = 10.0


class IdleCost(msgspec.Struct, frozen=True):
    memory: Spread
    percent: Spread


def run(options: Options) -> Report:
    rows: list[str] = []
    goals: list[Goal] = []
    if not options.baselines_only:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory()))
            stores = stack.enter_context(BenchStores())
            convene = stack.enter_context(ConveneServer(stores))
            file = prepare_users(options.idle_connections, folder / "users.json", stores.environment)
            users = [BenchUser(user.id, user.token) for user in read_users(file)]
            members = UserSetup(convene.url, convene.port).create_rooms(users, ROOM_MEMBERS)
            cost = measure_growth(convene, members, CONNECTS_PER_S, rows)
            goals.append(
                Goal("an idle authenticated connection", GOAL_BYTES, cost.memory, " B", at_most=True)
            )
            goals.append(Goal("all of them, of one core", GOAL_PERCENT, cost.percent, " %", at_most=True))
    for start_baseline in (l0_per_message_server, aiohttp_send_server):
        with start_baseline() as server:
            members = [Member("-", server.port) for _ in range(options.idle_connections)]
            measure_growth(server, members, UNAUTHENTICATED_CONNECTS_PER_S, rows)
    head = "| server | user bytes each: all [min..max batch] | connects / server CPU-s | % of a core |\n"
    head += "|---|---|---|---|\n"
    return Report(f"{options.idle_connections} idle connections", goals, head + "\n".join(rows))


def measure_growth(
    server: Server, members: Sequence[Member], connects_per_s: float, rows: list[str]
) -> IdleCost:
    """Connect in batches; return the growth per connection over all, with the smallest and largest batch."""
    warm_up = len(members) // 10
    batch = (len(members) - warm_up) // BATCHES
    bounds = [0, *(warm_up + batch * number for number in range(BATCHES + 1))]
    sizes: list[int] = []
    cpu_s: list[float] = []
    with ExitStack() as stack:
        for start, end in itertools.pairwise(bounds):
            before_s = cpu_seconds(server.pids)
            stack.enter_context(
                Generator(
                    members[start:end], room_in_path=members[0].token is None, connects_per_s=connects_per_s
                )
            )
            cpu_s.append(cpu_seconds(server.pids) - before_s)
            sizes.append(settled_resident_bytes(server.pids))
        busy = [heartbeat_cpu_percent(server.pids) for _ in range(2)] if members[0].token is not None else []
    growth = [(after - before) / batch for before, after in itertools.pairwise(sizes)]
    memory = Spread((sizes[-1] - sizes[0]) / (batch * BATCHES), min(growth), max(growth))
    percent = Spread(sum(busy) / 2, min(busy), max(busy)) if busy else None
    rows.append(
        f"| {server.name} | {format_spread(memory)} | {format_number(batch * BATCHES / sum(cpu_s[1:]))}"
        f" | {format_spread(percent) if percent else '-'} |"
    )
    return IdleCost(memory, percent or Spread(0.0, 0.0, 0.0))


def heartbeat_cpu_percent(pids: Sequence[int]) -> float:
    """Return the CPU use in percent of a core over one heartbeat of every connection."""
    before = cpu_seconds(pids)
    time.sleep(HEARTBEATS_S / 2)
    return (cpu_seconds(pids) - before) / (HEARTBEATS_S / 2) * 100


def settled_resident_bytes(pids: Sequence[int]) -> int:
    """Wait until the resident set stops changing, at most `SETTLE_S`, and return its size."""
    deadline = time.monotonic() + SETTLE_S
    size = sum(map(resident_bytes, pids))
    while time.monotonic() < deadline:
        time.sleep(0.5)
        before, size = size, sum(map(resident_bytes, pids))
        if before == size:
            break
    return size


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
