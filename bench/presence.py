"""Server CPU of a presence change that 1000 clients watch.

`python -m bench.presence`. One user alternates between `away` and `online`. A change is complete when every
watcher has received it.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import aiohttp

from bench.harness.bench_users import BenchUser, UserSetup
from bench.harness.convene_server import ConveneServer
from bench.harness.load_tester import prepare_users
from bench.harness.options import Options, read_options
from bench.harness.process_cpu import cpu_seconds
from bench.harness.report import Goal, Report, format_spread, print_and_exit
from bench.harness.rounds import Spread
from bench.harness.server import ServerFailed
from bench.harness.stores import BenchStores
from loadtest.accounts.users_file import read_users

WATCHERS = 1000
CHANGES = 20
CONCURRENCY = 50
DELIVERY_TIMEOUT_S = 15.0
PAUSE_S = 1.0
GOAL_MS = 5.0
WebSocket: TypeAlias = "aiohttp.ClientWebSocketResponse[bool]"
CHANGED = '"type":"presence.changed"'


def run(options: Options) -> Report:
    if options.baselines_only:
        return Report("Presence", [], "Not measured without Convene: there is no baseline.")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        stores = stack.enter_context(BenchStores())
        convene = stack.enter_context(ConveneServer(stores))
        file = prepare_users(WATCHERS + 1, folder / "users.json", stores.environment)
        users = [BenchUser(user.id, user.token) for user in read_users(file)]
        # Members of a conversation may see each other's presence.
        UserSetup(convene.url, convene.port).create_rooms(users, len(users))
        costs_s, latencies_s = asyncio.run(measure_changes(convene, users))
    cost_ms = Spread.of([1000 * cost_s for cost_s in costs_s])
    latency_ms = Spread.of([1000 * latency_s for latency_s in latencies_s])
    return Report(
        f"A presence change with {WATCHERS} watchers",
        [Goal("server CPU of a change", GOAL_MS, cost_ms, " ms", at_most=True)],
        f"{len(costs_s)} changes; from the command to the last delivery: {format_spread(latency_ms)} ms.",
    )


async def measure_changes(
    convene: ConveneServer, users: Sequence[BenchUser]
) -> tuple[list[float], list[float]]:
    """Return the CPU seconds and the wall-clock seconds of each change."""
    watched, *watchers = users
    deliveries = DeliveryCounter()
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        )
        semaphore = asyncio.Semaphore(CONCURRENCY)

        async def connect_one(user: BenchUser, watched_user: BenchUser | None = None) -> WebSocket:
            async with semaphore:
                return await connect_watcher(session, convene.url, user, watched_user)

        watched_socket = await connect_one(watched)
        sockets = await asyncio.gather(*(connect_one(user, watched) for user in watchers))
        readers = [asyncio.create_task(deliveries.count_changes(socket)) for socket in sockets]
        # The watched user receives its own changes too; they are read and not counted.
        readers.append(asyncio.create_task(DeliveryCounter().count_changes(watched_socket)))
        costs_s: list[float] = []
        latencies_s: list[float] = []
        for number in range(CHANGES):
            await asyncio.sleep(PAUSE_S)
            status = "online" if number % 2 else "away"
            cpu_s, started_at = cpu_seconds(convene.pids), time.monotonic()
            deliveries.count = 0
            await watched_socket.send_str(f'{{"type":"presence.set","id":{number + 3},"status":"{status}"}}')
            await deliveries.wait_for(len(watchers))
            latencies_s.append(time.monotonic() - started_at)
            costs_s.append(cpu_seconds(convene.pids) - cpu_s)
        for task in readers:
            task.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
    return costs_s, latencies_s


async def connect_watcher(
    session: aiohttp.ClientSession, url: str, user: BenchUser, watched: BenchUser | None
) -> WebSocket:
    """Connect, wait for `ready` and subscribe to the presence of `watched`."""
    socket = await session.ws_connect(f"{url}/v1/ws", compress=0)
    await socket.send_str(f'{{"type":"authenticate","id":1,"token":"{user.token}"}}')
    while '"type":"ready"' not in await socket.receive_str(timeout=DELIVERY_TIMEOUT_S):
        pass
    if watched is not None:
        await socket.send_str(f'{{"type":"presence.watch","id":2,"user_ids":["{watched.id}"]}}')
        while '"presences":[{' not in await socket.receive_str(timeout=DELIVERY_TIMEOUT_S):
            pass
    return socket


class DeliveryCounter:
    """Counts deliveries of the current change."""

    def __init__(self) -> None:
        self.count = 0

    async def count_changes(self, socket: WebSocket) -> None:
        async for message in socket:
            if CHANGED in message.data:
                self.count += 1

    async def wait_for(self, count: int) -> None:
        """Wait for `count` deliveries.

        Raises:
            ServerFailed: they did not arrive within `DELIVERY_TIMEOUT_S`.
        """
        deadline = time.monotonic() + DELIVERY_TIMEOUT_S
        while self.count < count:
            if time.monotonic() > deadline:
                raise ServerFailed(f"only {self.count} of {count} watchers received the change")
            await asyncio.sleep(0.002)


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
