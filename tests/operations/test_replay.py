"""Dead letters, tried again or given up."""

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
    """What a consumer takes at the second try has its effect, and is no letter any more."""
    author = str(uuid.uuid4())
    post = {"id": str(uuid.uuid4()), "author_id": author, "created_us": 1, "posts_count": 5}
    await insert_dead_letter(own_databases["social"], "social.posts_count", 7, "post.created", post)

    replayed = await operations.replay.replay_all()

    assert [one.failure for one in replayed] == [None]
    assert await operations.replay.list_dead_letters() == []
    told = await operations.doctor.inputs.social_audit.page_posts_counts("", 10)
    assert [(one.user_id, one.posts_count) for one in told] == [(author, 5)]


async def test_failing_dead_letter_is_kept(
    operations: OperatorServices, own_databases: dict[str, str]
) -> None:
    """A letter is never dropped because it failed; it says how, and can be given up by hand."""
    await insert_dead_letter(own_databases["social"], "social.posts_count", 7, "post.created", {"id": 1})
    await insert_dead_letter(own_databases["posts"], "nobody.any_more", 8, "post.created", {})

    replayed = {one.dead_letter.consumer: one.failure for one in await operations.replay.replay_all()}

    assert replayed == {
        "social.posts_count": "ValidationError",
        "nobody.any_more": "there is no such consumer any more",
    }
    letters = await operations.replay.list_dead_letters()
    assert len(letters) == 2
    await operations.replay.delete_dead_letter("posts", letters[1].id)
    assert [one.consumer for one in await operations.replay.list_dead_letters()] == ["social.posts_count"]


async def test_reset_consumer_moves_its_cursor_to_the_start(
    operations: OperatorServices, own_databases: dict[str, str]
) -> None:
    """The place of a consumer goes back; of one that nobody knows, nothing is said to have happened."""
    connection = await asyncpg.connect(own_databases["social"])
    try:
        await connection.execute(
            "INSERT INTO cursors (consumer, source, xid, id) VALUES ('social.posts_count', 's', '9', 4)"
        )
        assert await operations.replay.reset_consumer("social.posts_count")
        moved = await connection.fetchrow("SELECT source, id FROM cursors")
    finally:
        await connection.close()

    assert moved is not None
    assert tuple(moved) == ("s", 0)
    assert not await operations.replay.reset_consumer("nobody.at_all")
