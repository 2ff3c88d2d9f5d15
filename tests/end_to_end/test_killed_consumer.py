"""The instance that consumes domain events is killed, or Redis is flushed, under load."""

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
from storage.postgres.roles import SERVICES
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
    """A Redis server used only by this test's instances."""
    server = ValkeyServer()
    server.start()
    yield server
    server.close()


@pytest.fixture
async def start_instance(
    stores: StoreUrls, fresh_database: FreshDatabase, redis: ValkeyServer, tmp_path: Path
) -> AsyncIterator[StartInstance]:
    """Return a function that starts instances on databases that no other test's instances consume."""
    databases = {service: fresh_database(service) for service in SERVICES}
    server_stores = ServerStores(msgspec.structs.replace(stores, redis=redis.url), databases)
    started: list[ServerProcess] = []

    async def start_one() -> ServerProcess:
        instance = ServerProcess(server_stores, tmp_path / f"instance-{len(started)}.log")
        started.append(instance)
        await instance.start()
        return instance

    yield start_one
    for instance in started:
        instance.close()


class FollowerGroup:
    """An author and followers who use the same instance."""

    def __init__(self, callers: Sequence[UserApi]) -> None:
        self.author, *self.followers = callers
        self.posts: list[str] = []
        self.follower_posts: list[str] = []

    async def run_round(self) -> None:
        """The author posts; every follower likes the post and writes one that the author likes."""
        self.posts.append(await self.author.post(f"post {len(self.posts)}"))
        await asyncio.gather(*(self._like_and_post(follower, self.posts[-1]) for follower in self.followers))

    async def followers_follow(self) -> None:
        await asyncio.gather(*(follower.follow(self.author.id) for follower in self.followers))

    async def author_follows_back(self) -> None:
        await asyncio.gather(*(self.author.follow(follower.id) for follower in self.followers))

    async def assert_consistent(self) -> None:
        """Check that counts, feeds and notifications finally reflect every action exactly once."""
        count, rounds = len(self.followers), len(self.posts)
        stats = f"/v1/users/{self.author.id}/stats"
        expected_stats = {"followers_count": count, "following_count": count, "posts_count": rounds}
        await wait_until_equal(
            lambda: self.author.get(stats), {"user_id": self.author.id, **expected_stats}, RECOVERY_TIMEOUT_S
        )
        for post_id in self.posts:
            assert (await self.author.get(f"/v1/posts/{post_id}"))["like_count"] == count
        for follower in self.followers:
            notifications = [
                ("FOLLOW", "Author started following you", 1),
                *[("LIKE", "Author liked your post", 1)] * rounds,
            ]
            await wait_until_equal(follower.notifications, notifications, RECOVERY_TIMEOUT_S)
            feed = [post for post in await follower.feed() if post in self.posts]
            assert feed == self.posts[::-1]
        await wait_until_equal(self._author_notification_counts, [count] * (rounds + 1), RECOVERY_TIMEOUT_S)
        assert sorted(await self.author.feed()) == sorted([*self.posts, *self.follower_posts])

    async def _like_and_post(self, follower: UserApi, post_id: str) -> None:
        await follower.like(post_id)
        self.follower_posts.append(await follower.post("an answer"))
        await self.author.like(self.follower_posts[-1])

    async def _author_notification_counts(self) -> list[int]:
        """Return the counts of the author's notifications: followers, and likes per post."""
        return [count for _, _, count in await self.author.notifications()]


async def register_users(instance: ServerProcess) -> list[RegisteredUser]:
    return [
        await RegisteredUser.register(name, instance)
        for name in ("author", *(f"f{n}" for n in range(FOLLOWERS)))
    ]


async def test_killed_consumer_is_replaced_without_loss(start_instance: StartInstance) -> None:
    """When the consuming instance is killed, the other continues from its cursor without loss or repeats."""
    consumer = await start_instance()
    users = await register_users(consumer)
    survivor = await start_instance()
    frames: list[ServerFrame] = []
    async with (
        AsyncExitStack() as stack,
        Client([survivor.url], users[0].token, on_frame=frames.append),
    ):
        group = FollowerGroup([await stack.enter_async_context(UserApi(user, survivor)) for user in users])
        await group.followers_follow()
        await group.run_round()
        await wait_until(lambda: any(isinstance(frame, NotificationCreated) for frame in frames))
        assert (await survivor.metrics())[
            'convene_domain_events_handled_total{consumer="notifications.posts"}'
        ] == 0
        activity = asyncio.create_task(run_rounds(group))
        await wait_until(lambda: len(group.posts) == ROUNDS // 2)
        consumer.signal(signal.SIGKILL)
        assert not activity.done()
        await activity
        await group.author_follows_back()
        await group.assert_consistent()
        metrics = await survivor.metrics()

        assert await consumer.wait_for_exit() == -signal.SIGKILL
        assert metrics['convene_domain_events_handled_total{consumer="notifications.posts"}'] > 0
        assert not [name for name in metrics if "dead_letters" in name and metrics[name]]
        counts = {item["id"]: item["count"] for item in await group.author.list_all("/v1/notifications")}
        await wait_until(lambda: latest_notification_counts(frames) == counts)


def latest_notification_counts(frames: Sequence[ServerFrame]) -> dict[str, int]:
    """Return the last received count of each notification."""
    notifications = [frame.notification for frame in frames if isinstance(frame, NotificationCreated)]
    return {notification.id: notification.count for notification in notifications}


async def run_rounds(group: FollowerGroup) -> None:
    while len(group.posts) < ROUNDS:
        await group.run_round()


async def test_flushed_redis_causes_resync_and_no_loss(
    start_instance: StartInstance, redis: ValkeyServer
) -> None:
    """After FLUSHALL devices receive `resync`; feeds and notifications are complete."""
    first_instance, second_instance = await start_instance(), await start_instance()
    users = await register_users(first_instance)
    frames: list[ServerFrame] = []
    async with (
        AsyncExitStack() as stack,
        Client([second_instance.url], users[0].token, on_frame=frames.append),
    ):
        group = FollowerGroup(
            [await stack.enter_async_context(UserApi(user, first_instance)) for user in users]
        )
        await group.followers_follow()
        await group.run_round()
        await wait_until(lambda: any(isinstance(frame, NotificationCreated) for frame in frames))
        activity = asyncio.create_task(run_rounds(group))
        while len(group.posts) < ROUNDS:
            rounds = len(group.posts)
            with redis.client() as client:
                client.flushall()
            await wait_until(lambda: len(group.posts) > rounds)  # noqa: B023 - called only in this iteration
        await activity
        await wait_until(
            lambda: any(isinstance(frame, Resync) and frame.reason == "epoch" for frame in frames)
        )
        await group.author_follows_back()
        await group.assert_consistent()
        async with UserApi(users[1], second_instance) as second_api:
            assert await second_api.feed() == await group.followers[0].feed()
