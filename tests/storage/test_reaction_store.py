"""Contract of `ReactionStore` and `CommentLikeStore`."""

import msgspec
import pytest

from storage.contracts.paging import PageKey, to_microseconds
from storage.contracts.posts import NewPostRecord
from storage.contracts.reactions import CommentRecord, LikeRecord
from storage.contracts.user_cache import UserCardRecord
from storage.errors import Conflict, Missing
from storage.postgres.audit import PostgresPostsAudit
from storage.postgres.comment_likes import PostgresCommentLikes
from storage.postgres.contents import PostgresContents
from storage.postgres.posts import PostgresPosts
from storage.postgres.reactions import PostgresReactions
from tests.storage.service_database import ServiceDatabase, random_id, sorted_random_ids


@pytest.fixture
def comment_likes(posts_database: ServiceDatabase) -> PostgresCommentLikes:
    return PostgresCommentLikes(posts_database.instance_a.pool)


@pytest.fixture
async def post_id(posts: PostgresPosts) -> str:
    """A post of some user."""
    return await posts.create(NewPostRecord(random_id(), "hello"), None)


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
    assert await reactions.find_comment(unknown, random_id()) is None
    assert await reactions.likes(unknown, None, (), 10) == []
    assert await reactions.comments(unknown, None, random_id(), (), 10) == []
    assert await posts_database.outbox_rows() == []


async def test_comment_is_found_as_created(
    posts_database: ServiceDatabase, posts: PostgresPosts, reactions: PostgresReactions, post_id: str
) -> None:
    """With its author's card and the post's author; deleting it works once."""
    ana = random_id()
    await posts_database.cache_users(ana)
    comment_id = await reactions.comment(post_id, ana, "so", None)
    found = await reactions.find_comment(comment_id, random_id())
    assert found is not None
    assert (found.id, found.post_id, found.content) == (comment_id, post_id, "so")
    assert found.author == UserCardRecord(ana, f"u{ana[:8]}", is_cached=True)
    assert found.post_owner == (await posts.owners([post_id]))[post_id]
    assert not await reactions.delete_comment(comment_id, random_id())
    # Also of one that no read returns any more, so that watchers of the post learn of the deletion.
    await PostgresContents.for_comments(posts_database.instance_a.pool).set_hidden(comment_id, hidden=True)
    assert await reactions.delete_comment(comment_id, ana) == post_id
    assert not await reactions.delete_comment(comment_id, ana)
    assert await reactions.find_comment(comment_id, random_id()) is None
    assert [one.comment_count for one in await posts.find([post_id], ana)] == [0]


async def test_281_code_points_are_rejected(reactions: PostgresReactions, post_id: str) -> None:
    """By the check; 280 fit, whatever their size in bytes."""
    ana = random_id()
    await reactions.comment(post_id, ana, "\N{ROCKET}" * 280, None)
    with pytest.raises(Conflict, match="comments_content_check"):
        await reactions.comment(post_id, ana, "x" * 281, None)
    assert len(await reactions.comments(post_id, None, random_id(), (), 10)) == 1


async def test_comments_are_paged_oldest_first(
    posts_database: ServiceDatabase, reactions: PostgresReactions, post_id: str
) -> None:
    """By key, also with equal times, without excluded users; new ones shift no page."""
    ana, ben, hidden = sorted_random_ids(3)
    made = [await reactions.comment(post_id, who, "so", None) for who in (ana, hidden, ben, ana, ben, ana)]
    whole = [one.id for one in await reactions.comments(post_id, None, random_id(), (), 100)]
    assert whole == made
    await posts_database.sql.execute(
        "UPDATE comments SET created_at = '2026-01-01' WHERE id = ANY($1)", made[2:]
    )
    whole = [*sorted(made[2:]), made[0]]
    for limit in (1, 2, 5):
        seen: list[str] = []
        after: PageKey | None = None
        while len(seen) < 5:
            some = await reactions.comments(post_id, after, random_id(), [hidden], limit)
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
    for fan in (*fans, gone, hidden):
        await reactions.like(post_id, fan)
    await posts_database.cache_users(gone, deleted=True)
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


async def test_likes_of_comments_are_paged_newest_first(
    posts_database: ServiceDatabase,
    reactions: PostgresReactions,
    comment_likes: PostgresCommentLikes,
    post_id: str,
) -> None:
    """As those of posts: by key, without excluded and deleted users."""
    gone, hidden, *fans = sorted_random_ids(7)
    await posts_database.cache_users(*fans[1:])
    comment_id, other_id = [await reactions.comment(post_id, fans[0], "so", None) for _ in range(2)]
    await comment_likes.like(other_id, fans[0])
    for fan in (*fans, gone, hidden):
        await comment_likes.like(comment_id, fan)
    await posts_database.cache_users(gone, deleted=True)
    await posts_database.sql.execute(
        "UPDATE comment_likes SET created_at = '2026-01-01' WHERE user_id = ANY($1)", fans[:3]
    )
    seen: list[str] = []
    before: PageKey | None = None
    while some := await comment_likes.likes(comment_id, before, [hidden], 2):
        seen += [one.user.id for one in some]
        before = page_key(some[-1])
    assert (seen[:2], sorted(seen[2:])) == ([fans[4], fans[3]], fans[:3])
    assert await comment_likes.likes("no id", None, (), 10) == []


async def test_reactions_are_deleted_with_their_post(
    posts_database: ServiceDatabase, posts: PostgresPosts, reactions: PostgresReactions, post_id: str
) -> None:
    """None is found afterwards."""
    ana = random_id()
    await reactions.like(post_id, ana)
    comment_id = await reactions.comment(post_id, ana, "so", None)
    assert await posts.delete(post_id, (await posts.owners([post_id]))[post_id].author_id)
    assert await reactions.find_comment(comment_id, random_id()) is None
    left = "SELECT (SELECT count(*) FROM post_likes) + (SELECT count(*) FROM comments)"
    assert await posts_database.sql.fetchval(left) == 0


async def test_replies_have_one_level(
    posts: PostgresPosts, reactions: PostgresReactions, post_id: str
) -> None:
    """A reply to a reply has the same parent; replies are deleted with it and counted as comments."""
    ana, ben = sorted_random_ids(2)
    root = await reactions.comment(post_id, ana, "root", None)
    reply = await reactions.comment(post_id, ben, "reply", None, parent_id=root)
    second = await reactions.comment(post_id, ana, "second", None, parent_id=reply)
    found = {one.id: one for one in await reactions.comments(post_id, None, ana, (), 10)}
    assert [found[one].parent_id for one in (root, reply, second)] == [None, root, root]
    assert [found[one].parent_author_id for one in (root, reply, second)] == [None, ana, ana]
    assert [one.comment_count for one in await posts.find([post_id], ana)] == [3]
    assert [one.id for one in await reactions.comments(post_id, None, ben, [ana], 10)] == []
    assert await reactions.delete_comment(root, ana)
    assert await reactions.comments(post_id, None, ana, (), 10) == []
    assert [one.comment_count for one in await posts.find([post_id], ana)] == [0]


async def test_reply_to_a_comment_elsewhere_raises_missing(
    posts: PostgresPosts, reactions: PostgresReactions, post_id: str
) -> None:
    """For a comment of another post, a deleted one, and what is no id; nothing is written."""
    ana = random_id()
    other_post = await posts.create(NewPostRecord(ana, "other"), None)
    elsewhere = await reactions.comment(other_post, ana, "so", None)
    deleted = await reactions.comment(post_id, ana, "so", None)
    await reactions.delete_comment(deleted, ana)
    for parent_id in (elsewhere, deleted, random_id(), "no id", ""):
        with pytest.raises(Missing):
            await reactions.comment(post_id, ana, "reply", None, parent_id=parent_id)
    assert await reactions.comments(post_id, None, ana, (), 10) == []


async def test_a_hidden_comment_hides_its_replies_and_likes(
    posts_database: ServiceDatabase,
    posts: PostgresPosts,
    reactions: PostgresReactions,
    comment_likes: PostgresCommentLikes,
    post_id: str,
) -> None:
    """Its author and moderators still list them. They come back with it, but not what is hidden by itself."""
    ana, ben, cyd = sorted_random_ids(3)
    contents = PostgresContents.for_comments(posts_database.instance_a.pool)
    audit = PostgresPostsAudit(posts_database.instance_a.pool)
    root = await reactions.comment(post_id, ana, "root", None)
    replies = [await reactions.comment(post_id, ben, "reply", None, parent_id=root) for _ in range(2)]
    other = await reactions.comment(post_id, cyd, "other", None)
    likes = [(one, cyd) for one in (root, replies[0])]
    for one, user_id in likes:
        await comment_likes.like(one, user_id)

    async def visible_to(viewer_id: str, *, with_hidden: bool = False) -> list[str]:
        found = await reactions.comments(post_id, None, viewer_id, (), 10, with_hidden=with_hidden)
        return [one.id for one in found]

    async def counted() -> int:
        assert await audit.count_mismatches() == 0
        (post,) = await posts.find([post_id], ana)
        return post.comment_count

    assert await contents.set_hidden(root, hidden=True)
    assert await visible_to(ana) == await visible_to(cyd, with_hidden=True) == [root, *replies, other]
    assert await visible_to(ben) == await visible_to(cyd) == [other]
    for one in (root, *replies):
        assert await reactions.find_comment(one, ana) is None
        with pytest.raises(Missing):
            await reactions.comment(post_id, ben, "late", None, parent_id=one)
    assert await reactions.comments_among([root, *replies, other]) == {other}
    assert await comment_likes.likes_among(likes) == set()
    assert await counted() == 1
    await contents.set_hidden(replies[1], hidden=True)
    assert await counted() == 1
    await contents.set_hidden(root, hidden=False)
    assert await visible_to(cyd) == [root, replies[0], other]
    assert await comment_likes.likes_among(likes) == set(likes)
    assert await counted() == 3
    await contents.set_hidden(root, hidden=True)
    assert await reactions.delete_comment(root, ana)
    assert await counted() == 1


async def test_likes_of_comments_are_idempotent(
    reactions: PostgresReactions, comment_likes: PostgresCommentLikes, post_id: str
) -> None:
    """Each counts once, and is shown to its user only."""
    ana, ben = sorted_random_ids(2)
    comment_id = await reactions.comment(post_id, ana, "so", None)

    async def seen_by(user_id: str) -> tuple[int, bool]:
        (one,) = await reactions.comments(post_id, None, user_id, (), 10)
        found = await reactions.find_comment(comment_id, user_id)
        assert found is not None
        assert one == msgspec.structs.replace(found, post_owner=None)
        return one.like_count, one.liked_by_me

    for _ in range(2):
        assert await comment_likes.like(comment_id, ben)
        assert not await comment_likes.like(comment_id, ben)
        assert await comment_likes.likes_among([(comment_id, ben), (comment_id, ana)]) == {(comment_id, ben)}
        assert (await seen_by(ana), await seen_by(ben)) == ((1, False), (1, True))
        assert await comment_likes.unlike(comment_id, ben) == post_id
        assert not await comment_likes.unlike(comment_id, ben)
        assert await seen_by(ben) == (0, False)
    await comment_likes.like(comment_id, ben)
    await reactions.delete_comment(comment_id, ana)
    for bad in (comment_id, random_id(), "no id", ""):
        with pytest.raises(Missing):
            await comment_likes.like(bad, ben)
        assert not await comment_likes.unlike(bad, ben)
    assert await comment_likes.likes_among([(comment_id, ben)]) == set()
    assert await comment_likes.likes_among([]) == set()
