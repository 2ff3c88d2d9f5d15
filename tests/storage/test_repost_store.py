"""Contract of `RepostStore`, and of reposts in `PostStore` and `FeedPosts`."""

import asyncio

import pytest

from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.posts import (
    FOLLOWERS,
    PUBLIC,
    EditOutcome,
    NewPostRecord,
    OriginalPost,
    PostChange,
    PostOwner,
    PostRecord,
    TextReferences,
)
from storage.errors import Conflict, Missing
from storage.postgres import posts as posts_module
from storage.postgres.audit import PostgresPostsAudit
from storage.postgres.migrations import load_routines
from storage.postgres.post_edits import PostgresPostEdits
from storage.postgres.posts import PostgresPosts
from storage.postgres.reposts import PostgresReposts
from tests.storage.service_database import ServiceDatabase, random_id, sorted_random_ids


@pytest.fixture
def reposts(posts_database: ServiceDatabase) -> PostgresReposts:
    return PostgresReposts(posts_database.instance_a.pool, posts_database.instance_a.idempotency_keys)


@pytest.fixture
def audit(posts_database: ServiceDatabase) -> PostgresPostsAudit:
    return PostgresPostsAudit(posts_database.instance_a.pool)


async def get(posts: PostgresPosts, post_id: str, viewer_id: str) -> PostRecord | None:
    found = await posts.find([post_id], viewer_id)
    return found[0] if found else None


async def counts(posts: PostgresPosts, post_id: str, viewer_id: str) -> tuple[int, bool]:
    record = await get(posts, post_id, viewer_id)
    assert record is not None
    return record.repost_count, record.reposted_by_me


async def test_reposts_of_a_hidden_post_are_gone(posts: PostgresPosts, reposts: PostgresReposts) -> None:
    """Until it is restored. A quote stays without it; a hidden quote is found with its original."""
    ana, ben, cyd = sorted_random_ids(3)
    post_id = await posts.create(NewPostRecord(ana, "hello"), None)
    repost_id = await reposts.repost(post_id, ben, None)
    quote_id = await posts.create(NewPostRecord(ben, "look", quote_of_id=post_id), None)
    await posts.set_hidden(post_id, hidden=True)
    assert await get(posts, repost_id, ben) is None
    assert list(await posts.owners([post_id, repost_id, quote_id])) == [quote_id]
    quote = await get(posts, quote_id, cyd)
    assert quote is not None
    assert quote.original is None
    assert await reposts.reposts_among([repost_id, quote_id]) == set()
    hidden = await posts.find_hidden(post_id, ana)
    assert hidden is not None
    assert (hidden.repost_count, hidden.hidden_at is None) == (2, False)
    await posts.set_hidden(post_id, hidden=False)
    await posts.set_hidden(quote_id, hidden=True)
    assert await get(posts, repost_id, cyd) is not None
    hidden_quote = await posts.find_hidden(quote_id, ben)
    assert hidden_quote is not None
    assert hidden_quote.original == OriginalPost(post_id, ana, PUBLIC)


async def test_a_user_reposts_a_post_once(posts: PostgresPosts, reposts: PostgresReposts) -> None:
    """Also at the same time; it has no text and knows its original, which counts it."""
    ana, ben, cyd = sorted_random_ids(3)
    post_id = await posts.create(NewPostRecord(ana, "hello"), None)
    first, *others = await asyncio.gather(*(reposts.repost(post_id, ben, None) for _ in range(5)))
    assert set(others) == {first}
    record = await get(posts, first, cyd)
    assert record is not None
    original = OriginalPost(post_id, ana, PUBLIC)
    assert (record.content, record.is_repost, record.original) == ("", True, original)
    assert record.author.id == ben
    assert (await counts(posts, post_id, ben), await counts(posts, post_id, cyd)) == ((1, True), (1, False))
    assert await posts.owners([first]) == {first: PostOwner(ben, PUBLIC, original)}
    assert not await reposts.remove(post_id, cyd)
    assert await reposts.remove(post_id, ben)
    assert not await reposts.remove(post_id, ben)
    assert await counts(posts, post_id, ben) == (0, False)
    again = await reposts.repost(post_id, ben, None)
    assert await reposts.remove(again, ben)


async def test_repost_of_a_repost_or_of_nothing_raises_missing(
    posts_database: ServiceDatabase, posts: PostgresPosts, reposts: PostgresReposts
) -> None:
    """And of a hidden post; nothing is written."""
    ana, ben = sorted_random_ids(2)
    post_id = await posts.create(NewPostRecord(ana, "hello"), None)
    repost_id = await reposts.repost(post_id, ben, None)
    hidden = await posts.create(NewPostRecord(ana, "hidden"), None)
    await posts.set_hidden(hidden, hidden=True)
    for bad in (repost_id, hidden, random_id(), "no id", ""):
        with pytest.raises(Missing):
            await reposts.repost(bad, ana, None)
        with pytest.raises(Missing):
            await posts.create(NewPostRecord(ana, "look", quote_of_id=bad), None)
        assert not await reposts.remove(bad, ana)
    assert await posts_database.sql.fetchval("SELECT count(*) FROM posts") == 3


async def test_quotes_are_posts_about_another_one(
    posts: PostgresPosts, reposts: PostgresReposts, audit: PostgresPostsAudit
) -> None:
    """Any number per user, with references; removing a repost keeps them."""
    ana, ben = sorted_random_ids(2)
    post_id = await posts.create(NewPostRecord(ana, "hello"), None)
    moss = TextReferences((ana,), ("moss",), ("moss",))
    made = [
        await posts.create(NewPostRecord(ben, f"look {number}", quote_of_id=post_id, references=moss), None)
        for number in range(2)
    ]
    record = await get(posts, made[0], ana)
    assert record is not None
    assert (record.content, record.is_repost, record.original) == (
        "look 0",
        False,
        OriginalPost(post_id, ana, PUBLIC),
    )
    assert (record.mention_ids, record.tags) == ((ana,), ("moss",))
    assert [one.id for one in await posts.by_tag("moss", None, ana, (), 10)] == made[::-1]
    assert await counts(posts, post_id, ben) == (2, False)
    assert not await reposts.remove(post_id, ben)
    assert await posts.delete(made[0], ben)
    assert await counts(posts, post_id, ben) == (1, False)
    assert await posts.create(NewPostRecord(ana, "a quote of a quote", quote_of_id=made[1]), None)
    assert await audit.count_mismatches() == 0


async def test_idempotency_keys_hold_for_reposts_and_quotes(
    posts: PostgresPosts, reposts: PostgresReposts
) -> None:
    """The same key returns the first; with another request it is a conflict."""
    ana, ben = sorted_random_ids(2)
    post_id = await posts.create(NewPostRecord(ana, "hello"), None)
    key, other = IdempotencyKey("a key", "digest"), IdempotencyKey("a key", "other")
    first = await posts.create(NewPostRecord(ben, "look", quote_of_id=post_id), key)
    assert await posts.create(NewPostRecord(ben, "look", quote_of_id=post_id), key) == first
    with pytest.raises(Conflict, match="idempotency_keys"):
        await reposts.repost(post_id, ben, other)


async def test_deletion_removes_reposts_and_keeps_quotes(
    posts_database: ServiceDatabase,
    posts: PostgresPosts,
    reposts: PostgresReposts,
    audit: PostgresPostsAudit,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In several steps if there are many reposts; the quotes have no original then."""
    monkeypatch.setattr(posts_module, "DELETE_REPOSTS_ROWS", 2)
    ana, ben, *fans = sorted_random_ids(7)
    post_id = await posts.create(NewPostRecord(ana, "hello"), None)
    made = [await reposts.repost(post_id, fan, None) for fan in fans]
    quote = await posts.create(NewPostRecord(ben, "look", quote_of_id=post_id), None)
    assert not await posts.delete(post_id, ben)
    assert (await counts(posts, post_id, ana))[0] == 6
    assert await posts.delete(post_id, ana)
    assert await posts.find(made, ana) == []
    record = await get(posts, quote, ana)
    assert record is not None
    assert (record.content, record.original) == ("look", None)
    assert await audit.count_mismatches() == 0
    deleted = await posts_database.outbox_rows("post.deleted")
    assert {row.payload["id"] for row in deleted} == {*made, post_id}


async def test_deleted_user_leaves_no_reposts(
    posts: PostgresPosts, reposts: PostgresReposts, audit: PostgresPostsAudit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither theirs nor those of their posts."""
    monkeypatch.setattr(posts_module, "DELETE_REPOSTS_ROWS", 2)
    ana, ben, cyd = sorted_random_ids(3)
    own = [await posts.create(NewPostRecord(ana, "hello"), None) for _ in range(3)]
    other = await posts.create(NewPostRecord(ben, "hello"), None)
    of_ana = [await reposts.repost(post_id, fan, None) for post_id in own for fan in (ben, cyd)]
    await reposts.repost(other, ana, None)
    await posts.create(NewPostRecord(ana, "look", quote_of_id=other), None)
    await posts.remove_user(ana)
    assert await posts.find([*own, *of_ana], ben) == []
    assert await counts(posts, other, ben) == (0, False)
    assert await audit.count_mismatches() == 0


async def test_reposts_of_a_hidden_post_are_hidden(posts: PostgresPosts, reposts: PostgresReposts) -> None:
    """In every list; quotes stay without it, and it comes back with it."""
    ana, ben, cyd = sorted_random_ids(3)
    post_id = await posts.create(NewPostRecord(ana, "hello"), None)
    repost = await reposts.repost(post_id, ben, None)
    quote = await posts.create(NewPostRecord(ben, "look", quote_of_id=post_id), None)
    for hidden in (True, False):
        await posts.set_hidden(post_id, hidden=hidden)
        expected = [quote] if hidden else [quote, repost]
        lists = (
            await posts.by_author(ben, None, cyd, [PUBLIC], 10),
            await posts.newest([], [ben], None, cyd, (), 10),
            await posts.newest([quote, repost], [], None, cyd, (), 10),
        )
        assert [[one.id for one in found] for found in lists] == [expected] * 3
        record = await get(posts, quote, cyd)
        assert record is not None
        assert record.original == (None if hidden else OriginalPost(post_id, ana, PUBLIC))
        assert (await get(posts, repost, cyd) is None, await posts.owners([repost]) == {}) == (hidden,) * 2
        assert await reposts.reposts_among([repost, quote, post_id]) == (set() if hidden else {repost, quote})


async def test_reposts_of_excluded_users_are_left_out(posts: PostgresPosts, reposts: PostgresReposts) -> None:
    """Quotes are not. Public posts and feeds for other readers have no reposts at all."""
    ana, ben, cyd = sorted_random_ids(3)
    post_id = await posts.create(NewPostRecord(ana, "hello"), None)
    repost = await reposts.repost(post_id, ben, None)
    quote = await posts.create(NewPostRecord(ben, "look", quote_of_id=post_id), None)
    for found in (
        await posts.by_author(ben, None, cyd, [PUBLIC], 10, with_reposts=False),
        await posts.newest([repost], [ben], None, cyd, [ana], 10),
        await posts.newest_public(None, cyd, [ana], 10),
    ):
        assert [one.id for one in found] == [quote]
    assert [one.id for one in await posts.newest_public(None, cyd, (), 10)] == [quote, post_id]


async def test_reposts_are_published_to_the_author(
    posts_database: ServiceDatabase, posts: PostgresPosts, reposts: PostgresReposts
) -> None:
    """While they are visible; not own ones, and not with the original."""
    ana, ben = sorted_random_ids(2)
    post_id = await posts.create(NewPostRecord(ana, "hello"), None)
    await reposts.repost(post_id, ana, None)
    repost = await reposts.repost(post_id, ben, None)
    quote = await posts.create(NewPostRecord(ben, "look", quote_of_id=post_id), None)
    await posts.set_hidden(quote, hidden=True)
    await posts.set_hidden(quote, hidden=False)
    await reposts.remove(post_id, ben)
    await posts.delete(post_id, ana)
    received = await posts_database.outbox_rows("post.reposted", "post.unreposted")
    assert [(row.type, row.payload["id"], row.payload["is_quote"]) for row in received] == [
        ("post.reposted", repost, False),
        ("post.reposted", quote, True),
        ("post.unreposted", quote, True),
        ("post.reposted", quote, True),
        ("post.unreposted", repost, False),
    ]
    assert {
        (row.payload["post_id"], row.payload["author_id"], row.payload["user_id"]) for row in received
    } == {(post_id, ana, ben)}


async def test_reposts_cannot_be_edited(
    posts_database: ServiceDatabase, posts: PostgresPosts, reposts: PostgresReposts
) -> None:
    """Quotes can, and still quote the same post."""
    ana, ben = sorted_random_ids(2)
    post_id = await posts.create(NewPostRecord(ana, "hello"), None)
    edits = PostgresPostEdits(posts_database.instance_a.pool, 900, 50)
    repost = await reposts.repost(post_id, ben, None)
    quote = await posts.create(NewPostRecord(ben, "look", quote_of_id=post_id), None)
    assert await edits.edit(repost, ben, PostChange("text")) == EditOutcome.IS_REPOST
    assert await edits.edit(quote, ben, PostChange("text")) == EditOutcome.DONE
    record = await get(posts, quote, ana)
    assert record is not None
    assert (record.content, record.original) == ("text", OriginalPost(post_id, ana, PUBLIC))


async def test_only_reposts_that_everyone_sees_are_counted(
    posts_database: ServiceDatabase, posts: PostgresPosts, reposts: PostgresReposts, audit: PostgresPostsAudit
) -> None:
    """Not hidden ones, nor quotes for followers; also if they are restored, or deleted while hidden."""
    ana, ben, cyd = sorted_random_ids(3)
    post_id = await posts.create(NewPostRecord(ana, "hello"), None)
    repost = await reposts.repost(post_id, ben, None)
    quote = await posts.create(NewPostRecord(ben, "look", quote_of_id=post_id), None)
    private = await posts.create(NewPostRecord(ben, "psst", quote_of_id=post_id, visibility=FOLLOWERS), None)
    assert (await counts(posts, post_id, cyd))[0] == 2
    expected = {(repost, True): 1, (quote, True): 0, (private, True): 0, (repost, False): 1}
    for (hidden_id, hidden), count in expected.items():
        for _ in range(2):
            await posts.set_hidden(hidden_id, hidden=hidden)
            assert (await counts(posts, post_id, cyd))[0] == count
            assert await audit.count_mismatches() == 0
    assert await posts.delete(quote, ben)
    assert await posts.delete(private, ben)
    assert (await counts(posts, post_id, cyd))[0] == 1
    await posts.create(NewPostRecord(cyd, "psst", quote_of_id=post_id, visibility=FOLLOWERS), None)
    await posts.remove_user(ana)
    assert await posts.find([repost, post_id], cyd) == []
    assert await audit.count_mismatches() == 0


async def test_counts_of_earlier_versions_are_corrected(
    posts_database: ServiceDatabase, posts: PostgresPosts, reposts: PostgresReposts
) -> None:
    """When the trigger is replaced: they counted hidden reposts."""
    ana, ben, cyd = sorted_random_ids(3)
    post_id = await posts.create(NewPostRecord(ana, "hello"), None)
    await reposts.repost(post_id, ben, None)
    await posts.set_hidden(await reposts.repost(post_id, cyd, None), hidden=True)
    await posts_database.sql.execute("UPDATE posts SET repost_count = 2 WHERE id = $1", post_id)
    (trigger,) = (one for one in load_routines("posts") if one.name == "posts/triggers/repost_counts")
    await posts_database.sql.execute(trigger.text)
    assert (await counts(posts, post_id, ana))[0] == 1


async def test_hiding_a_repost_waits_for_its_original(
    posts_database: ServiceDatabase, posts: PostgresPosts, reposts: PostgresReposts
) -> None:
    """And holds no lock on the repost meanwhile, which the deletion of the original takes next."""
    ana, ben = sorted_random_ids(2)
    post_id = await posts.create(NewPostRecord(ana, "hello"), None)
    repost = await reposts.repost(post_id, ben, None)
    connection = await posts_database.connection()
    async with connection.transaction():
        await connection.execute("SELECT FROM posts WHERE id = $1 FOR UPDATE", post_id)
        hiding = await posts_database.start_until_blocked(posts.set_hidden(repost, hidden=True))
        await connection.execute("SELECT FROM posts WHERE id = $1 FOR UPDATE NOWAIT", repost)
    assert await hiding
    assert (await counts(posts, post_id, ana))[0] == 0
