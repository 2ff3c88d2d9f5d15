"""Contract of `ReactionStore`."""

import pytest

from storage.contracts.paging import PageKey, to_microseconds
from storage.contracts.posts import CommentRecord, LikeRecord
from storage.contracts.user_cache import UserCardRecord
from storage.errors import Conflict, Missing
from storage.postgres.posts import PostgresPosts
from storage.postgres.reactions import PostgresReactions
from tests.storage.service_database import ServiceDatabase, random_id, sorted_random_ids


@pytest.fixture
def posts(posts_database: ServiceDatabase) -> PostgresPosts:
    return PostgresPosts(posts_database.instance_a.pool, posts_database.instance_a.idempotency_keys)


@pytest.fixture
def reactions(posts_database: ServiceDatabase) -> PostgresReactions:
    return PostgresReactions(posts_database.instance_a.pool, posts_database.instance_a.idempotency_keys)


@pytest.fixture
async def post_id(posts: PostgresPosts) -> str:
    """A post of some user."""
    return await posts.create(random_id(), "hello", None, None)


def page_key(record: CommentRecord | LikeRecord) -> PageKey:
    return to_microseconds(record.created_at), record.id


async def test_likes_are_idempotent(posts: PostgresPosts, reactions: PostgresReactions, post_id: str) -> None:
    """The first like is new, the second changes nothing; likewise for unlikes."""
    ana = random_id()
    for _ in range(2):
        assert await reactions.like(post_id, ana)
        assert not await reactions.like(post_id, ana)
        assert [one.like_count for one in await posts.find([post_id], ana)] == [1]
        assert await reactions.unlike(post_id, ana)
        assert not await reactions.unlike(post_id, ana)
        assert [one.like_count for one in await posts.find([post_id], ana)] == [0]


@pytest.mark.parametrize("bad", ["", "no id", "00000000-0000-0000-0000-00000000000A", None])
async def test_reactions_to_a_missing_post_raise_missing(
    posts_database: ServiceDatabase, reactions: PostgresReactions, bad: str | None
) -> None:
    """For unknown and malformed ids; nothing is written."""
    ana = random_id()
    unknown = random_id() if bad is None else bad
    with pytest.raises(Missing):
        await reactions.like(unknown, ana)
    with pytest.raises(Missing):
        await reactions.comment(unknown, ana, "so", None)
    assert not await reactions.unlike(unknown, ana)
    assert not await reactions.delete_comment(unknown, ana)
    assert await reactions.find_comment(unknown) is None
    assert await reactions.likes(unknown, None, (), 10) == []
    assert await reactions.comments(unknown, None, (), 10) == []
    assert await posts_database.outbox_rows() == []


async def test_comment_is_found_as_created(
    posts_database: ServiceDatabase, posts: PostgresPosts, reactions: PostgresReactions, post_id: str
) -> None:
    """With its author's card and the post's author; deleting it works once."""
    ana = random_id()
    await posts_database.cache_users(ana)
    comment_id = await reactions.comment(post_id, ana, "so", None)
    found = await reactions.find_comment(comment_id)
    assert found is not None
    assert (found.id, found.post_id, found.content) == (comment_id, post_id, "so")
    assert found.author == UserCardRecord(ana, f"u{ana[:8]}", is_cached=True)
    assert found.post_owner == (await posts.owners([post_id]))[post_id]
    assert not await reactions.delete_comment(comment_id, random_id())
    assert await reactions.delete_comment(comment_id, ana)
    assert not await reactions.delete_comment(comment_id, ana)
    assert await reactions.find_comment(comment_id) is None
    assert [one.comment_count for one in await posts.find([post_id], ana)] == [0]


async def test_281_code_points_are_rejected(reactions: PostgresReactions, post_id: str) -> None:
    """By the check; 280 fit, whatever their size in bytes."""
    ana = random_id()
    await reactions.comment(post_id, ana, "\N{ROCKET}" * 280, None)
    with pytest.raises(Conflict, match="comments_content_check"):
        await reactions.comment(post_id, ana, "x" * 281, None)
    assert len(await reactions.comments(post_id, None, (), 10)) == 1


async def test_comments_are_paged_oldest_first(
    posts_database: ServiceDatabase, reactions: PostgresReactions, post_id: str
) -> None:
    """By key, also with equal times, without excluded users; new ones shift no page."""
    ana, ben, hidden = sorted_random_ids(3)
    made = [await reactions.comment(post_id, who, "so", None) for who in (ana, hidden, ben, ana, ben, ana)]
    whole = [one.id for one in await reactions.comments(post_id, None, (), 100)]
    assert whole == made
    await posts_database.sql.execute(
        "UPDATE comments SET created_at = '2026-01-01' WHERE id = ANY($1)", made[2:]
    )
    whole = [*sorted(made[2:]), made[0]]
    for limit in (1, 2, 5):
        seen: list[str] = []
        after: PageKey | None = None
        while len(seen) < 5:
            some = await reactions.comments(post_id, after, [hidden], limit)
            seen += [one.id for one in some]
            after = page_key(some[-1])
            await reactions.comment(post_id, ben, "meanwhile", None)
        assert seen[:5] == whole


async def test_likes_are_paged_newest_first(
    posts_database: ServiceDatabase, reactions: PostgresReactions, post_id: str
) -> None:
    """By key, also with equal times, without excluded and deleted users; uncached users are included."""
    gone, hidden, *fans = sorted_random_ids(7)
    await posts_database.cache_users(*fans[1:])
    await posts_database.cache_users(gone, deleted=True)
    for fan in (*fans, gone, hidden):
        await reactions.like(post_id, fan)
    first = await reactions.likes(post_id, None, [hidden], 2)
    assert [one.user.id for one in first] == [fans[4], fans[3]]
    rest = await reactions.likes(post_id, page_key(first[-1]), [hidden], 100)
    assert [one.user.id for one in rest] == [fans[2], fans[1], fans[0]]
    assert [one.user.is_cached for one in rest] == [True, True, False]
    await posts_database.sql.execute("UPDATE post_likes SET created_at = '2026-01-01'")
    whole = [one.id for one in await reactions.likes(post_id, None, [hidden], 100)]
    assert whole == sorted(whole, reverse=True)
    seen: list[str] = []
    before: PageKey | None = None
    while some := await reactions.likes(post_id, before, [hidden], 2):
        seen += [one.id for one in some]
        before = page_key(some[-1])
    assert seen == whole


async def test_reactions_are_deleted_with_their_post(
    posts_database: ServiceDatabase, posts: PostgresPosts, reactions: PostgresReactions, post_id: str
) -> None:
    """None is found afterwards."""
    ana = random_id()
    await reactions.like(post_id, ana)
    comment_id = await reactions.comment(post_id, ana, "so", None)
    assert await posts.delete(post_id, (await posts.owners([post_id]))[post_id].author_id)
    assert await reactions.find_comment(comment_id) is None
    left = "SELECT (SELECT count(*) FROM post_likes) + (SELECT count(*) FROM comments)"
    assert await posts_database.sql.fetchval(left) == 0
