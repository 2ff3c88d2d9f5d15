"""Post subscriptions: sessions receive the counts of the posts that they watch and see."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec
import pytest

from actors.posts import post_subscriptions
from actors.posts.post_subscriptions import PostSubscriptions
from actors.protocol.server_frames import PostCountsChanged
from actors.protocol.social_objects import PostCounts
from actors.runtime.timer_wheel import TimerWheel
from storage.errors import Unavailable
from storage.memory.bus import MemoryBroker, MemoryBus
from tests.until import until

SNOW, RAIN = "snow", "rain"


class RecordingWatcher:
    """A `Watcher` that records the like counts it receives."""

    def __init__(self, user_id: str = "ana") -> None:
        self.user_id = user_id
        self.likes: list[dict[str, int]] = []
        self.frames: list[bytes] = []

    def push_ephemeral(self, framed: bytes) -> None:
        self.frames.append(framed)
        frame = msgspec.json.decode(framed, type=PostCountsChanged)
        self.likes.append({counts.post_id: counts.like_count for counts in frame.posts})


class PostSetup:
    """Posts with their likes. `hidden` are (viewer, post) pairs that do not exist for the viewer."""

    def __init__(self) -> None:
        self.likes = {SNOW: 0, RAIN: 0}
        self.hidden: set[tuple[str, str]] = set()
        self.reads: list[int] = []
        self.failures = 0
        self.blocked_reads: asyncio.Event | None = None
        self.wheel = TimerWheel(asyncio.get_running_loop(), 0.01)
        self.bus = MemoryBus(MemoryBroker())
        self.subscriptions = PostSubscriptions(self.bus, self.wheel, self.load_counts, bytes)
        self.bus.set_message_callback(lambda topic, _: self.subscriptions.mark_changed(topic[2:]))

    async def load_counts(self, pairs: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], PostCounts]:
        self.reads.append(len(pairs))
        if self.blocked_reads is not None:
            await self.blocked_reads.wait()
        if self.failures > 0:
            self.failures -= 1
            raise Unavailable("made unavailable by the test")
        return {
            pair: PostCounts(pair[1], self.likes[pair[1]], 0, 0) for pair in pairs if pair not in self.hidden
        }

    def like(self, post_id: str) -> None:
        self.likes[post_id] += 1
        self.subscriptions.publish_changed(post_id)


@pytest.fixture
async def posts(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PostSetup]:
    monkeypatch.setattr(post_subscriptions, "COALESCE_DELAY_S", 0.02)
    monkeypatch.setattr(post_subscriptions, "RETRY_DELAY_S", 0.02)
    setup = PostSetup()
    yield setup
    await setup.subscriptions.close()
    setup.wheel.close()


async def test_watch_returns_counts_then_pushes_changes(posts: PostSetup) -> None:
    """Changes within the delay are one frame, encoded once for those who watch the same posts."""
    first, second, other = RecordingWatcher(), RecordingWatcher("ben"), RecordingWatcher("cyd")
    assert await posts.subscriptions.watch(first, [SNOW, RAIN, SNOW]) == [
        PostCounts(SNOW, 0, 0, 0),
        PostCounts(RAIN, 0, 0, 0),
    ]
    await posts.subscriptions.watch(second, [SNOW, RAIN])
    await posts.subscriptions.watch(other, [RAIN])
    posts.like(SNOW)
    posts.like(SNOW)
    posts.like(RAIN)
    await until(lambda: first.likes and second.likes and other.likes)
    assert (first.likes, other.likes) == ([{SNOW: 2, RAIN: 1}], [{RAIN: 1}])
    assert first.frames[0] is second.frames[0]


async def test_counts_go_only_to_users_who_see_the_post_at_that_time(posts: PostSetup) -> None:
    """A post that is hidden from a user after the watch is no longer reported."""
    ana, ben = RecordingWatcher("ana"), RecordingWatcher("ben")
    posts.hidden.add(("ben", RAIN))
    await posts.subscriptions.watch(ana, [SNOW, RAIN])
    assert await posts.subscriptions.watch(ben, [SNOW, RAIN]) == [PostCounts(SNOW, 0, 0, 0)]
    posts.hidden.add(("ben", SNOW))
    posts.like(SNOW)
    posts.like(RAIN)
    await until(lambda: ana.likes)
    assert ben.likes == []


async def test_list_is_replaced_and_ends(posts: PostSetup) -> None:
    """Without a watcher the instance leaves the topic of a post."""
    watcher = RecordingWatcher()
    await posts.subscriptions.watch(watcher, [SNOW])
    await posts.subscriptions.watch(watcher, [RAIN])
    posts.like(SNOW)
    posts.like(RAIN)
    await until(lambda: watcher.likes)
    assert watcher.likes == [{RAIN: 1}]
    posts.subscriptions.unwatch(watcher)
    assert posts.bus.statistics().topics == 0
    posts.subscriptions.unwatch(watcher)


async def test_one_read_at_a_time(posts: PostSetup) -> None:
    """Changes during a read are pushed by the next one."""
    watcher = RecordingWatcher()
    await posts.subscriptions.watch(watcher, [SNOW])
    posts.blocked_reads = asyncio.Event()
    posts.like(SNOW)
    await until(lambda: len(posts.reads) == 2)
    for _ in range(5):
        posts.like(SNOW)
        await asyncio.sleep(0)
    posts.blocked_reads.set()
    await until(lambda: len(watcher.likes) == 2)
    assert (watcher.likes[-1], len(posts.reads)) == ({SNOW: 6}, 3)


async def test_failed_read_is_repeated(posts: PostSetup) -> None:
    """An unavailable store delays the counts."""
    watcher = RecordingWatcher()
    await posts.subscriptions.watch(watcher, [SNOW])
    posts.failures = 2
    posts.like(SNOW)
    await until(lambda: watcher.likes)
    assert watcher.likes == [{SNOW: 1}]


async def test_large_audience_is_read_in_parts(posts: PostSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    """No read has more pairs than the limit."""
    monkeypatch.setattr(post_subscriptions, "PAIRS_PER_READ", 3)
    watchers = [RecordingWatcher(f"user {number}") for number in range(8)]
    for watcher in watchers:
        await posts.subscriptions.watch(watcher, [SNOW])
    posts.reads.clear()
    posts.like(SNOW)
    await until(lambda: all(watcher.likes for watcher in watchers))
    assert posts.reads == [3, 3, 2]


async def test_missed_changes_are_pushed_after_a_recheck(posts: PostSetup) -> None:
    """After lost bus messages every watched post is read again."""
    watcher = RecordingWatcher()
    await posts.subscriptions.watch(watcher, [SNOW])
    posts.likes[SNOW] = 7
    posts.subscriptions.recheck_all()
    await until(lambda: watcher.likes)
    assert watcher.likes == [{SNOW: 7}]
