"""Replaying and deleting dead letters, and resetting consumers."""

import uuid

import asyncpg
import msgspec

from server.operator_services import OperatorServices

INSERT_DEAD_LETTER = """
INSERT INTO dead_letters (consumer, event_id, key, type, payload, reason, happened_at)
VALUES ($1, $2, 'k', $3, $4, 'Bad', now())
"""


async def insert_dead_letter(
    url: str, consumer: str, event_id: int, event_type: str, payload: object
) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            INSERT_DEAD_LETTER, consumer, event_id, event_type, msgspec.json.encode(payload).decode()
        )
    finally:
        await connection.close()


async def test_replayed_dead_letter_is_deleted(
    operations: OperatorServices, own_databases: dict[str, str]
) -> None:
    """A dead letter that succeeds on replay has its effect and is deleted."""
    author = str(uuid.uuid4())
    post = {"id": str(uuid.uuid4()), "author_id": author, "created_us": 1, "posts_count": 5}
    await insert_dead_letter(own_databases["social"], "social.posts_count", 7, "post.created", post)

    results = await operations.replay.replay_all()

    assert [result.failure for result in results] == [None]
    assert await operations.replay.list_dead_letters() == []
    counts = await operations.doctor.inputs.social_audit.page_posts_counts("", 10)
    assert [(entry.user_id, entry.posts_count) for entry in counts] == [(author, 5)]


async def test_failing_dead_letter_is_kept(
    operations: OperatorServices, own_databases: dict[str, str]
) -> None:
    """A dead letter that fails again is kept with its error, and can be deleted manually."""
    await insert_dead_letter(own_databases["social"], "social.posts_count", 7, "post.created", {"id": 1})
    await insert_dead_letter(own_databases["posts"], "nobody.any_more", 8, "post.created", {})

    failures = {
        result.dead_letter.consumer: result.failure for result in await operations.replay.replay_all()
    }

    assert failures == {
        "social.posts_count": "ValidationError",
        "nobody.any_more": "the consumer no longer exists",
    }
    dead_letters = await operations.replay.list_dead_letters()
    assert len(dead_letters) == 2
    await operations.replay.delete_dead_letter("posts", dead_letters[1].id)
    assert [dead_letter.consumer for dead_letter in await operations.replay.list_dead_letters()] == [
        "social.posts_count"
    ]


async def test_reset_consumer_moves_its_cursor_to_the_start(
    operations: OperatorServices, own_databases: dict[str, str]
) -> None:
    """A reset moves the cursor to the start; an unknown consumer is reported."""
    connection = await asyncpg.connect(own_databases["social"])
    try:
        await connection.execute(
            "INSERT INTO cursors (consumer, source, xid, id) VALUES ('social.posts_count', 's', '9', 4)"
        )
        assert await operations.replay.reset_consumer("social.posts_count")
        cursor = await connection.fetchrow("SELECT source, id FROM cursors")
    finally:
        await connection.close()

    assert cursor is not None
    assert tuple(cursor) == ("s", 0)
    assert not await operations.replay.reset_consumer("nobody.at_all")
