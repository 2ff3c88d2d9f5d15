"""Contract of `TagFollowStore`, and of the posts with followed tags in `FeedPosts`."""

import pytest

from storage.contracts.paging import PageKey, to_microseconds
from storage.contracts.posts import NewPostRecord, TextReferences
from storage.postgres.posts import PostgresPosts
from storage.postgres.tag_follows import PostgresTagFollows
from tests.storage.service_database import ServiceDatabase, random_id, sorted_random_ids


@pytest.fixture
def tag_follows(posts_database: ServiceDatabase) -> PostgresTagFollows:
    return PostgresTagFollows(posts_database.instance_a.pool)


async def test_following_a_tag_is_idempotent(tag_follows: PostgresTagFollows) -> None:
    """The name as first written stays; users do not affect each other."""
    ana, ben = sorted_random_ids(2)
    assert await tag_follows.follow(ana, "moss", "Moss")
    assert not await tag_follows.follow(ana, "moss", "MOSS")
    found = await tag_follows.get(ana, "moss")
    assert found is not None
    assert found.name == "Moss"
    assert await tag_follows.get(ben, "moss") is None
    assert (await tag_follows.count_others(ana, "moss"), await tag_follows.count_others(ana, "bark")) == (
        0,
        1,
    )
    assert not await tag_follows.unfollow(ben, "moss")
    assert await tag_follows.unfollow(ana, "moss")
    assert not await tag_follows.unfollow(ana, "moss")
    assert await tag_follows.get(ana, "moss") is None


async def test_followed_tags_are_paged_latest_first(
    posts_database: ServiceDatabase, tag_follows: PostgresTagFollows
) -> None:
    """By key, also with equal times, only those of the user."""
    ana, ben = sorted_random_ids(2)
    for number in range(5):
        await tag_follows.follow(ana, f"tag{number}", f"Tag{number}")
        await tag_follows.follow(ben, f"tag{number}", f"Tag{number}")
    whole = await tag_follows.page(ana, None, 100)
    assert [one.name for one in whole] == [f"Tag{number}" for number in reversed(range(5))]
    await posts_database.sql.execute("UPDATE tag_follows SET created_at = '2026-01-01'")
    seen: list[str] = []
    before: PageKey | None = None
    while page := await tag_follows.page(ana, before, 2):
        seen += [one.id for one in page]
        before = to_microseconds(page[-1].created_at), page[-1].id
    assert sorted(seen, reverse=True) == seen
    assert set(seen) == {one.id for one in whole}


async def test_posts_with_followed_tags_are_merged_once(
    posts: PostgresPosts, tag_follows: PostgresTagFollows
) -> None:
    """Also with two followed tags, or by a listed author; not those of excluded users or hidden ones."""
    ana, ben, cyd, dan = sorted_random_ids(4)
    both = TextReferences((), ("moss", "bark"), ("moss", "bark"))
    moss = TextReferences((), ("moss",), ("moss",))
    for tag in ("moss", "bark"):
        await tag_follows.follow(ana, tag, tag)
    first = await posts.create(NewPostRecord(ben, "both", references=both), None)
    second = await posts.create(NewPostRecord(cyd, "one", references=moss), None)
    await posts.create(NewPostRecord(cyd, "other", references=TextReferences((), ("rust",), ("rust",))), None)
    await posts.create(NewPostRecord(dan, "excluded", references=moss), None)
    hidden = await posts.create(NewPostRecord(ben, "hidden", references=moss), None)
    await posts.set_hidden(hidden, hidden=True)
    found = await posts.newest([second], [ben], None, ana, [dan], 10)
    assert [(one.id, one.has_followed_tag) for one in found] == [(second, True), (first, True)]
    assert [one.id for one in await posts.newest([], [], None, ana, [dan], 1)] == [second]
    before = to_microseconds(found[0].created_at), found[0].id
    assert [one.id for one in await posts.newest([], [], before, ana, [dan], 1)] == [first]
    assert await posts.newest([], [], None, ben, [], 10) == []


async def test_public_posts_are_listed_newest_first(posts: PostgresPosts) -> None:
    """Without hidden ones and those of excluded users."""
    ana, ben, cyd = sorted_random_ids(3)
    made = [await posts.create(NewPostRecord(author, "hello"), None) for author in (ana, ben, cyd, ana)]
    await posts.set_hidden(made[3], hidden=True)
    found = await posts.newest_public(None, random_id(), [cyd], 10)
    assert [one.id for one in found] == [made[1], made[0]]
    before = to_microseconds(found[0].created_at), found[0].id
    assert [one.id for one in await posts.newest_public(before, ana, [], 10)] == [made[0]]
    assert [one.id for one in await posts.newest_public(None, ana, [], 2)] == [made[2], made[1]]


async def test_followed_tags_are_deleted_with_their_user(
    posts: PostgresPosts, tag_follows: PostgresTagFollows
) -> None:
    """Those of others stay."""
    ana, ben = sorted_random_ids(2)
    for user_id in (ana, ben):
        await tag_follows.follow(user_id, "moss", "Moss")
    await posts.remove_user(ana)
    assert await tag_follows.page(ana, None, 10) == []
    assert len(await tag_follows.page(ben, None, 10)) == 1
