"""What a home feed promises at every moment, whoever posts, unfollows or deletes while it is read."""

import itertools

import pytest

from actors.feed import timeline_builder
from storage.redis import timelines as redis_timelines
from tests.actors.feed.feed_model import FeedModel
from tests.actors.feed.feed_setup import FeedHouse, all_of, follow, post

PEOPLE = 6


@pytest.fixture
def model() -> FeedModel:
    return FeedModel(PEOPLE)


async def test_own_posts_are_there_at_once(house: FeedHouse, model: FeedModel) -> None:
    """No consumer has seen them yet, and a timeline stands already."""
    ana, ben, *_ = model.people
    assert await all_of(house, ana) == []
    await follow(house, model, ana, ben)
    await post(house, model, ana, ben, ana)

    assert [one for one in await all_of(house, ana) if one in model.own(ana)] == model.own(ana)
    await house.catch_up()
    assert await all_of(house, ana) == model.feed(ana)


async def test_what_ends_ends_at_once(house: FeedHouse, model: FeedModel) -> None:
    """An unfollow, a block by the other and a deletion hold before any consumer hears of them."""
    ana, ben, cyd, dan, *_ = model.people
    await follow(house, model, ana, ben, cyd, dan)
    await post(house, model, ben, cyd, dan, ben, cyd, dan, ana)
    await house.catch_up()
    assert await all_of(house, ana) == model.feed(ana)
    await house.social.unfollow(ana, ben)
    model.follows.discard((ana, ben))
    await house.social.block(cyd, ana)
    model.block(cyd, ana)
    gone = model.feed(dan)[0]
    del model.posts[gone]
    await house.posts.delete(gone, dan)

    assert await all_of(house, ana) == model.feed(ana)
    assert len(model.feed(ana)) == 2


async def test_pages_hold_still_while_posts_arrive(house: FeedHouse, model: FeedModel) -> None:
    """Between pages others post and delete: what stood when one began to read comes once, nothing else."""
    ana, ben, cyd, *_ = model.people
    await follow(house, model, ana, ben, cyd)
    await post(house, model, *[ben, cyd, ana] * 6)
    await house.catch_up()
    stood, found, before = model.feed(ana), list[str](), None
    deleted: set[str] = set()
    for limit in itertools.repeat(4, 20):
        page = await house.feed.page(ana, before, limit)
        found += [one.id for one in page.items]
        before = page.next_key
        if before is None:
            break
        await post(house, model, ben, ana)
        ahead = next((one for one in reversed(stood) if one not in {*found, *deleted}), None)
        if ahead is not None:
            deleted.add(ahead)
            await house.posts.delete(ahead, model.posts[ahead][1])
        await house.catch_up("posts")

    assert found == [one for one in stood if one not in deleted]
    assert deleted


async def test_a_page_is_full_though_most_of_a_timeline_may_not_be_shown(
    house: FeedHouse, model: FeedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer stretches of unwanted posts than it looks through: the stores fill the page."""
    ana, ben, cyd, *_ = model.people
    await follow(house, model, ana, ben, cyd)
    await post(house, model, *[cyd] * 3, *[ben] * 30)
    await house.catch_up()
    assert len(await all_of(house, ana, 40)) == 33
    await house.social.unfollow(ana, ben)
    model.follows.discard((ana, ben))

    page = await house.feed.page(ana, None, 2)
    assert [one.id for one in page.items] == model.feed(ana)[:2]
    assert page.next_key is not None
    assert await all_of(house, ana, 2) == model.feed(ana)


async def test_own_posts_do_not_run_ahead_of_a_timeline(house: FeedHouse, model: FeedModel) -> None:
    """Most of what a look found was deleted: older own posts wait until the next look has come to them."""
    ana, ben, *_ = model.people
    await follow(house, model, ana, ben)
    await house.catch_up("social")
    made = await post(house, model, ana, ana, ben, ben, ben, ben)
    await house.catch_up()
    assert await all_of(house, ana) == model.feed(ana)
    for post_id in made[3:5]:
        del model.posts[post_id]
        await house.posts.delete(post_id, ben)

    assert await all_of(house, ana, 2) == model.feed(ana)


async def test_a_cut_timeline_goes_on_in_the_stores(
    house: FeedHouse, model: FeedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More own posts below its end than a page holds: the others' between them are not passed by."""
    monkeypatch.setattr(timeline_builder, "TIMELINE_POSTS", 4)
    monkeypatch.setattr(redis_timelines, "TIMELINE_POSTS", 4)
    ana, ben, *_ = model.people
    await follow(house, model, ana, ben)
    await post(house, model, *[ben, ana, ana] * 8)
    await house.catch_up()

    for limit in range(1, 13):
        assert await all_of(house, ana, limit) == model.feed(ana), limit
