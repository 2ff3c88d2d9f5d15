"""Rows past their retention are deleted; all others stay."""

import uuid

import pytest
from bson.datetime_ms import DatetimeMS

from config.retention import CONVERSATION_KEY_RETENTION_S
from storage.embedded import StoreUrls
from storage.mongo.messaging import MongoMessaging
from storage.postgres.pruning import RETENTIONS, PostgresPrunableTable, Retention, prunable_tables
from tests.conftest import FreshDatabase
from tests.storage.service_database import ServiceDatabase

USER = "INSERT INTO users (id, email, username, password_hash) VALUES ($1, 'a@example.test', 'ana', '')"
# An export of another user: there is one for each.
EXPORT = """
    WITH u AS (
        INSERT INTO users (email, username, password_hash) VALUES ('e' || $2, 'u' || $2, '') RETURNING id
    ),
    e AS (
        INSERT INTO data_exports (user_id, state, expires_at)
        SELECT id, 'ready', now() - make_interval(secs => $3) FROM u WHERE $1::uuid IS NOT NULL
        RETURNING id
    )"""
# $1: user, $2: a text of its own, $3: seconds since the row lost its use.
INSERTS = {
    "user_sessions": """
        INSERT INTO user_sessions (user_id, token_hash, expires_at)
        VALUES ($1, $2, now() - make_interval(secs => $3))""",
    "mail_tokens": """
        INSERT INTO mail_tokens (user_id, token_hash, kind, email, expires_at)
        VALUES ($1, $2, 'reset', 'x', now() - make_interval(secs => $3))""",
    "reports": """
        INSERT INTO reports (reporter_id, kind, target_id, reason, resolution, resolved_at)
        VALUES ($1, 'user', $2, 'x', 'y', now() - make_interval(secs => $3))""",
    "idempotent_responses": """
        INSERT INTO idempotent_responses (user_id, key, digest, status, body, created_at)
        VALUES ($1, $2, '', 201, '', now() - make_interval(secs => $3))""",
    "data_exports": f"{EXPORT} SELECT id FROM e",
    "data_export_chunks": f"""
        {EXPORT} INSERT INTO data_export_chunks (export_id, attempt, number, data)
        SELECT id, 0, 0, 'x' FROM e""",
    "mutes": """
        INSERT INTO mutes (muter_id, muted_id, posts, notifications, expires_at)
        VALUES ($1, md5($2)::uuid, TRUE, TRUE, now() - make_interval(secs => $3))""",
    "conversation_requests": """
        INSERT INTO conversation_requests (recipient_id, conversation_id, actor_id, state, expires_at)
        VALUES ($1, $2, gen_random_uuid(), 'declined', now() - make_interval(secs => $3))""",
    "event_announcements": """
        WITH event AS (
            INSERT INTO events (creator_id, title, start_datetime, end_datetime, capacity)
            VALUES ($1, 'x', now(), now() + interval '1 hour', 1) RETURNING id
        )
        INSERT INTO event_announcements (event_id, author_id, content, created_at)
        SELECT id, $1, $2, now() - make_interval(secs => $3) FROM event""",
    "notification_sources": """
        INSERT INTO notification_sources (recipient_id, source, created_at)
        VALUES ($1, $2, now() - make_interval(secs => $3))""",
}


@pytest.mark.parametrize("retention", RETENTIONS, ids=lambda one: one.table)
async def test_old_rows_are_deleted_in_batches(fresh_database: FreshDatabase, retention: Retention) -> None:
    """At most as many as asked for; newer rows stay."""
    service, table, retention_s = retention.service, retention.table, retention.retention_s
    async with ServiceDatabase.open(fresh_database(service)) as database:
        user_id = uuid.uuid4()
        if service == "users":
            await database.sql.execute(USER, user_id)
        for number, age_s in enumerate([retention_s + 60] * 3 + [retention_s - 60, -60.0]):
            await database.sql.execute(INSERTS[table], user_id, f"{number}", age_s)
        pruned = next(
            one
            for one in prunable_tables(
                dict.fromkeys(("users", "social", "events", "notifications"), database.instance_a.pool)
            )
            if one.name == f"{service}.{table}"
        )
        assert [await pruned.prune(2) for _ in range(3)] == [2, 1, 0]
        assert await database.sql.fetchval(f"SELECT count(*) FROM {table}") == 2


async def test_old_dead_letters_are_deleted(social_database: ServiceDatabase) -> None:
    """Of every service."""
    for number, age in enumerate(("91 days", "1 day")):
        await social_database.sql.execute(
            """INSERT INTO dead_letters
                (consumer, event_id, key, type, payload, reason, happened_at, buried_at)
            VALUES ('c', $1, 'k', 't', '{}', 'r', now(), now() - $2::text::interval)""",
            number,
            age,
        )
    (pruned,) = [
        one
        for one in prunable_tables(
            dict.fromkeys(("users", "notifications", "events", "social"), social_database.instance_a.pool)
        )
        if one.name == "social.dead_letters"
    ]
    assert isinstance(pruned, PostgresPrunableTable)
    assert await pruned.prune(10) == 1
    assert await social_database.sql.fetchval("SELECT count(*) FROM dead_letters") == 1


async def test_old_conversation_keys_are_deleted(stores: StoreUrls) -> None:
    """Those of versions that stored no time are kept from now on."""
    store = await MongoMessaging.open(stores.mongo, f"pruning_{uuid.uuid4().hex[:8]}")
    try:
        await store.claim_idempotency_key("new", "digest")
        keys = store._idempotency_keys
        written = await keys.find_one({"_id": "new"})
        assert written is not None
        old = DatetimeMS(int(written["at"]) - round(CONVERSATION_KEY_RETENTION_S * 1000) - 60_000)
        await keys.insert_many([{"_id": f"old{number}", "digest": "d", "at": old} for number in range(3)])
        await keys.insert_one({"_id": "timeless", "digest": "d"})
        assert [await store.prunable_keys.prune(2) for _ in range(3)] == [2, 1, 0]
        kept = {key["_id"]: key async for key in keys.find({})}
        assert kept.keys() == {"new", "timeless"}
        assert int(kept["timeless"]["at"]) >= int(written["at"])
    finally:
        store.close()
