"""Changes of what there may be very many rows of: each statement changes a limited number of them.

A statement has a time limit. One that changes all rows, or all of a user, would fail where there are many, at
each attempt, and its consumer or job would not go on.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from storage.contracts.domain_events import Cursor
from storage.contracts.notification_mails import MailedNotifications
from storage.contracts.notification_preferences import NotificationPreferencesRecord
from storage.contracts.social import PostsCount
from storage.postgres.audiences import PostgresAudiences
from storage.postgres.notification_mails import PostgresNotificationMails
from storage.postgres.notification_preferences import PostgresNotificationPreferences
from storage.postgres.posts import PostgresPosts
from storage.postgres.social import PostgresSocial
from tests.storage.event_setup import EventSetup
from tests.storage.notification_setup import like_notification, make_notification_store
from tests.storage.service_database import ServiceDatabase, random_id, sorted_random_ids

BATCH_ROWS = 2
ROWS = 9
ROWS_PER_STATEMENT_MAX = 2 * BATCH_ROWS
LIMIT_ROWS = f"""
    CREATE OR REPLACE FUNCTION rows_limited() RETURNS TRIGGER AS $$
    BEGIN
        IF (SELECT count(*) FROM changed) > {ROWS_PER_STATEMENT_MAX} THEN
            RAISE EXCEPTION 'a statement changed too many rows';
        END IF;
        RETURN NULL;
    END
    $$ LANGUAGE plpgsql;
    CREATE OR REPLACE TRIGGER deletes_limited AFTER DELETE ON {{table}} REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION rows_limited();
    CREATE OR REPLACE TRIGGER updates_limited AFTER UPDATE ON {{table}} REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION rows_limited()
"""


DROP_LIMITS = """
    DROP TRIGGER deletes_limited ON {table};
    DROP TRIGGER updates_limited ON {table}
"""
LimitRows = Callable[..., Awaitable[None]]


@pytest.fixture
async def limit_rows() -> AsyncIterator[LimitRows]:
    """Return a function that lets every statement fail which deletes or updates more rows of the tables.

    Until the end of the test: the database is used by other tests.
    """
    limited: list[tuple[ServiceDatabase, str]] = []

    async def limit(database: ServiceDatabase, *tables: str) -> None:
        for table in tables:
            await database.sql.execute(LIMIT_ROWS.format(table=table))
            limited.append((database, table))

    yield limit
    for database, table in limited:
        await database.sql.execute(DROP_LIMITS.format(table=table))


async def count_rows(database: ServiceDatabase, *tables: str) -> dict[str, int]:
    return {table: await database.sql.fetchval(f"SELECT count(*) FROM {table}") for table in tables}


async def test_follows_and_blocks_of_a_user_are_deleted_in_batches(
    social_database: ServiceDatabase, monkeypatch: pytest.MonkeyPatch, limit_rows: LimitRows
) -> None:
    """Those in both directions."""
    monkeypatch.setattr("storage.postgres.social.DELETE_BATCH_ROWS", BATCH_ROWS)
    gone, kept = sorted_random_ids(2)
    social = PostgresSocial(social_database.instance_a.pool)
    for _ in range(ROWS):
        await social.follow(gone, random_id())
        await social.follow(random_id(), gone)
        await social.block(gone, random_id())
        await social.block(random_id(), gone)
    await social.follow(kept, random_id())
    await limit_rows(social_database, "follows", "blocks")
    await social_database.cache_users(gone, deleted=True)
    await social.remove_user(gone)
    assert await count_rows(social_database, "follows", "blocks") == {"follows": 1, "blocks": 0}
    assert (await social.stats(kept)).following_count == 1


async def test_likes_and_comments_of_a_user_are_deleted_in_batches(
    posts_database: ServiceDatabase, monkeypatch: pytest.MonkeyPatch, limit_rows: LimitRows
) -> None:
    """With the replies of others to the comments."""
    monkeypatch.setattr("storage.postgres.posts.DELETE_BATCH_ROWS", BATCH_ROWS)
    gone, kept = sorted_random_ids(2)
    sql = posts_database.sql
    for _ in range(ROWS):
        post_id = await sql.fetchval(
            "INSERT INTO posts (author_id, content) VALUES ($1, 'x') RETURNING id", kept
        )
        comment_id = await sql.fetchval(
            "INSERT INTO comments (post_id, author_id, content) VALUES ($1, $2, 'x') RETURNING id",
            post_id,
            gone,
        )
        await sql.execute(
            """
            INSERT INTO comments (post_id, author_id, content, parent_id, parent_author_id)
            VALUES ($1, $2, 'x', $3, $4)
            """,
            post_id,
            kept,
            comment_id,
            gone,
        )
        await sql.execute("INSERT INTO post_likes (post_id, user_id) VALUES ($1, $2)", post_id, gone)
        other_id = await sql.fetchval(
            "INSERT INTO comments (post_id, author_id, content) VALUES ($1, $2, 'x') RETURNING id",
            post_id,
            kept,
        )
        await sql.execute("INSERT INTO comment_likes (comment_id, user_id) VALUES ($1, $2)", other_id, gone)
    await limit_rows(posts_database, "post_likes", "comments", "comment_likes")
    await posts_database.cache_users(gone, deleted=True)
    instance = posts_database.instance_a
    await PostgresPosts(instance.pool, instance.idempotency_keys).remove_user(gone)
    expected = {"posts": ROWS, "post_likes": 0, "comments": ROWS, "comment_likes": 0}
    assert await count_rows(posts_database, *expected) == expected
    assert await sql.fetchval("SELECT sum(comment_count) FROM posts") == ROWS
    assert await sql.fetchval("SELECT sum(like_count) FROM posts") == 0


async def test_events_and_invites_of_a_user_are_deleted_in_batches(
    setup: EventSetup, monkeypatch: pytest.MonkeyPatch, limit_rows: LimitRows
) -> None:
    """Invites to the events of others remain if another user made them."""
    monkeypatch.setattr("storage.postgres.events.DELETE_BATCH_ROWS", BATCH_ROWS)
    monkeypatch.setattr("storage.postgres.events.DELETE_EVENTS_ROWS", BATCH_ROWS)
    gone, kept = sorted_random_ids(2)
    event_id = await setup.create_event(5, kept)
    for _ in range(ROWS):
        await setup.create_event(5, gone)
        invite = "INSERT INTO event_invites (event_id, user_id, inviter_id) VALUES ($1, $2, $3)"
        await setup.sql.execute(invite, event_id, random_id(), gone)
    await setup.sql.execute(invite, event_id, random_id(), kept)
    await limit_rows(setup.database, "events", "event_invites")
    await setup.database.cache_users(gone, deleted=True)
    await setup.events.remove_user(gone)
    expected = {"events": 1, "event_invites": 1}
    assert await count_rows(setup.database, *expected) == expected


async def test_notifications_of_a_user_are_removed_in_batches(
    notifications_database: ServiceDatabase, monkeypatch: pytest.MonkeyPatch, limit_rows: LimitRows
) -> None:
    """Those that the user had are deleted, those that the user caused lose their sender."""
    monkeypatch.setattr("storage.postgres.notifications.BATCH_ROWS", BATCH_ROWS)
    gone, kept = sorted_random_ids(2)
    store = make_notification_store(notifications_database.instance_a)
    for _ in range(ROWS):
        await store.add([like_notification(gone, kept, random_id())], None)
        await store.add([like_notification(kept, gone, random_id())], None)
    await limit_rows(notifications_database, "notifications", "notification_sources")
    await notifications_database.cache_users(gone, deleted=True)
    await store.remove_user(gone)
    expected = {"notifications": ROWS, "notification_sources": ROWS}
    assert await count_rows(notifications_database, *expected) == expected
    for table in expected:
        rows = await notifications_database.sql.fetch(f"SELECT sender_id, message FROM {table}")
        assert {(row["sender_id"], row["message"]) for row in rows} == {(None, "From a deleted account")}


async def test_notifications_between_two_users_are_withdrawn_in_batches(
    notifications_database: ServiceDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those that are one of a group; what others caused stays. All deleted ids are returned."""
    monkeypatch.setattr("storage.postgres.notifications.BATCH_ROWS", BATCH_ROWS)
    ana, ben, cai, post = sorted_random_ids(4)
    store = make_notification_store(notifications_database.instance_a)
    await store.add([like_notification(ana, cai, post)], None)
    for number in range(ROWS):
        await store.add([like_notification(ana, ben, post, f" {number}")], None)
        await store.add([like_notification(ana, ben, random_id())], None)
        await store.add([like_notification(ben, ana, random_id())], None)
    deleted = await store.remove_between(ben, ana)
    assert {user_id: len(set(ids)) for user_id, ids in deleted.items()} == {ana: ROWS, ben: ROWS}
    (kept,) = await store.page(ana, None, (), 100, unread_only=False)
    assert (kept.reference_id, kept.count, kept.message) == (post, 1, f"{cai[:8]} likes it")
    rows_by_transaction = await notifications_database.sql.fetch(
        "SELECT count(*) AS rows FROM notification_sources WHERE notification_id IS NULL GROUP BY xmin::text"
    )
    assert sum(row["rows"] for row in rows_by_transaction) == 3 * ROWS
    assert max(row["rows"] for row in rows_by_transaction) <= ROWS_PER_STATEMENT_MAX
    assert await store.remove_between(ana, ben) == {}


async def test_all_notifications_are_marked_as_read_in_batches(
    notifications_database: ServiceDatabase, monkeypatch: pytest.MonkeyPatch, limit_rows: LimitRows
) -> None:
    """The number is that of all."""
    monkeypatch.setattr("storage.postgres.notifications.BATCH_ROWS", BATCH_ROWS)
    ana, ben = sorted_random_ids(2)
    store = make_notification_store(notifications_database.instance_a)
    for _ in range(ROWS):
        await store.add([like_notification(ana, ben, random_id())], None)
    await limit_rows(notifications_database, "notifications")
    assert await store.mark_all_read(ana) == ROWS
    assert await store.unread_counts([ana]) == {}


async def test_due_mails_are_put_off_and_claimed_in_batches(
    notifications_database: ServiceDatabase, monkeypatch: pytest.MonkeyPatch, limit_rows: LimitRows
) -> None:
    """A claim returns the sum of all of them."""
    monkeypatch.setattr("storage.postgres.notification_mails.BATCH_ROWS", BATCH_ROWS)
    ana, ben = sorted_random_ids(2)
    instance = notifications_database.instance_a
    store, mails = make_notification_store(instance), PostgresNotificationMails(instance.pool)
    wanted = NotificationPreferencesRecord(channels={"LIKE": "mail"})
    await PostgresNotificationPreferences(instance.pool).replace(ana, wanted, [])
    for _ in range(ROWS):
        await store.add([like_notification(ana, ben, random_id())], None)
    await limit_rows(notifications_database, "notifications")
    assert [due.user_id for due in await mails.list_due(100)] == [ana]
    await mails.defer({ana: datetime.now(UTC) + timedelta(hours=1)})
    assert await mails.list_due(100) == []
    assert await mails.claim_due(ana) == [MailedNotifications("LIKE", "New like", ROWS)]
    assert await mails.claim_due(ana) == []


async def test_events_that_all_have_read_are_pruned_in_batches(
    social_database: ServiceDatabase, monkeypatch: pytest.MonkeyPatch, limit_rows: LimitRows
) -> None:
    """After a consumer was stopped for days; the number is that of all. Younger events stay."""
    monkeypatch.setattr("storage.postgres.outbox.BATCH_ROWS", BATCH_ROWS)
    outbox, sql = social_database.instance_a.outbox, social_database.sql
    insert = (
        "INSERT INTO outbox (key, type, payload, created_at) VALUES ('k', 'test', '{}', now() - $1::interval)"
    )
    for age_h in [*[48] * ROWS, *[1] * ROWS]:
        await sql.execute(insert, timedelta(hours=age_h))
    last = await sql.fetchrow("SELECT xid, id FROM outbox ORDER BY xid DESC, id DESC LIMIT 1")
    assert last is not None
    await outbox.save_reader_cursor("reader", Cursor("here", last["xid"], last["id"]))
    await limit_rows(social_database, "outbox")
    assert await outbox.prune(["reader"], 24 * 3600.0) == ROWS
    assert await outbox.prune(["reader"], 24 * 3600.0) == 0
    assert await count_rows(social_database, "outbox") == {"outbox": ROWS}


async def test_events_of_a_dump_get_transaction_ids_in_batches(
    social_database: ServiceDatabase, monkeypatch: pytest.MonkeyPatch, limit_rows: LimitRows
) -> None:
    """They keep the order of the other server."""
    monkeypatch.setattr("storage.postgres.outbox.BATCH_ROWS", BATCH_ROWS)
    outbox, sql = social_database.instance_a.outbox, social_database.sql
    insert = "INSERT INTO outbox (key, type, payload, xid) VALUES ($1, 'test', '{}', $2::text::xid8)"
    for number in range(ROWS):
        await sql.execute(insert, str(number), str(10**12 + number // 2))
    by_order = "SELECT key FROM outbox ORDER BY xid, id"
    keys = await sql.fetch(by_order)
    await limit_rows(social_database, "outbox")
    await outbox.reassign_xids()
    assert await sql.fetch(by_order) == keys
    are_readable = "SELECT bool_and(xid < pg_snapshot_xmax(pg_current_snapshot())) FROM outbox"
    assert await sql.fetchval(are_readable)


async def test_old_idempotency_keys_are_pruned_in_batches(
    posts_database: ServiceDatabase, monkeypatch: pytest.MonkeyPatch, limit_rows: LimitRows
) -> None:
    """The number is that of all; younger ones stay."""
    monkeypatch.setattr("storage.postgres.idempotency_keys.PRUNED_ROWS", BATCH_ROWS)
    insert = "INSERT INTO idempotency_keys (key, digest, created_at) VALUES ($1, 'd', now() - $2::interval)"
    for number in range(2 * ROWS):
        await posts_database.sql.execute(insert, f"key {number}", timedelta(hours=48 if number < ROWS else 1))
    await limit_rows(posts_database, "idempotency_keys")
    assert await posts_database.instance_a.idempotency_keys.prune(24 * 3600.0) == ROWS
    assert await count_rows(posts_database, "idempotency_keys") == {"idempotency_keys": ROWS}


async def test_versions_of_post_counts_are_reset_in_batches(
    social_database: ServiceDatabase, monkeypatch: pytest.MonkeyPatch, limit_rows: LimitRows
) -> None:
    """Of all users, after the Post service's database was restored."""
    monkeypatch.setattr("storage.postgres.audiences.BATCH_ROWS", BATCH_ROWS)
    instance = social_database.instance_a
    audiences = PostgresAudiences(instance.pool, instance.cursors)
    await audiences.set_posts_counts([PostsCount(random_id(), 3, 9) for _ in range(ROWS)], None)
    await limit_rows(social_database, "user_social_stats")
    await audiences.reset_posts_count_versions()
    assert await social_database.sql.fetchval("SELECT max(posts_told) FROM user_social_stats") == 0


async def test_copied_blocks_are_cleared_in_batches(
    setup: EventSetup, monkeypatch: pytest.MonkeyPatch, limit_rows: LimitRows
) -> None:
    """In both directions, after the Social service's database was restored."""
    monkeypatch.setattr("storage.postgres.event_blocks.CLEARED_ROWS", BATCH_ROWS)
    await setup.blocks.set_blocks([(random_id(), random_id()) for _ in range(ROWS)], [])
    assert await count_rows(setup.database, "user_blocks") == {"user_blocks": 2 * ROWS}
    await limit_rows(setup.database, "user_blocks")
    await setup.blocks.clear_blocks()
    assert await count_rows(setup.database, "user_blocks") == {"user_blocks": 0}
