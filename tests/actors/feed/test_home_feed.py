"""Guarantees of the home feed under concurrent posts, unfollows and deletions."""

import itertools
from collections.abc import Sequence

import pytest

from actors.feed import timeline_builder
from storage.contracts.mutes import MuteScope
from storage.contracts.posts import PostRecord
from storage.redis import timelines as redis_timelines
from tests.actors.feed.feed_model import FeedModel
from tests.actors.feed.feed_setup import FeedSetup, create_posts, follow, read_feed

USER_COUNT = 6


@pytest.fixture
def model() -> FeedModel:
    return FeedModel(USER_COUNT)


async def test_own_posts_appear_immediately(setup: FeedSetup, model: FeedModel) -> None:
    """The user's own posts appear before any consumer has run, although a timeline exists."""
    ana, ben, *_ = model.user_ids
    assert await read_feed(setup, ana) == []
    await follow(setup, model, ana, ben)
    await create_posts(setup, model, ana, ben, ana)

    assert [
        post_id for post_id in await read_feed(setup, ana) if post_id in model.own_posts(ana)
    ] == model.own_posts(ana)
    await setup.catch_up()
    assert await read_feed(setup, ana) == model.feed(ana)


async def test_unfollow_block_and_delete_apply_immediately(setup: FeedSetup, model: FeedModel) -> None:
    """Unfollows, blocks and deletions apply before any consumer has run."""
    ana, ben, cyd, dan, *_ = model.user_ids
    await follow(setup, model, ana, ben, cyd, dan)
    await create_posts(setup, model, ben, cyd, dan, ben, cyd, dan, ana)
    await setup.catch_up()
    assert await read_feed(setup, ana) == model.feed(ana)
    await setup.social.unfollow(ana, ben)
    model.follows.discard((ana, ben))
    await setup.social.block(cyd, ana)
    model.block(cyd, ana)
    gone = model.feed(dan)[0]
    del model.posts[gone]
    await setup.posts.delete(gone, dan)

    assert await read_feed(setup, ana) == model.feed(ana)
    assert len(model.feed(ana)) == 2


async def test_pagination_is_stable_while_posts_change(setup: FeedSetup, model: FeedModel) -> None:
    """Posts that exist throughout are returned exactly once, and later ones not at all."""
    ana, ben, cyd, *_ = model.user_ids
    await follow(setup, model, ana, ben, cyd)
    await create_posts(setup, model, *[ben, cyd, ana] * 6)
    await setup.catch_up()
    stood, found, before = model.feed(ana), list[str](), None
    deleted: set[str] = set()
    for limit in itertools.repeat(4, 20):
        page = await setup.home_feed.page(ana, before, limit)
        found += [post.id for post in page.items]
        before = page.next_key
        if before is None:
            break
        await create_posts(setup, model, ben, ana)
        ahead = next((post_id for post_id in reversed(stood) if post_id not in {*found, *deleted}), None)
        if ahead is not None:
            deleted.add(ahead)
            await setup.posts.delete(ahead, model.posts[ahead][1])
        await setup.catch_up("posts")

    assert found == [post_id for post_id in stood if post_id not in deleted]
    assert deleted


async def test_page_is_filled_when_most_of_the_timeline_is_hidden(
    setup: FeedSetup, model: FeedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the timeline reads yield too few visible posts, the stores fill the page."""
    ana, ben, cyd, *_ = model.user_ids
    await follow(setup, model, ana, ben, cyd)
    await create_posts(setup, model, *[cyd] * 3, *[ben] * 30)
    await setup.catch_up()
    assert len(await read_feed(setup, ana, 40)) == 33
    await setup.social.unfollow(ana, ben)
    model.follows.discard((ana, ben))

    page = await setup.home_feed.page(ana, None, 2)
    assert [post.id for post in page.items] == model.feed(ana)[:2]
    assert page.next_key is not None
    assert await read_feed(setup, ana, 2) == model.feed(ana)


async def test_own_posts_do_not_skip_unread_timeline_posts(setup: FeedSetup, model: FeedModel) -> None:
    """Older own posts are not returned before newer timeline posts that are still unread."""
    ana, ben, *_ = model.user_ids
    await follow(setup, model, ana, ben)
    await setup.catch_up("social")
    made = await create_posts(setup, model, ana, ana, ben, ben, ben, ben)
    await setup.catch_up()
    assert await read_feed(setup, ana) == model.feed(ana)
    for post_id in made[3:5]:
        del model.posts[post_id]
        await setup.posts.delete(post_id, ben)

    assert await read_feed(setup, ana, 2) == model.feed(ana)


async def test_truncated_timeline_continues_from_stores(
    setup: FeedSetup, model: FeedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below a truncated timeline, posts of others between own posts are not skipped."""
    monkeypatch.setattr(timeline_builder, "TIMELINE_POSTS", 4)
    monkeypatch.setattr(redis_timelines, "TIMELINE_POSTS", 4)
    ana, ben, *_ = model.user_ids
    await follow(setup, model, ana, ben)
    await create_posts(setup, model, *[ben, ana, ana] * 8)
    await setup.catch_up()

    for limit in range(1, 13):
        assert await read_feed(setup, ana, limit) == model.feed(ana), limit


async def test_originals_of_a_page_are_read_at_once(
    setup: FeedSetup, model: FeedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many reposts a page has; each original is on it once, as its latest repost."""
    ana, ben, cyd, *_ = model.user_ids
    await follow(setup, model, ana, ben, cyd)
    originals = await create_posts(setup, model, *[model.user_ids[3]] * 8)
    first = [(await setup.create_repost(ben, post_id))[0] for post_id in originals]
    second = [(await setup.create_repost(cyd, post_id))[0] for post_id in originals[:3]]
    await setup.catch_up()
    finds: list[Sequence[str]] = []
    find = setup.posts.find

    async def counted(ids: Sequence[str], viewer_id: str) -> list[PostRecord]:
        finds.append(ids)
        return await find(ids, viewer_id)

    monkeypatch.setattr(setup.posts, "find", counted)
    page = await setup.home_feed.page(ana, None, 100)
    assert [post.id for post in page.items] == [*reversed(second), *reversed(first[3:])]
    assert [post.repost_of.id for post in page.items if post.repost_of] == [
        *reversed(originals[:3]),
        *reversed(originals[3:]),
    ]
    assert [len(ids) for ids in finds] == [8]


async def test_access_is_loaded_once_at_most(setup: FeedSetup, model: FeedModel) -> None:
    """Not for followed authors, whom a follow gives access; of others in one lookup for the page."""
    ana, ben, cyd, dan, *_ = model.user_ids
    await follow(setup, model, ana, ben)
    await create_posts(setup, model, ben, ana, ben)
    await setup.catch_up()
    lookups = setup.post_access.lookups
    for _ in range(2):
        assert await read_feed(setup, ana) == model.feed(ana)
        # The next one is built again.
        await setup.timelines.invalidate([ana])
    assert lookups == []
    await setup.tag_follows.follow(ana, "moss", "moss")
    for author_id in (cyd, dan, ben):
        await setup.create_post(author_id, "#moss", ("moss",))
    assert len(await read_feed(setup, ana, 10)) == 6
    assert lookups == [{cyd, dan}]


async def test_public_timeline_loads_access_once(setup: FeedSetup, model: FeedModel) -> None:
    """With the mutes, for the authors on the page."""
    ana, ben, cyd, dan, *_ = model.user_ids
    posts = await create_posts(setup, model, ben, cyd, dan)
    await setup.mutes.mute(ana, cyd, MuteScope())
    await setup.social.block(dan, ana)
    page = await setup.public_timeline.page(ana, None, 5)
    assert [post.id for post in page.items] == posts[:1]
    assert setup.post_access.lookups == [{ben, cyd, dan}]
