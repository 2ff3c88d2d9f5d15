"""Counts of likes, comments and posts equal the rows at every commit."""

import asyncio
import contextlib
import random
from typing import ClassVar

import pytest

from storage.contracts.posts import NewPostRecord
from storage.errors import Missing
from storage.postgres.audit import PostgresPostsAudit
from storage.postgres.comment_likes import PostgresCommentLikes
from storage.postgres.contents import PostgresContents
from storage.postgres.posts import PostgresPosts
from storage.postgres.reactions import PostgresReactions
from storage.postgres.reposts import PostgresReposts
from storage.postgres.statement import load_statement
from tests.storage.service_database import ServiceDatabase, ServiceInstance, random_id, sorted_random_ids

LIKE = load_statement("posts", "reactions", "like_insert").text
HIDE = load_statement("posts", "contents", "post_set_hidden").text


@pytest.fixture
def audit(posts_database: ServiceDatabase) -> PostgresPostsAudit:
    return PostgresPostsAudit(posts_database.instance_a.pool)


class RandomWriter:
    """A user who likes, comments, replies, reposts and deletes until stopped."""

    comments: ClassVar[list[tuple[str, str]]] = []
    """(post id, comment id) of all writers."""

    def __init__(self, number: int, instance: ServiceInstance, post_ids: list[str], author_id: str) -> None:
        self._random = random.Random(number)
        self._posts = PostgresPosts(instance.pool, instance.idempotency_keys)
        self._reactions = PostgresReactions(instance.pool, instance.idempotency_keys)
        self._comment_likes = PostgresCommentLikes(instance.pool)
        self._comments = PostgresContents.for_comments(instance.pool)
        self._reposts = PostgresReposts(instance.pool, instance.idempotency_keys)
        self._post_ids = post_ids
        self._author_id = author_id
        self._user_id = random_id()
        self._comment_ids: list[str] = []
        self._own_posts: list[str] = []

    async def run(self, times: int) -> None:
        for _ in range(times):
            post_id = self._random.choice(self._post_ids)
            try:
                await self._write_once(post_id)
            except Missing:
                assert not await self._posts.owners([post_id])

    async def _write_once(self, post_id: str) -> None:
        match self._random.randrange(35):
            case 0:
                await self._posts.delete(post_id, self._author_id)
            case 1:
                self._post_ids.append(await self._posts.create(NewPostRecord(self._author_id, "new"), None))
            case 2:
                await self._posts.set_hidden(post_id, hidden=self._random.random() < 0.5)
            case n if n < 9:
                await self._reactions.like(post_id, self._user_id)
            case n if n < 12:
                await self._reactions.unlike(post_id, self._user_id)
            case n if n < 17 or not self._comment_ids:
                self._comment_ids.append(await self._reactions.comment(post_id, self._user_id, "so", None))
                self.comments.append((post_id, self._comment_ids[-1]))
            case n if n >= 30:
                await self._write_repost(post_id)
            case n if n < 27:
                await self._react_to_comment(*self._random.choice(self.comments))
            case _:
                await self._reactions.delete_comment(self._comment_ids.pop(), self._user_id)

    async def _write_repost(self, post_id: str) -> None:
        with contextlib.suppress(Missing):
            match self._random.randrange(4):
                case 0:
                    await self._reposts.remove(post_id, self._user_id)
                case 1:
                    self._own_posts.append(
                        await self._posts.create(
                            NewPostRecord(self._user_id, "so", quote_of_id=post_id), None
                        )
                    )
                case 2 if self._own_posts:
                    await self._posts.delete(self._own_posts.pop(), self._user_id)
                case _:
                    self._own_posts.append(await self._reposts.repost(post_id, self._user_id, None))

    async def _react_to_comment(self, post_id: str, comment_id: str) -> None:
        with contextlib.suppress(Missing):
            match self._random.randrange(6):
                case 4 | 5:
                    await self._comments.set_hidden(comment_id, hidden=self._random.random() < 0.5)
                case 0:
                    reply = await self._reactions.comment(
                        post_id, self._user_id, "so", None, parent_id=comment_id
                    )
                    self.comments.append((post_id, reply))
                case 1:
                    await self._comment_likes.unlike(comment_id, self._user_id)
                case _:
                    await self._comment_likes.like(comment_id, self._user_id)


async def test_counts_equal_rows_under_concurrent_writers(
    posts_database: ServiceDatabase, posts: PostgresPosts, audit: PostgresPostsAudit
) -> None:
    """50 writers on two instances like, comment, and hide and delete comments and posts."""
    ana = random_id()
    post_ids = [await posts.create(NewPostRecord(ana, f"post {number}"), None) for number in range(12)]
    instances = (posts_database.instance_a, await posts_database.instance())
    writers = [RandomWriter(number, instances[number % 2], post_ids, ana) for number in range(50)]
    written = asyncio.gather(*(writer.run(10) for writer in writers))
    looks = 0
    while not written.done():
        assert await audit.count_mismatches() == 0
        looks += 1
    await written
    assert looks > 0
    assert await audit.count_mismatches() == 0
    assert await posts_database.sql.fetchval(
        "SELECT sum(like_count) > 0 AND sum(comment_count) > 0 FROM posts"
    )


async def test_like_of_a_post_being_deleted_is_missing(
    posts_database: ServiceDatabase,
    posts: PostgresPosts,
    reactions: PostgresReactions,
    audit: PostgresPostsAudit,
) -> None:
    """It waits for the deletion; nothing of it stays."""
    ana, ben = sorted_random_ids(2)
    post_id = await posts.create(NewPostRecord(ana, "hello"), None)
    other_connection = await posts_database.connection()
    deleting = other_connection.transaction()
    await deleting.start()
    await other_connection.execute("DELETE FROM posts WHERE id = $1", post_id)
    like = await posts_database.start_until_blocked(reactions.like(post_id, ben))
    comment = await posts_database.start_until_blocked(reactions.comment(post_id, ben, "so", None), waiting=2)
    await deleting.commit()
    for one in (like, comment):
        with pytest.raises(Missing):
            await one
    assert await audit.count_mismatches() == 0
    assert await posts_database.outbox_rows("post.liked", "comment.created") == []


async def test_deletion_of_a_post_waits_for_a_like(
    posts_database: ServiceDatabase,
    posts: PostgresPosts,
    reactions: PostgresReactions,
    audit: PostgresPostsAudit,
) -> None:
    """The like is deleted with the post."""
    ana, ben = sorted_random_ids(2)
    post_id = await posts.create(NewPostRecord(ana, "hello"), None)
    other_connection = await posts_database.connection()
    liking = other_connection.transaction()
    await liking.start()
    await other_connection.execute(LIKE, post_id, ben)
    delete = await posts_database.start_until_blocked(posts.delete(post_id, ana))
    await liking.commit()
    assert await delete
    assert await posts_database.sql.fetchval("SELECT count(*) FROM post_likes") == 0
    assert await audit.count_mismatches() == 0
    assert not await reactions.unlike(post_id, ben)


@pytest.mark.parametrize("what", ["post_likes", "comments"])
async def test_unlike_locks_the_post_first(
    posts_database: ServiceDatabase, posts: PostgresPosts, reactions: PostgresReactions, what: str
) -> None:
    """It holds no lock that the deletion of the post needs, so the two do not deadlock."""
    ana, ben = sorted_random_ids(2)
    post_id = await posts.create(NewPostRecord(ana, "hello"), None)
    await reactions.like(post_id, ben)
    comment_id = await reactions.comment(post_id, ben, "so", None)
    other_connection = await posts_database.connection()
    for ends in (False, True):
        deleting = other_connection.transaction()
        await deleting.start()
        await other_connection.execute("SELECT FROM posts WHERE id = $1 FOR UPDATE", post_id)
        liked = what == "post_likes"
        taken = reactions.unlike(post_id, ben) if liked else reactions.delete_comment(comment_id, ben)
        back = await posts_database.start_until_blocked(taken)
        await other_connection.execute(f"SELECT FROM {what} WHERE post_id = $1 FOR UPDATE NOWAIT", post_id)
        if ends:
            await other_connection.execute("DELETE FROM posts WHERE id = $1", post_id)
        await deleting.commit()
        assert await back is not ends
        if not ends:
            await reactions.like(post_id, ben)
            comment_id = await reactions.comment(post_id, ben, "so", None)


async def test_concurrent_likes_of_one_user_count_once(
    posts_database: ServiceDatabase, posts: PostgresPosts, reactions: PostgresReactions
) -> None:
    """The second waits and changes nothing."""
    ana, ben = sorted_random_ids(2)
    post_id = await posts.create(NewPostRecord(ana, "hello"), None)
    other_connection = await posts_database.connection()
    liking = other_connection.transaction()
    await liking.start()
    await other_connection.execute(LIKE, post_id, ben)
    second = await posts_database.start_until_blocked(reactions.like(post_id, ben))
    await liking.commit()
    assert not await second
    assert [one.like_count for one in await posts.find([post_id], ben)] == [1]
    assert len(await posts_database.outbox_rows("post.liked")) == 1
