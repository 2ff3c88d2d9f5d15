"""Contract of `PostStore` and `FeedPosts`."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from storage.contracts.paging import PageKey, to_microseconds
from storage.contracts.posts import PUBLIC, NewPostRecord, PostKey, PostOwner, PostRecord
from storage.contracts.user_cache import UserCardRecord
from storage.errors import Conflict
from storage.postgres.posts import PostgresPosts
from storage.postgres.reactions import PostgresReactions
from tests.storage.service_database import ServiceDatabase, random_id, sorted_random_ids

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
ROCKET = "\N{ROCKET}"


def page_key(post: PostRecord) -> PageKey:
    return to_microseconds(post.created_at), post.id


async def insert_at_times(
    database: ServiceDatabase, authors: list[str], count: int, time_count: int
) -> list[PostKey]:
    """Insert posts of all these authors at few times; return them newest first, as they are listed."""
    rng = random.Random(count)
    for _ in range(count):
        await database.sql.execute(
            "INSERT INTO posts (author_id, content, created_at) VALUES ($1, 'p', $2)",
            rng.choice(authors),
            NEW_YEAR + timedelta(microseconds=rng.randrange(time_count)),
        )
    rows = await database.sql.fetch("SELECT id, author_id, created_at FROM posts")
    keys = [
        PostKey(to_microseconds(row["created_at"]), str(row["id"]), str(row["author_id"])) for row in rows
    ]
    return sorted(keys, key=lambda key: (key.created_us, key.id), reverse=True)


async def test_post_is_found_as_created(
    posts_database: ServiceDatabase, posts: PostgresPosts, reactions: PostgresReactions
) -> None:
    """With its author's card if cached, its counts, and whether the viewer likes it."""
    ana, ben, event = sorted_random_ids(3)
    await posts_database.cache_users(ana)
    post_id = await posts.create(NewPostRecord(ana, "hello", event_id=event), None)
    await reactions.like(post_id, ben)
    await reactions.comment(post_id, ben, "hello too", None)
    (seen,) = await posts.find([post_id], ben)
    assert seen.author == UserCardRecord(ana, f"u{ana[:8]}", is_cached=True)
    assert (seen.content, seen.event_id) == ("hello", event)
    assert (seen.like_count, seen.comment_count, seen.liked_by_me) == (1, 1, True)
    assert [one.liked_by_me for one in await posts.find([post_id], ana)] == [False]
    assert await posts.owners([post_id]) == {post_id: PostOwner(ana, PUBLIC)}
    (unknown,) = await posts.find([await posts.create(NewPostRecord(ben, "hi"), None)], ana)
    assert (unknown.author, unknown.event_id) == (UserCardRecord(ben), None)


async def test_unknown_and_malformed_ids_find_nothing(posts: PostgresPosts) -> None:
    """Neither is an error."""
    post_id = await posts.create(NewPostRecord(random_id(), "hello"), None)
    odd = [random_id(), "", "no id", post_id.upper(), post_id.replace("-", "")]
    assert await posts.find(odd, random_id()) == await posts.find([], random_id()) == []
    assert await posts.find([post_id, post_id, *odd], "no id") == await posts.find([post_id], random_id())
    for one in odd:
        assert not await posts.owners([one])
        assert not await posts.delete(one, random_id())
        assert not await posts.set_hidden(one, hidden=True)


async def test_content_is_limited_to_280_code_points(posts: PostgresPosts) -> None:
    """One more is rejected by the check and stores nothing."""
    ana = random_id()
    for sign in ("x", ROCKET):
        post_id = await posts.create(NewPostRecord(ana, sign * 280), None)
        assert (await posts.find([post_id], ana))[0].content == sign * 280
        with pytest.raises(Conflict, match="posts_content_check"):
            await posts.create(NewPostRecord(ana, sign * 281), None)
    assert len(await posts.by_author(ana, None, ana, [PUBLIC], 10)) == 2


async def test_only_the_author_deletes_a_post(posts: PostgresPosts) -> None:
    """Once."""
    ana, ben = sorted_random_ids(2)
    post_id = await posts.create(NewPostRecord(ana, "hello"), None)
    assert not await posts.delete(post_id, ben)
    assert await posts.delete(post_id, ana)
    assert not await posts.delete(post_id, ana)
    assert await posts.find([post_id], ana) == []


async def test_hidden_post_is_not_found(posts: PostgresPosts, reactions: PostgresReactions) -> None:
    """By any query, until it is unhidden."""
    ana, ben = sorted_random_ids(2)
    post_id = await posts.create(NewPostRecord(ana, "hello"), None)
    comment_id = await reactions.comment(post_id, ben, "hello too", None)
    before = await posts.find([post_id], ben)

    async def seen() -> list[object]:
        return [
            bool(await posts.find([post_id], ben)),
            bool(await posts.by_author(ana, None, ben, [PUBLIC], 10)),
            bool(await posts.newest([post_id], [], None, ben, (), 10)),
            bool(await posts.newest([], [ana], None, ben, (), 10)),
            bool(await posts.newest_keys([ana], 10)),
            bool(await posts.owners([post_id])),
            await reactions.find_comment(comment_id, random_id()) is not None,
        ]

    assert await posts.set_hidden(post_id, hidden=True)
    assert await seen() == [False] * 7
    assert await posts.set_hidden(post_id, hidden=False)
    assert await seen() == [True] * 7
    assert await posts.find([post_id], ben) == before


async def test_posts_of_an_author_are_paged_by_key(
    posts_database: ServiceDatabase, posts: PostgresPosts
) -> None:
    """Newest first, also with equal times; new posts shift no page."""
    ana, ben = sorted_random_ids(2)
    keys = await insert_at_times(posts_database, [ana, ben], 40, time_count=4)
    expected = [key.id for key in keys if key.author_id == ana]
    for limit in (1, 3, 7, 100):
        seen: list[str] = []
        before: PageKey | None = None
        while some := await posts.by_author(ana, before, ben, [PUBLIC], limit):
            seen += [one.id for one in some]
            before = page_key(some[-1])
            extra = await posts.create(NewPostRecord(ana, "meanwhile"), None)
            await posts.delete(extra, ana)
        assert seen == expected


@pytest.mark.parametrize("seed", range(3))
async def test_newest_equals_a_naive_computation(
    posts_database: ServiceDatabase, posts: PostgresPosts, seed: int
) -> None:
    """For any post ids and authors, from any position: each post once, newest first."""
    rng = random.Random(seed)
    authors = sorted_random_ids(5)
    keys = await insert_at_times(posts_database, authors, 60, time_count=6)
    hidden = set(rng.sample([key.id for key in keys], 6))
    for one in hidden:
        await posts.set_hidden(one, hidden=True)
    for _ in range(15):
        ids = rng.sample([key.id for key in keys], rng.randrange(30))
        of = rng.sample(authors, rng.randrange(4))
        place = rng.choice([None, *keys])
        limit = rng.randrange(1, 40)
        expected = [
            key.id
            for key in keys
            if (key.id in ids or key.author_id in of)
            and key.id not in hidden
            and (place is None or (key.created_us, key.id) < (place.created_us, place.id))
        ]
        before = (place.created_us, place.id) if place else None
        found = await posts.newest([*ids, "no id"], of, before, authors[0], (), limit)
        assert [one.id for one in found] == expected[:limit]


async def test_newest_keys_are_the_newest_of_all_authors(
    posts_database: ServiceDatabase, posts: PostgresPosts
) -> None:
    """With microseconds."""
    authors = sorted_random_ids(3)
    keys = await insert_at_times(posts_database, authors, 30, time_count=5)
    assert await posts.newest_keys(authors, 100) == keys
    assert await posts.newest_keys(authors, 7) == keys[:7]
    assert await posts.newest_keys(authors[:1], 100) == [key for key in keys if key.author_id == authors[0]]
    assert await posts.newest_keys([], 100) == await posts.newest_keys([random_id()], 100) == []


async def test_remove_user_deletes_all_rows_and_updates_counts(
    posts_database: ServiceDatabase,
    posts: PostgresPosts,
    reactions: PostgresReactions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Posts, comments and likes, in batches; idempotent."""
    monkeypatch.setattr("storage.postgres.posts.DELETE_BATCH_ROWS", 2)
    ana, ben = sorted_random_ids(2)
    kept = await posts.create(NewPostRecord(ben, "mine"), None)
    own = [await posts.create(NewPostRecord(ana, f"post {number}"), None) for number in range(5)]
    await posts.set_hidden(own[0], hidden=True)
    for post_id in (kept, *own):
        for user in (ana, ben):
            await reactions.like(post_id, user)
            await reactions.comment(post_id, user, "so", None)
    for _ in range(2):
        await posts.remove_user(ana)
        assert await posts.by_author(ana, None, ben, [PUBLIC], 10) == []
        (left,) = await posts.by_author(ben, None, ben, [PUBLIC], 10)
        assert (left.like_count, left.comment_count) == (1, 1)
        assert [one.author.id for one in await reactions.comments(kept, None, random_id(), (), 10)] == [ben]
    for table in ("posts", "post_likes", "comments"):
        assert await posts_database.sql.fetchval(f"SELECT count(*) FROM {table}") == 1
