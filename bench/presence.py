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

from bench.harness.convene import Convene
from bench.harness.options import Options, read_options
from bench.harness.people import People, Person
from bench.harness.processor import cpu_seconds
from bench.harness.report import Goal, Report, spread, tell
from bench.harness.rounds import Spread
from bench.harness.server import ServerFailed
from bench.harness.stores import Stores
from bench.harness.tester import prepare
from loadtest.people.users_file import read_users

WATCHERS = 1000
CHANGES = 20
AT_ONCE = 50
HEARD_S = 15.0
REST_S = 1.0
GOAL_MS = 5.0
Connected: TypeAlias = "aiohttp.ClientWebSocketResponse[bool]"
CHANGED = '"type":"presence.changed"'


def run(options: Options) -> Report:
    if options.limits_only:
        return Report("Presence", [], "It has no limit of its own: not measured without Convene.")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        stores = stack.enter_context(Stores())
        convene = stack.enter_context(Convene(stores))
        file = prepare(WATCHERS + 1, folder / "users.json", stores.variables)
        people = [Person(one.id, one.token) for one in read_users(file)]
        # Whoever shares a conversation with somebody may know how they are.
        People(convene.url, convene.port).rooms(people, len(people))
        costs, waits = asyncio.run(watch(convene, people))
    found = Spread.of([cost * 1000 for cost in costs])
    heard = Spread.of([wait * 1000 for wait in waits])
    return Report(
        f"A presence that {WATCHERS} watch",
        [Goal("server CPU of a change", GOAL_MS, found, " ms", at_most=True)],
        f"{len(costs)} changes; from the command until the last had heard: {spread(heard)} ms.",
    )


async def watch(convene: Convene, people: Sequence[Person]) -> tuple[list[float], list[float]]:
    """The CPU and the wall-clock seconds of each change."""
    seen, *watchers = people
    heard = Heard()
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        )
        gate = asyncio.Semaphore(AT_ONCE)

        async def come(person: Person, whom: Person | None = None) -> Connected:
            async with gate:
                return await connect(session, convene.url, person, whom)

        its = await come(seen)
        sockets = await asyncio.gather(*(come(person, seen) for person in watchers))
        listening = [asyncio.create_task(heard.listen(socket)) for socket in sockets]
        # What is said of oneself is heard too, and read away.
        listening.append(asyncio.create_task(Heard().listen(its)))
        costs: list[float] = []
        waits: list[float] = []
        for number in range(CHANGES):
            await asyncio.sleep(REST_S)
            status = "online" if number % 2 else "away"
            cpu_s, began = cpu_seconds(convene.pids), time.monotonic()
            heard.count = 0
            await its.send_str(f'{{"type":"presence.set","id":{number + 3},"status":"{status}"}}')
            await heard.by(len(watchers))
            waits.append(time.monotonic() - began)
            costs.append(cpu_seconds(convene.pids) - cpu_s)
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
    return costs, waits


async def connect(session: aiohttp.ClientSession, url: str, person: Person, whom: Person | None) -> Connected:
    """Past `ready`, and watching."""
    socket = await session.ws_connect(f"{url}/v1/ws", compress=0)
    await socket.send_str(f'{{"type":"authenticate","id":1,"token":"{person.token}"}}')
    while '"type":"ready"' not in await socket.receive_str(timeout=HEARD_S):
        pass
    if whom is not None:
        await socket.send_str(f'{{"type":"presence.watch","id":2,"user_ids":["{whom.id}"]}}')
        while '"presences":[{' not in await socket.receive_str(timeout=HEARD_S):
            pass
    return socket


class Heard:
    """How many have heard of the change that is under way."""

    def __init__(self) -> None:
        self.count = 0

    async def listen(self, socket: Connected) -> None:
        async for message in socket:
            if CHANGED in message.data:
                self.count += 1

    async def by(self, wanted: int) -> None:
        """Raises `ServerFailed` when not all hear of it in time."""
        end = time.monotonic() + HEARD_S
        while self.count < wanted:
            if time.monotonic() > end:
                raise ServerFailed(f"{self.count} of {wanted} heard of the change")
            await asyncio.sleep(0.002)


if __name__ == "__main__":
    tell(run(read_options(__doc__)))
