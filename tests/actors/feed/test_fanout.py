"""Posts are pushed to followers' timelines, up to the broadcast threshold."""

import itertools
from collections.abc import Awaitable, Callable, Sequence

import pytest

from actors.feed import fanout
from storage.contracts.posts import PostKey
from storage.contracts.timelines import Timelines
from storage.errors import Unavailable
from tests.actors.feed.feed_model import FeedModel
from tests.actors.feed.feed_setup import BROADCAST_THRESHOLD, FeedSetup

LIMIT = 50


async def _no_op() -> None:
    """Default hook."""


class RecordingTimelines:
    """Timelines that record pushes and invalidations; a number of invalidations can fail."""

    def __init__(self, timelines: Timelines) -> None:
        self._timelines = timelines
        self.read = timelines.read
        self.begin_rebuild = timelines.begin_rebuild
        self.finish_rebuild = timelines.finish_rebuild
        self.pushed: list[tuple[str, list[str]]] = []
        self.invalidated: list[list[str]] = []
        self.failures_left = 0
        self.after_invalidate: Callable[[], Awaitable[object]] = _no_op

    async def push(self, key: PostKey, user_ids: Sequence[str]) -> None:
        self.pushed.append((key.id, list(user_ids)))
        await self._timelines.push(key, user_ids)

    async def invalidate(self, user_ids: Sequence[str]) -> None:
        if self.failures_left:
            self.failures_left -= 1
            raise Unavailable
        self.invalidated.append(list(user_ids))
        await self._timelines.invalidate(user_ids)
        await self.after_invalidate()


@pytest.fixture
def watched(setup: FeedSetup) -> RecordingTimelines:
    """The setup's timelines, with recording."""
    made = RecordingTimelines(setup.timelines)
    setup.timelines = made
    setup.start()
    return made


@pytest.fixture
def user_ids(setup: FeedSetup) -> list[str]:
    return sorted(FeedModel(6).user_ids)


async def timeline_post_ids(setup: FeedSetup, user_id: str) -> list[str] | None:
    """Return the ids on a timeline, newest first; None if there is none."""
    page = await setup.timelines.read(user_id, None, LIMIT)
    return None if page is None else [key.id for key in page.keys]


async def test_post_is_pushed_to_existing_timelines(setup: FeedSetup, user_ids: list[str]) -> None:
    """A post is pushed to existing timelines of followers only, not to the author's."""
    author, reader, sleeper, outsider, *_ = user_ids
    for user_id in (reader, sleeper):
        await setup.social.follow(user_id, author)
    await setup.catch_up()
    for user_id in (author, reader, outsider):
        await setup.home_feed.page(user_id, None, 5)
    post_id, _ = await setup.create_post(author)
    await setup.catch_up()

    assert await timeline_post_ids(setup, reader) == [post_id]
    assert await timeline_post_ids(setup, sleeper) is None
    assert await timeline_post_ids(setup, outsider) == await timeline_post_ids(setup, author) == []


async def test_each_follower_is_pushed_each_post_once(
    setup: FeedSetup, user_ids: list[str], watched: RecordingTimelines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Followers are processed in batches by id; deletions and authors without followers push nothing."""
    monkeypatch.setattr(fanout, "FOLLOWERS_PER_BATCH", 1)
    author, first, second, *_ = user_ids
    for user_id in (second, first):
        await setup.social.follow(user_id, author)
    post_id, _ = await setup.create_post(author)
    lonely, _ = await setup.create_post(first)
    await setup.posts.delete(lonely, first)
    await setup.catch_up()

    assert setup.published_posts == [(post_id, [first]), (post_id, [second])]
    assert watched.pushed == setup.published_posts


async def test_handling_events_again_changes_nothing(setup: FeedSetup, user_ids: list[str]) -> None:
    """Handling events again, in any order, leaves the timeline unchanged."""
    author, reader, *_ = user_ids
    await setup.social.follow(reader, author)
    await setup.catch_up()
    await setup.home_feed.page(reader, None, 5)
    for _ in range(4):
        await setup.create_post(author)
    await setup.catch_up()
    before = await timeline_post_ids(setup, reader)
    place = await setup.databases["posts"].cursors.get("feed.posts")
    assert place is not None
    beginning = type(place)(place.source)
    for event in reversed(await setup.databases["posts"].outbox.read(beginning, LIMIT)):
        await setup.fan_out.handle([event], None)

    assert before is not None
    assert len(before) == 4
    assert await timeline_post_ids(setup, reader) == before


async def test_deleted_post_on_a_timeline_is_not_returned(setup: FeedSetup, user_ids: list[str]) -> None:
    """A deleted post may stay on a timeline, but the feed omits it."""
    author, reader, *_ = user_ids
    await setup.social.follow(reader, author)
    await setup.catch_up()
    post_id, _ = await setup.create_post(author)
    await setup.home_feed.page(reader, None, 5)
    await setup.posts.delete(post_id, author)
    await setup.catch_up()

    assert await timeline_post_ids(setup, reader) == [post_id]
    assert (await setup.home_feed.page(reader, None, 5)).items == []


async def test_author_over_the_threshold_is_merged_at_read(
    setup: FeedSetup, user_ids: list[str], watched: RecordingTimelines
) -> None:
    """Reaching the threshold invalidates all followers' timelines once; later posts are never pushed."""
    author, *followers = user_ids
    followers = followers[:BROADCAST_THRESHOLD]
    for user_id in followers:
        await setup.social.follow(user_id, author)
        await setup.home_feed.page(user_id, None, 5)
    await setup.catch_up()
    watched.invalidated.clear()
    posts = [(await setup.create_post(author))[0] for _ in range(3)]
    await setup.catch_up()
    assert watched.invalidated == [followers]
    assert watched.pushed == setup.published_posts == []
    await setup.social.unfollow(followers[0], author)
    posts.append((await setup.create_post(author))[0])
    await setup.catch_up()

    assert watched.pushed == setup.published_posts == []
    assert watched.invalidated == [followers, [followers[0]]]
    for user_id in followers[1:]:
        page = await setup.home_feed.page(user_id, None, 5)
        timeline = await setup.timelines.read(user_id, None, 5)
        assert [post.id for post in page.items] == posts[::-1]
        assert timeline is not None
        assert (timeline.keys, timeline.broadcast) == ([], [author])


async def test_interrupted_broadcast_transition_is_completed(
    setup: FeedSetup, user_ids: list[str], watched: RecordingTimelines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invalidations that failed after the broadcast flag was set are repeated."""
    monkeypatch.setattr(fanout, "FOLLOWERS_PER_BATCH", 1)
    author, *followers = user_ids
    for user_id in followers:
        await setup.social.follow(user_id, author)
    await setup.catch_up()
    for user_id in followers:
        await setup.home_feed.page(user_id, None, 5)
    post_id, _ = await setup.create_post(author)
    watched.failures_left = 1
    with pytest.raises(Unavailable):
        await setup.catch_up("posts")
    await setup.catch_up("posts")

    for user_id in followers:
        assert [post.id for post in (await setup.home_feed.page(user_id, None, 5)).items] == [post_id]


async def test_timeline_built_after_invalidation_lists_the_broadcaster(
    setup: FeedSetup, user_ids: list[str], watched: RecordingTimelines
) -> None:
    """The flag is set before invalidation, so a timeline built afterwards lists the broadcaster."""
    author, reader, *others = user_ids
    for user_id in (reader, *others):
        await setup.social.follow(user_id, author)
    await setup.catch_up("social")
    watched.after_invalidate = lambda: setup.home_feed.page(reader, None, 5)
    posts = [(await setup.create_post(author))[0] for _ in range(3)]
    await setup.catch_up("posts")

    assert await timeline_post_ids(setup, reader) == []
    assert [post.id for post in (await setup.home_feed.page(reader, None, 5)).items] == posts[::-1]


async def test_follow_change_invalidates_the_timeline_once(
    setup: FeedSetup, user_ids: list[str], watched: RecordingTimelines
) -> None:
    """Follow changes invalidate each timeline once per batch; the rebuilt one matches the follows."""
    reader, *authors = user_ids
    posts = [(await setup.create_post(author))[0] for author in authors]
    assert await setup.read_pages(reader, itertools.repeat(3, LIMIT)) == []
    for author in authors:
        await setup.social.follow(reader, author)
    await setup.catch_up("social")

    assert watched.invalidated == [[reader]]
    assert await setup.read_pages(reader, itertools.repeat(3, LIMIT)) == posts[::-1]
