"""Domain events of the Post service and their order."""

import asyncio
import itertools

import pytest

from storage.contracts.posts import PUBLIC, MentionKey, NewPostRecord, TextReferences
from storage.postgres.audit import PostgresPostsAudit
from storage.postgres.posts import PostgresPosts
from storage.postgres.reactions import PostgresReactions
from storage.postgres.statement import load_statement
from tests.storage.service_database import OutboxRow, ServiceDatabase, random_id, sorted_random_ids

POST = load_statement("posts", "posts", "post_insert").text
HIDE = load_statement("posts", "contents", "post_set_hidden").text


@pytest.fixture
def audit(posts_database: ServiceDatabase) -> PostgresPostsAudit:
    return PostgresPostsAudit(posts_database.instance_a.pool)


def event_counts(rows: list[OutboxRow]) -> list[tuple[str, int]]:
    return [(one.type, one.payload["posts_count"]) for one in rows]


async def test_post_events_carry_the_posts_count(
    posts_database: ServiceDatabase, posts: PostgresPosts, audit: PostgresPostsAudit
) -> None:
    """A hidden post is not counted; a change without effect publishes nothing."""
    ana = random_id()
    one = await posts.create(NewPostRecord(ana, "one"), None)
    two = await posts.create(NewPostRecord(ana, "two"), None)
    for hidden in (True, True, False, False, True):
        await posts.set_hidden(one, hidden=hidden)
    await posts.delete(one, ana)
    await posts.delete(two, ana)
    received = await posts_database.outbox_rows()
    assert event_counts(received) == [
        ("post.created", 1),
        ("post.created", 2),
        ("post.deleted", 1),
        ("post.created", 2),
        ("post.deleted", 1),
        ("post.deleted", 0),
    ]
    assert {one.key for one in received} == {ana}
    assert [one.payload["id"] for one in received] == [one, two, one, one, one, two]
    assert await audit.posts_counts([ana, random_id()]) == {ana: 0}


async def test_post_events_carry_microseconds(posts_database: ServiceDatabase, posts: PostgresPosts) -> None:
    """A timeline built from events has the same keys as one read from the store."""
    ana = random_id()
    for _ in range(20):
        await posts.create(NewPostRecord(ana, "one"), None)
    received = {one.payload["id"]: one.payload["created_us"] for one in await posts_database.outbox_rows()}
    assert received == {key.id: key.created_us for key in await posts.newest_keys([ana], 100)}


async def test_events_of_one_author_have_ids_in_commit_order(
    posts_database: ServiceDatabase, posts: PostgresPosts
) -> None:
    """A change waits for a concurrent one before it takes an id, also if it started first."""
    ana, ben = sorted_random_ids(2)
    hidden = await posts.create(NewPostRecord(ana, "to be hidden"), None)
    early, late = await posts_database.connection(), await posts_database.connection()
    hiding, posting = early.transaction(), late.transaction()
    await hiding.start()
    await early.execute("SELECT pg_current_xact_id()")
    await posting.start()
    await late.execute(POST, ana, "first", None, [], [], [], PUBLIC, None)
    hide = await posts_database.start_until_blocked(early.execute(HIDE, hidden, True))
    await posts.create(NewPostRecord(ben, "of somebody else"), None)
    await late.execute(POST, ana, "second", None, [], [], [], PUBLIC, None)
    await posting.commit()
    await hide
    await hiding.commit()
    received = [one for one in await posts_database.outbox_rows() if one.key == ana]
    assert event_counts(received) == [
        ("post.created", 1),
        ("post.created", 2),
        ("post.created", 3),
        ("post.deleted", 2),
    ]


async def test_published_counts_change_by_one(
    posts_database: ServiceDatabase, posts: PostgresPosts, audit: PostgresPostsAudit
) -> None:
    """In id order each count differs from the previous by one, under concurrent writers."""
    authors = sorted_random_ids(3)

    async def write(number: int) -> None:
        author = authors[number % 3]
        own = [await posts.create(NewPostRecord(author, "post"), None) for _ in range(3)]
        await posts.set_hidden(own[0], hidden=True)
        await posts.delete(own[number % 2], author)

    await asyncio.gather(*(write(number) for number in range(30)))
    for author in authors:
        received = [one for one in await posts_database.outbox_rows() if one.key == author]
        steps = [1 if one.type == "post.created" else -1 for one in received]
        assert [one.payload["posts_count"] for one in received] == list(itertools.accumulate(steps))
        assert await audit.posts_counts([author]) == {author: received[-1].payload["posts_count"]}
    assert await audit.count_mismatches() == 0


async def test_likes_and_comments_of_others_are_published(
    posts_database: ServiceDatabase, posts: PostgresPosts, reactions: PostgresReactions
) -> None:
    """And their deletions, but not with the post; own ones are not."""
    ana, ben = sorted_random_ids(2)
    post_id = await posts.create(NewPostRecord(ana, "hello"), None)
    for user in (ana, ben):
        await reactions.like(post_id, user)
        await reactions.unlike(post_id, user)
    comments = [await reactions.comment(post_id, user, "so", None) for user in (ana, ben)]
    for one in comments:
        await reactions.delete_comment(one, ana)
    unliked, deleted = await posts_database.outbox_rows("post.unliked", "comment.deleted")
    liked, stated = await posts_database.outbox_rows("post.liked", "comment.created")
    assert (unliked.key, unliked.payload) == (liked.key, liked.payload)
    assert (deleted.key, deleted.payload) == (stated.key, stated.payload)
    assert (liked.key, liked.payload) == (
        f"{post_id}:{ben}",
        {"post_id": post_id, "author_id": ana, "user_id": ben},
    )
    assert (stated.key, stated.payload) == (
        comments[1],
        {"id": comments[1], "post_id": post_id, "author_id": ana, "user_id": ben},
    )
    await reactions.like(post_id, ben)
    await reactions.comment(post_id, ben, "so", None)
    await posts.delete(post_id, ana)
    assert len(await posts_database.outbox_rows("post.unliked", "comment.deleted")) == 2


async def test_mentions_are_published_while_the_text_is_visible(
    posts_database: ServiceDatabase, posts: PostgresPosts, reactions: PostgresReactions
) -> None:
    """Not of the author's own name; in comments, not of the post's author, who hears of the comment."""
    ana, ben, cyd = sorted_random_ids(3)
    all_three = TextReferences((ana, ben, cyd))
    post = await posts.create(NewPostRecord(ana, "hello", references=all_three), None)
    comment = await reactions.comment(post, ben, "hello", None, all_three)
    await posts.set_hidden(post, hidden=True)
    await posts.set_hidden(post, hidden=False)
    keys = [MentionKey(post, None, cyd), MentionKey(post, comment, cyd)]
    assert await reactions.mentions_among([*keys, MentionKey(post, comment, random_id())]) == set(keys)
    await reactions.delete_comment(comment, ben)
    assert await reactions.mentions_among(keys) == {keys[0]}
    await posts.set_hidden(post, hidden=True)
    assert await reactions.mentions_among(keys) == set()
    received = [
        (one.type, one.payload["comment_id"], one.payload["user_id"])
        for one in await posts_database.outbox_rows()
        if one.type.startswith("mention.")
    ]
    of_post = [(None, ben), (None, cyd)]
    of_both = [*of_post, (comment, cyd)]
    assert len(received) == 12
    assert set(received[:3]) == {("mention.created", *mention) for mention in of_both}
    assert set(received[3:6]) == {("mention.deleted", *mention) for mention in of_both}
    assert set(received[6:9]) == {("mention.created", *mention) for mention in of_both}
    assert received[9] == ("mention.deleted", comment, cyd)
    assert set(received[10:]) == {("mention.deleted", *mention) for mention in of_post}
