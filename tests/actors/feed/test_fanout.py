"""Posts are handed out to the timelines that are kept, until an author has too many followers for it."""

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
    """Nobody comes between."""


class RecordingTimelines:
    """Timelines whose pushes and drops are noted; `away` makes so many drops fail."""

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
def watched(house: FeedSetup) -> RecordingTimelines:
    """The house's timelines, watched."""
    made = RecordingTimelines(house.timelines)
    house.timelines = made
    house.start()
    return made


@pytest.fixture
def people(house: FeedSetup) -> list[str]:
    return sorted(FeedModel(6).user_ids)


async def timeline_post_ids(house: FeedSetup, user_id: str) -> list[str] | None:
    """The ids on a timeline, newest first; None without one."""
    page = await house.timelines.read(user_id, None, LIMIT)
    return None if page is None else [key.id for key in page.keys]


async def test_post_is_pushed_to_existing_timelines(house: FeedSetup, people: list[str]) -> None:
    """Not on that of a follower who has none, nor of a stranger, nor the author's own."""
    author, reader, sleeper, stranger, *_ = people
    for one in (reader, sleeper):
        await house.social.follow(one, author)
    await house.catch_up()
    for one in (author, reader, stranger):
        await house.home_feed.page(one, None, 5)
    post_id, _ = await house.create_post(author)
    await house.catch_up()

    assert await timeline_post_ids(house, reader) == [post_id]
    assert await timeline_post_ids(house, sleeper) is None
    assert await timeline_post_ids(house, stranger) == await timeline_post_ids(house, author) == []


async def test_each_follower_is_pushed_each_post_once(
    house: FeedSetup, people: list[str], watched: RecordingTimelines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In portions, in the order of ids; a deletion, and a post that nobody follows, is told to nobody."""
    monkeypatch.setattr(fanout, "FOLLOWERS_PER_BATCH", 1)
    author, first, second, *_ = people
    for one in (second, first):
        await house.social.follow(one, author)
    post_id, _ = await house.create_post(author)
    lonely, _ = await house.create_post(first)
    await house.posts.delete(lonely, first)
    await house.catch_up()

    assert house.published_posts == [(post_id, [first]), (post_id, [second])]
    assert watched.pushed == house.published_posts


async def test_handling_events_again_changes_nothing(house: FeedSetup, people: list[str]) -> None:
    """All that was handed out comes again, in any order: the timeline is the same."""
    author, reader, *_ = people
    await house.social.follow(reader, author)
    await house.catch_up()
    await house.home_feed.page(reader, None, 5)
    for _ in range(4):
        await house.create_post(author)
    await house.catch_up()
    before = await timeline_post_ids(house, reader)
    place = await house.databases["posts"].cursors.get("feed.posts")
    assert place is not None
    beginning = type(place)(place.source)
    for event in reversed(await house.databases["posts"].outbox.read(beginning, LIMIT)):
        await house.fan_out.handle([event], None)

    assert before is not None
    assert len(before) == 4
    assert await timeline_post_ids(house, reader) == before


async def test_deleted_post_on_a_timeline_is_not_returned(house: FeedSetup, people: list[str]) -> None:
    """A timeline may hold it; the feed does not."""
    author, reader, *_ = people
    await house.social.follow(reader, author)
    await house.catch_up()
    post_id, _ = await house.create_post(author)
    await house.home_feed.page(reader, None, 5)
    await house.posts.delete(post_id, author)
    await house.catch_up()

    assert await timeline_post_ids(house, reader) == [post_id]
    assert (await house.home_feed.page(reader, None, 5)).items == []


async def test_author_over_the_threshold_is_merged_at_read(
    house: FeedSetup, people: list[str], watched: RecordingTimelines
) -> None:
    """The timelines of all followers go, once; no later post is handed out, also when few follow again."""
    author, *followers = people
    followers = followers[:BROADCAST_THRESHOLD]
    for one in followers:
        await house.social.follow(one, author)
        await house.home_feed.page(one, None, 5)
    await house.catch_up()
    watched.invalidated.clear()
    posts = [(await house.create_post(author))[0] for _ in range(3)]
    await house.catch_up()
    assert watched.invalidated == [followers]
    assert watched.pushed == house.published_posts == []
    await house.social.unfollow(followers[0], author)
    posts.append((await house.create_post(author))[0])
    await house.catch_up()

    assert watched.pushed == house.published_posts == []
    assert watched.invalidated == [followers, [followers[0]]]
    for one in followers[1:]:
        page = await house.home_feed.page(one, None, 5)
        timeline = await house.timelines.read(one, None, 5)
        assert [post.id for post in page.items] == posts[::-1]
        assert timeline is not None
        assert (timeline.keys, timeline.broadcast) == ([], [author])


async def test_interrupted_broadcast_transition_is_completed(
    house: FeedSetup, people: list[str], watched: RecordingTimelines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis was away, or the process died, after the word and before the drops: they are made up for."""
    monkeypatch.setattr(fanout, "FOLLOWERS_PER_BATCH", 1)
    author, *followers = people
    for one in followers:
        await house.social.follow(one, author)
    await house.catch_up()
    for one in followers:
        await house.home_feed.page(one, None, 5)
    post_id, _ = await house.create_post(author)
    watched.failures_left = 1
    with pytest.raises(Unavailable):
        await house.catch_up("posts")
    await house.catch_up("posts")

    for one in followers:
        assert [post.id for post in (await house.home_feed.page(one, None, 5)).items] == [post_id]


async def test_timeline_built_after_invalidation_lists_the_broadcaster(
    house: FeedSetup, people: list[str], watched: RecordingTimelines
) -> None:
    """The word comes first: a timeline that is built behind it is one of a broadcasting author."""
    author, reader, *others = people
    for one in (reader, *others):
        await house.social.follow(one, author)
    await house.catch_up("social")
    watched.after_invalidate = lambda: house.home_feed.page(reader, None, 5)
    posts = [(await house.create_post(author))[0] for _ in range(3)]
    await house.catch_up("posts")

    assert await timeline_post_ids(house, reader) == []
    assert [post.id for post in (await house.home_feed.page(reader, None, 5)).items] == posts[::-1]


async def test_follow_change_invalidates_the_timeline_once(
    house: FeedSetup, people: list[str], watched: RecordingTimelines
) -> None:
    """Of all that changed in a batch, each once; and what they follow now is on it."""
    reader, *authors = people
    posts = [(await house.create_post(author))[0] for author in authors]
    assert await house.read_pages(reader, itertools.repeat(3, LIMIT)) == []
    for author in authors:
        await house.social.follow(reader, author)
    await house.catch_up("social")

    assert watched.invalidated == [[reader]]
    assert await house.read_pages(reader, itertools.repeat(3, LIMIT)) == posts[::-1]
