"""One person's presence changes before the eyes of many: what the server works for it.

`python -m bench.presence`. A thousand clients watch somebody who goes away and comes back, again and again; a
change counts once all have heard of it. That it is encoded once is a test; here is what all of it costs.
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
        return Report("Presence", [], "It has no limit of its own: not measured without Convene.")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        stores = stack.enter_context(BenchStores())
        convene = stack.enter_context(ConveneServer(stores))
        file = prepare_users(WATCHERS + 1, folder / "users.json", stores.environment)
        people = [BenchUser(one.id, one.token) for one in read_users(file)]
        # Whoever shares a conversation with somebody may know how they are.
        UserSetup(convene.url, convene.port).create_rooms(people, len(people))
        costs, waits = asyncio.run(measure_changes(convene, people))
    found = Spread.of([cost * 1000 for cost in costs])
    heard = Spread.of([wait * 1000 for wait in waits])
    return Report(
        f"A presence that {WATCHERS} watch",
        [Goal("server CPU of a change", GOAL_MS, found, " ms", at_most=True)],
        f"{len(costs)} changes; from the command until the last had heard: {format_spread(heard)} ms.",
    )


async def measure_changes(
    convene: ConveneServer, users: Sequence[BenchUser]
) -> tuple[list[float], list[float]]:
    """The CPU and the wall-clock seconds of each change."""
    seen, *watchers = users
    heard = DeliveryCounter()
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        )
        gate = asyncio.Semaphore(CONCURRENCY)

        async def come(person: BenchUser, whom: BenchUser | None = None) -> WebSocket:
            async with gate:
                return await connect_watcher(session, convene.url, person, whom)

        its = await come(seen)
        sockets = await asyncio.gather(*(come(person, seen) for person in watchers))
        listening = [asyncio.create_task(heard.count_changes(socket)) for socket in sockets]
        # What is said of oneself is heard too, and read away.
        listening.append(asyncio.create_task(DeliveryCounter().count_changes(its)))
        costs: list[float] = []
        waits: list[float] = []
        for number in range(CHANGES):
            await asyncio.sleep(PAUSE_S)
            status = "online" if number % 2 else "away"
            cpu_s, began = cpu_seconds(convene.pids), time.monotonic()
            heard.count = 0
            await its.send_str(f'{{"type":"presence.set","id":{number + 3},"status":"{status}"}}')
            await heard.wait_for(len(watchers))
            waits.append(time.monotonic() - began)
            costs.append(cpu_seconds(convene.pids) - cpu_s)
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
    return costs, waits


async def connect_watcher(
    session: aiohttp.ClientSession, url: str, user: BenchUser, watched: BenchUser | None
) -> WebSocket:
    """Past `ready`, and watching."""
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
    """How many have heard of the change that is under way."""

    def __init__(self) -> None:
        self.count = 0

    async def count_changes(self, socket: WebSocket) -> None:
        async for message in socket:
            if CHANGED in message.data:
                self.count += 1

    async def wait_for(self, count: int) -> None:
        """Raises `ServerFailed` when not all hear of it in time."""
        end = time.monotonic() + DELIVERY_TIMEOUT_S
        while self.count < count:
            if time.monotonic() > end:
                raise ServerFailed(f"{self.count} of {count} heard of the change")
            await asyncio.sleep(0.002)


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
