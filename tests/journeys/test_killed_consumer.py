"""The instance that reads what services tell each other dies, or Redis is emptied, in the middle of it."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest

from actors.protocol.server_frames import NotificationCreated, Resync, ServerFrame
from client.client import Client
from storage.embedded import StoreUrls
from storage.stores import SERVICES
from tests.conftest import FreshDatabase
from tests.journeys.caller import Caller, becomes
from tests.journeys.instance import Backing, Instance
from tests.journeys.patience import LONG, eventually
from tests.journeys.person import Person
from tests.storage.valkey_server import ValkeyServer

FOLLOWERS = 8
ROUNDS = 12 if LONG else 4
GOES_ON_S = 30.0
Start = Callable[[], Awaitable[Instance]]


@pytest.fixture
def redis() -> Iterator[ValkeyServer]:
    """A server that only this test's instances know."""
    made = ValkeyServer()
    made.start()
    yield made
    made.close()


@pytest.fixture
async def start(
    stores: StoreUrls, fresh_database: FreshDatabase, redis: ValkeyServer, tmp_path: Path
) -> AsyncIterator[Start]:
    """Starts instances on databases of this test's own: nobody else reads what happens there."""
    databases = {service: fresh_database(service) for service in SERVICES}
    backing = Backing(msgspec.structs.replace(stores, redis=redis.url), databases)
    started: list[Instance] = []

    async def another() -> Instance:
        one = Instance(backing, tmp_path / f"instance-{len(started)}.log")
        started.append(one)
        await one.start()
        return one

    yield another
    for one in started:
        one.close()


class Town:
    """An author, and those who follow; everybody asks the same instance."""

    def __init__(self, callers: Sequence[Caller]) -> None:
        self.author, *self.followers = callers
        self.posts: list[str] = []
        self.answered: list[str] = []

    async def some_life(self) -> None:
        """The author posts, and every follower likes it and posts something that the author likes."""
        self.posts.append(await self.author.post(f"post {len(self.posts)}"))
        await asyncio.gather(*(self._answer(one, self.posts[-1]) for one in self.followers))

    async def begins(self) -> None:
        await asyncio.gather(*(one.follow(self.author.id) for one in self.followers))

    async def ends(self) -> None:
        await asyncio.gather(*(self.author.follow(one.id) for one in self.followers))

    async def is_right(self) -> None:
        """In the end: counts, feeds and notifications say what happened, each of it once."""
        count, rounds = len(self.followers), len(self.posts)
        stats = f"/v1/users/{self.author.id}/stats"
        wanted = {"followers_count": count, "following_count": count, "posts_count": rounds}
        await becomes(lambda: self.author.get(stats), {"user_id": self.author.id, **wanted}, GOES_ON_S)
        for post_id in self.posts:
            assert (await self.author.get(f"/v1/posts/{post_id}"))["like_count"] == count
        for one in self.followers:
            notices = [("FOLLOW", "Author follows you", 1), *[("LIKE", "Author liked your post", 1)] * rounds]
            await becomes(one.notifications, notices, GOES_ON_S)
            feed = [post for post in await one.feed() if post in self.posts]
            assert feed == self.posts[::-1]
        await becomes(self._counts_of_the_author, [count] * (rounds + 1), GOES_ON_S)
        assert sorted(await self.author.feed()) == sorted([*self.posts, *self.answered])

    async def _answer(self, follower: Caller, post_id: str) -> None:
        await follower.like(post_id)
        self.answered.append(await follower.post("an answer"))
        await self.author.like(self.answered[-1])

    async def _counts_of_the_author(self) -> list[int]:
        """How many followed, and how many liked each post."""
        return [count for _, _, count in await self.author.notifications()]


async def registered(at: Instance) -> list[Person]:
    return [await Person.register(name, at) for name in ("author", *(f"f{n}" for n in range(FOLLOWERS)))]


async def test_a_killed_reader_is_taken_over(start: Start) -> None:
    """Killed in mid-work: the other instance goes on where it stood; nothing is missing, nothing double."""
    reader = await start()
    people = await registered(reader)
    survivor = await start()
    heard: list[ServerFrame] = []
    async with (
        AsyncExitStack() as stack,
        Client([survivor.url], people[0].token, on_frame=heard.append),
    ):
        town = Town([await stack.enter_async_context(Caller(one, survivor)) for one in people])
        await town.begins()
        await town.some_life()
        await eventually(lambda: any(isinstance(one, NotificationCreated) for one in heard))
        assert (await survivor.metrics())[
            'convene_domain_events_handled_total{consumer="notifications.posts"}'
        ] == 0
        life = asyncio.create_task(go_on(town))
        await eventually(lambda: len(town.posts) == ROUNDS // 2)
        reader.signal(signal.SIGKILL)
        assert not life.done()
        await life
        await town.ends()
        await town.is_right()
        taken = await survivor.metrics()

        assert await reader.ended() == -signal.SIGKILL
        assert taken['convene_domain_events_handled_total{consumer="notifications.posts"}'] > 0
        assert not [name for name in taken if "dead_letters" in name and taken[name]]
        known = {one["id"]: one["count"] for one in await town.author.items("/v1/notifications")}
        await eventually(lambda: latest(heard) == known)


def latest(frames: Sequence[ServerFrame]) -> dict[str, int]:
    """What a device shows: of each notification the count that it heard last."""
    told = [frame.notification for frame in frames if isinstance(frame, NotificationCreated)]
    return {one.id: one.count for one in told}


async def go_on(town: Town) -> None:
    while len(town.posts) < ROUNDS:
        await town.some_life()


async def test_an_emptied_redis_is_noticed_and_loses_nothing(start: Start, redis: ValkeyServer) -> None:
    """Devices are told to read anew; feeds and notifications are what they would have been."""
    here, there = await start(), await start()
    people = await registered(here)
    heard: list[ServerFrame] = []
    async with (
        AsyncExitStack() as stack,
        Client([there.url], people[0].token, on_frame=heard.append),
    ):
        town = Town([await stack.enter_async_context(Caller(one, here)) for one in people])
        await town.begins()
        await town.some_life()
        await eventually(lambda: any(isinstance(one, NotificationCreated) for one in heard))
        life = asyncio.create_task(go_on(town))
        while len(town.posts) < ROUNDS:
            rounds = len(town.posts)
            with redis.client() as client:
                client.flushall()
            await eventually(lambda: len(town.posts) > rounds)  # noqa: B023 - it is over before the next
        await life
        await eventually(lambda: any(isinstance(one, Resync) and one.reason == "epoch" for one in heard))
        await town.ends()
        await town.is_right()
        async with Caller(people[1], there) as elsewhere:
            assert await elsewhere.feed() == await town.followers[0].feed()
