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
from tests.end_to_end.polling import LONG_TESTS, wait_until
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.server_process import ServerProcess, ServerStores
from tests.end_to_end.user_api import UserApi, wait_until_equal
from tests.storage.valkey_server import ValkeyServer

FOLLOWERS = 8
ROUNDS = 12 if LONG_TESTS else 4
RECOVERY_TIMEOUT_S = 30.0
StartInstance = Callable[[], Awaitable[ServerProcess]]


@pytest.fixture
def redis() -> Iterator[ValkeyServer]:
    """A server that only this test's instances know."""
    made = ValkeyServer()
    made.start()
    yield made
    made.close()


@pytest.fixture
async def start_instance(
    stores: StoreUrls, fresh_database: FreshDatabase, redis: ValkeyServer, tmp_path: Path
) -> AsyncIterator[StartInstance]:
    """Starts instances on databases of this test's own: nobody else reads what happens there."""
    databases = {service: fresh_database(service) for service in SERVICES}
    backing = ServerStores(msgspec.structs.replace(stores, redis=redis.url), databases)
    started: list[ServerProcess] = []

    async def start_one() -> ServerProcess:
        one = ServerProcess(backing, tmp_path / f"instance-{len(started)}.log")
        started.append(one)
        await one.start()
        return one

    yield start_one
    for one in started:
        one.close()


class FollowerGroup:
    """An author, and those who follow; everybody asks the same instance."""

    def __init__(self, callers: Sequence[UserApi]) -> None:
        self.author, *self.followers = callers
        self.posts: list[str] = []
        self.follower_posts: list[str] = []

    async def run_round(self) -> None:
        """The author posts, and every follower likes it and posts something that the author likes."""
        self.posts.append(await self.author.post(f"post {len(self.posts)}"))
        await asyncio.gather(*(self._like_and_post(one, self.posts[-1]) for one in self.followers))

    async def followers_follow(self) -> None:
        await asyncio.gather(*(one.follow(self.author.id) for one in self.followers))

    async def author_follows_back(self) -> None:
        await asyncio.gather(*(self.author.follow(one.id) for one in self.followers))

    async def assert_consistent(self) -> None:
        """In the end: counts, feeds and notifications say what happened, each of it once."""
        count, rounds = len(self.followers), len(self.posts)
        stats = f"/v1/users/{self.author.id}/stats"
        wanted = {"followers_count": count, "following_count": count, "posts_count": rounds}
        await wait_until_equal(
            lambda: self.author.get(stats), {"user_id": self.author.id, **wanted}, RECOVERY_TIMEOUT_S
        )
        for post_id in self.posts:
            assert (await self.author.get(f"/v1/posts/{post_id}"))["like_count"] == count
        for one in self.followers:
            notices = [
                ("FOLLOW", "Author started following you", 1),
                *[("LIKE", "Author liked your post", 1)] * rounds,
            ]
            await wait_until_equal(one.notifications, notices, RECOVERY_TIMEOUT_S)
            feed = [post for post in await one.feed() if post in self.posts]
            assert feed == self.posts[::-1]
        await wait_until_equal(self._author_notification_counts, [count] * (rounds + 1), RECOVERY_TIMEOUT_S)
        assert sorted(await self.author.feed()) == sorted([*self.posts, *self.follower_posts])

    async def _like_and_post(self, follower: UserApi, post_id: str) -> None:
        await follower.like(post_id)
        self.follower_posts.append(await follower.post("an answer"))
        await self.author.like(self.follower_posts[-1])

    async def _author_notification_counts(self) -> list[int]:
        """How many followed, and how many liked each post."""
        return [count for _, _, count in await self.author.notifications()]


async def register_users(instance: ServerProcess) -> list[RegisteredUser]:
    return [
        await RegisteredUser.register(name, instance)
        for name in ("author", *(f"f{n}" for n in range(FOLLOWERS)))
    ]


async def test_killed_consumer_is_replaced_without_loss(start_instance: StartInstance) -> None:
    """Killed in mid-work: the other instance goes on where it stood; nothing is missing, nothing double."""
    reader = await start_instance()
    people = await register_users(reader)
    survivor = await start_instance()
    heard: list[ServerFrame] = []
    async with (
        AsyncExitStack() as stack,
        Client([survivor.url], people[0].token, on_frame=heard.append),
    ):
        town = FollowerGroup([await stack.enter_async_context(UserApi(one, survivor)) for one in people])
        await town.followers_follow()
        await town.run_round()
        await wait_until(lambda: any(isinstance(one, NotificationCreated) for one in heard))
        assert (await survivor.metrics())[
            'convene_domain_events_handled_total{consumer="notifications.posts"}'
        ] == 0
        life = asyncio.create_task(run_rounds(town))
        await wait_until(lambda: len(town.posts) == ROUNDS // 2)
        reader.signal(signal.SIGKILL)
        assert not life.done()
        await life
        await town.author_follows_back()
        await town.assert_consistent()
        taken = await survivor.metrics()

        assert await reader.wait_for_exit() == -signal.SIGKILL
        assert taken['convene_domain_events_handled_total{consumer="notifications.posts"}'] > 0
        assert not [name for name in taken if "dead_letters" in name and taken[name]]
        known = {one["id"]: one["count"] for one in await town.author.list_all("/v1/notifications")}
        await wait_until(lambda: latest_notification_counts(heard) == known)


def latest_notification_counts(frames: Sequence[ServerFrame]) -> dict[str, int]:
    """What a device shows: of each notification the count that it heard last."""
    told = [frame.notification for frame in frames if isinstance(frame, NotificationCreated)]
    return {one.id: one.count for one in told}


async def run_rounds(group: FollowerGroup) -> None:
    while len(group.posts) < ROUNDS:
        await group.run_round()


async def test_flushed_redis_causes_resync_and_no_loss(
    start_instance: StartInstance, redis: ValkeyServer
) -> None:
    """Devices are told to read anew; feeds and notifications are what they would have been."""
    here, there = await start_instance(), await start_instance()
    people = await register_users(here)
    heard: list[ServerFrame] = []
    async with (
        AsyncExitStack() as stack,
        Client([there.url], people[0].token, on_frame=heard.append),
    ):
        town = FollowerGroup([await stack.enter_async_context(UserApi(one, here)) for one in people])
        await town.followers_follow()
        await town.run_round()
        await wait_until(lambda: any(isinstance(one, NotificationCreated) for one in heard))
        life = asyncio.create_task(run_rounds(town))
        while len(town.posts) < ROUNDS:
            rounds = len(town.posts)
            with redis.client() as client:
                client.flushall()
            await wait_until(lambda: len(town.posts) > rounds)  # noqa: B023 - it is over before the next
        await life
        await wait_until(lambda: any(isinstance(one, Resync) and one.reason == "epoch" for one in heard))
        await town.author_follows_back()
        await town.assert_consistent()
        async with UserApi(people[1], there) as elsewhere:
            assert await elsewhere.feed() == await town.followers[0].feed()
