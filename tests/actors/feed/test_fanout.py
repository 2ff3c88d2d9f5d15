"""Posts are handed out to the timelines that are kept, until an author has too many followers for it."""

import itertools
from collections.abc import Awaitable, Callable, Sequence

import pytest

from actors.feed import fanout
from storage.contracts.timelines import Timelines
from storage.errors import Unavailable
from storage.records.posts import PostKey
from tests.actors.feed.feed_model import FeedModel
from tests.actors.feed.feed_setup import BROADCAST, FeedHouse

LIMIT = 50


async def _nothing() -> None:
    """Nobody comes between."""


class Watched:
    """Timelines whose pushes and drops are noted; `away` makes so many drops fail."""

    def __init__(self, timelines: Timelines) -> None:
        self._timelines = timelines
        self.read = timelines.read
        self.begin_rebuild = timelines.begin_rebuild
        self.finish_rebuild = timelines.finish_rebuild
        self.pushed: list[tuple[str, list[str]]] = []
        self.dropped: list[list[str]] = []
        self.away = 0
        self.after_drop: Callable[[], Awaitable[object]] = _nothing

    async def push(self, key: PostKey, user_ids: Sequence[str]) -> None:
        self.pushed.append((key.id, list(user_ids)))
        await self._timelines.push(key, user_ids)

    async def invalidate(self, user_ids: Sequence[str]) -> None:
        if self.away:
            self.away -= 1
            raise Unavailable
        self.dropped.append(list(user_ids))
        await self._timelines.invalidate(user_ids)
        await self.after_drop()


@pytest.fixture
def watched(house: FeedHouse) -> Watched:
    """The house's timelines, watched."""
    made = Watched(house.timelines)
    house.timelines = made
    house.open()
    return made


@pytest.fixture
def people(house: FeedHouse) -> list[str]:
    return sorted(FeedModel(6).people)


async def kept(house: FeedHouse, user_id: str) -> list[str] | None:
    """The ids on a timeline, newest first; None without one."""
    page = await house.timelines.read(user_id, None, LIMIT)
    return None if page is None else [key.id for key in page.keys]


async def test_a_post_is_put_on_the_timelines_that_are_kept(house: FeedHouse, people: list[str]) -> None:
    """Not on that of a follower who has none, nor of a stranger, nor the author's own."""
    author, reader, sleeper, stranger, *_ = people
    for one in (reader, sleeper):
        await house.social.follow(one, author)
    await house.catch_up()
    for one in (author, reader, stranger):
        await house.feed.page(one, None, 5)
    post_id, _ = await house.post(author)
    await house.catch_up()

    assert await kept(house, reader) == [post_id]
    assert await kept(house, sleeper) is None
    assert await kept(house, stranger) == await kept(house, author) == []


async def test_every_follower_is_told_once_a_post(
    house: FeedHouse, people: list[str], watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In portions, in the order of ids; a deletion, and a post that nobody follows, is told to nobody."""
    monkeypatch.setattr(fanout, "FOLLOWERS_PER_BATCH", 1)
    author, first, second, *_ = people
    for one in (second, first):
        await house.social.follow(one, author)
    post_id, _ = await house.post(author)
    lonely, _ = await house.post(first)
    await house.posts.delete(lonely, first)
    await house.catch_up()

    assert house.hinted == [(post_id, [first]), (post_id, [second])]
    assert watched.pushed == house.hinted


async def test_taking_it_again_changes_nothing(house: FeedHouse, people: list[str]) -> None:
    """All that was handed out comes again, in any order: the timeline is the same."""
    author, reader, *_ = people
    await house.social.follow(reader, author)
    await house.catch_up()
    await house.feed.page(reader, None, 5)
    for _ in range(4):
        await house.post(author)
    await house.catch_up()
    before = await kept(house, reader)
    place = await house.databases["posts"].cursors.get("feed.posts")
    assert place is not None
    beginning = type(place)(place.source)
    for event in reversed(await house.databases["posts"].outbox.read(beginning, LIMIT)):
        await house.fan_out.handle([event], None)

    assert before is not None
    assert len(before) == 4
    assert await kept(house, reader) == before


async def test_a_deleted_post_that_comes_again_is_shown_to_nobody(
    house: FeedHouse, people: list[str]
) -> None:
    """A timeline may hold it; the feed does not."""
    author, reader, *_ = people
    await house.social.follow(reader, author)
    await house.catch_up()
    post_id, _ = await house.post(author)
    await house.feed.page(reader, None, 5)
    await house.posts.delete(post_id, author)
    await house.catch_up()

    assert await kept(house, reader) == [post_id]
    assert (await house.feed.page(reader, None, 5)).items == []


async def test_a_large_author_is_read_from_then_on(
    house: FeedHouse, people: list[str], watched: Watched
) -> None:
    """The timelines of all followers go, once; no later post is handed out, also when few follow again."""
    author, *followers = people
    followers = followers[:BROADCAST]
    for one in followers:
        await house.social.follow(one, author)
        await house.feed.page(one, None, 5)
    await house.catch_up()
    watched.dropped.clear()
    posts = [(await house.post(author))[0] for _ in range(3)]
    await house.catch_up()
    assert watched.dropped == [followers]
    assert watched.pushed == house.hinted == []
    await house.social.unfollow(followers[0], author)
    posts.append((await house.post(author))[0])
    await house.catch_up()

    assert watched.pushed == house.hinted == []
    assert watched.dropped == [followers, [followers[0]]]
    for one in followers[1:]:
        page = await house.feed.page(one, None, 5)
        timeline = await house.timelines.read(one, None, 5)
        assert [post.id for post in page.items] == posts[::-1]
        assert timeline is not None
        assert (timeline.keys, timeline.broadcast) == ([], [author])


async def test_a_transition_that_broke_off_is_finished(
    house: FeedHouse, people: list[str], watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis was away, or the process died, after the word and before the drops: they are made up for."""
    monkeypatch.setattr(fanout, "FOLLOWERS_PER_BATCH", 1)
    author, *followers = people
    for one in followers:
        await house.social.follow(one, author)
    await house.catch_up()
    for one in followers:
        await house.feed.page(one, None, 5)
    post_id, _ = await house.post(author)
    watched.away = 1
    with pytest.raises(Unavailable):
        await house.catch_up("posts")
    await house.catch_up("posts")

    for one in followers:
        assert [post.id for post in (await house.feed.page(one, None, 5)).items] == [post_id]


async def test_who_builds_right_after_the_drop_knows_of_it(
    house: FeedHouse, people: list[str], watched: Watched
) -> None:
    """The word comes first: a timeline that is built behind it is one of a broadcasting author."""
    author, reader, *others = people
    for one in (reader, *others):
        await house.social.follow(one, author)
    await house.catch_up("social")
    watched.after_drop = lambda: house.feed.page(reader, None, 5)
    posts = [(await house.post(author))[0] for _ in range(3)]
    await house.catch_up("posts")

    assert await kept(house, reader) == []
    assert [post.id for post in (await house.feed.page(reader, None, 5)).items] == posts[::-1]


async def test_who_follows_anew_gets_a_timeline_anew(
    house: FeedHouse, people: list[str], watched: Watched
) -> None:
    """Of all that changed in a batch, each once; and what they follow now is on it."""
    reader, *authors = people
    posts = [(await house.post(author))[0] for author in authors]
    assert await house.paged(reader, itertools.repeat(3, LIMIT)) == []
    for author in authors:
        await house.social.follow(reader, author)
    await house.catch_up("social")

    assert watched.dropped == [[reader]]
    assert await house.paged(reader, itertools.repeat(3, LIMIT)) == posts[::-1]
