"""Rows of users whose account is deleted: none is left, whichever of a write and the deletion is first."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from storage.contracts.event_series import SeriesRule
from storage.contracts.events import NewEvent
from storage.contracts.follow_requests import AccountPrivacyChange
from storage.contracts.notification_preferences import NotificationPreferencesRecord
from storage.contracts.posts import NewPostRecord
from storage.contracts.rsvps import RsvpState
from storage.contracts.social import PostsCount
from storage.contracts.visibility_checks import CheckKind
from storage.errors import Conflict, Missing
from storage.postgres.audiences import PostgresAudiences
from storage.postgres.bookmarks import PostgresBookmarks
from storage.postgres.comment_likes import PostgresCommentLikes
from storage.postgres.conversation_requests import PostgresConversationRequests
from storage.postgres.event_series import PostgresEventSeries
from storage.postgres.follow_requests import PostgresFollowRequests
from storage.postgres.notification_preferences import PostgresNotificationPreferences
from storage.postgres.posts import PostgresPosts
from storage.postgres.reactions import PostgresReactions
from storage.postgres.reposts import PostgresReposts
from storage.postgres.social import PostgresSocial
from storage.postgres.tag_follows import PostgresTagFollows
from storage.postgres.visibility_checks import PostgresVisibilityChecks
from tests.conftest import FreshDatabase
from tests.storage.event_setup import EventSetup
from tests.storage.notification_setup import like_notification, make_notification_store
from tests.storage.service_database import ServiceDatabase, random_id, sorted_random_ids
from tests.storage.test_conversation_requests import new_requests

UNGUARDED = {
    "user_cache": "holds the mark itself",
    "follow_requests": "added by the trigger of follows",
    "follows": "see follows_blocked",
    "blocks": "see follows_blocked",
    "user_social_stats": "of follows, which are guarded; counts of posts look for the mark",
    "author_stats": "of posts, which are guarded",
    "event_reminders": "of RSVPs and requests, under the lock of the event",
    "notifications": "need a row in notification_sources",
}
NOT_USERS = {"id", "post_id", "comment_id", "event_id", "parent_id", "series_id", "notification_id"} | {
    "quote_of_id", "repost_of_id", "reference_id", "before_id", "last_user_id", "parent_author_id", "xid"
}  # fmt: skip
GUARDS = """
    SELECT c.relname AS table, t.tgargs AS columns
    FROM pg_trigger AS t
    INNER JOIN pg_class AS c ON t.tgrelid = c.oid
    INNER JOIN pg_proc AS p ON t.tgfoid = p.oid
    WHERE p.proname IN ('users_deleted', 'users_deleted_skipped')
"""
EVENT_TABLES = (
    "event_series", "event_waitlist", "rsvp_requests", "event_invites", "event_hosts", "event_announcements",
    "event_rsvps", "event_reminders", "user_blocks", "events",
)  # fmt: skip
USER_COLUMNS = """
    SELECT c.table_name, array_agg(c.column_name::text) AS columns
    FROM information_schema.columns AS c
    INNER JOIN information_schema.tables AS t USING (table_schema, table_name)
    WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.data_type = 'uuid'
    GROUP BY c.table_name
"""


@pytest.mark.parametrize("service", ["social", "posts", "events", "notifications"])
async def test_every_table_with_users_is_guarded(fresh_database: FreshDatabase, service: str) -> None:
    """A new table needs a trigger in `triggers/users_deleted.sql`, or a reason in `UNGUARDED`."""
    async with ServiceDatabase.open(fresh_database(service)) as database:
        guarded = {
            row["table"]: set(row["columns"].decode().rstrip("\0").split("\0"))
            for row in await database.sql.fetch(GUARDS)
        }
        found = {
            row["table_name"]: set(row["columns"]) - NOT_USERS
            for row in await database.sql.fetch(USER_COLUMNS)
            if row["table_name"] not in UNGUARDED
        }
    assert guarded == {table: columns for table, columns in found.items() if columns}


async def test_deleted_users_add_no_posts_or_reactions(posts_database: ServiceDatabase) -> None:
    """Each write is refused; those of others are not."""
    instance = posts_database.instance_a
    ana, gone = sorted_random_ids(2)
    posts = PostgresPosts(instance.pool, instance.idempotency_keys)
    reactions = PostgresReactions(instance.pool, instance.idempotency_keys)
    reposts = PostgresReposts(instance.pool, instance.idempotency_keys)
    post_id = await posts.create(NewPostRecord(ana, "a post"), None)
    comment_id = await reactions.comment(post_id, ana, "hello", None)
    await posts_database.cache_users(gone, deleted=True)
    await posts.remove_user(gone)
    for write in (
        posts.create(NewPostRecord(gone, "a post"), None),
        reposts.repost(post_id, gone, None),
        posts.create(NewPostRecord(gone, "look", quote_of_id=post_id), None),
        reactions.like(post_id, gone),
        reactions.comment(post_id, gone, "hello", None),
        PostgresCommentLikes(instance.pool).like(comment_id, gone),
        PostgresBookmarks(instance.pool).add(post_id, gone),
        PostgresTagFollows(instance.pool).follow(gone, "chess", "chess"),
    ):
        with pytest.raises(Conflict, match="users_deleted"):
            await write
    await reactions.like(post_id, ana)
    for table in ("posts", "post_likes", "comments"):
        assert await posts_database.sql.fetchval(f"SELECT count(*) FROM {table}") == 1
    for table in ("comment_likes", "bookmarks", "tag_follows"):
        assert await posts_database.sql.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_deleted_users_hold_nothing_of_events(setup: EventSetup) -> None:
    """Neither as creator, attendee, host, invited nor inviting user."""
    ana, gone = sorted_random_ids(2)
    open_id, approved_id = await setup.create_event(1, ana), await setup.create_event(1, ana, approval=True)
    full_id = await setup.create_event(1, ana)
    await setup.rsvps.set_rsvp(full_id, ana, "GOING", waitlist=False)
    await setup.database.cache_users(gone, deleted=True)
    await setup.events.remove_user(gone)
    instance = setup.database.instance_a
    series = PostgresEventSeries(instance.pool, instance.idempotency_keys, setup.events)
    now = datetime.now(UTC)
    rule = SeriesRule("FREQ=DAILY;COUNT=1", "UTC", now.replace(tzinfo=None))
    new = NewEvent(gone, "Chess", None, "SOCIAL", now, now + timedelta(hours=1), 5)
    for write in (
        setup.create_event(1, gone),
        series.create(new, rule, [(rule.start_local, now, new.end)], None),
        setup.rsvps.set_rsvp(open_id, gone, "GOING", waitlist=True),
        setup.rsvps.set_rsvp(open_id, gone, "MAYBE", waitlist=True),
        setup.rsvps.set_rsvp(full_id, gone, "GOING", waitlist=True),
        setup.rsvps.set_rsvp(approved_id, gone, "GOING", waitlist=True),
        setup.events.invite(open_id, ana, [gone], None),
        setup.events.invite(open_id, gone, [random_id()], None),
        setup.hosts.add_host(open_id, gone),
        setup.attendance.announce(open_id, gone, "hello", None),
    ):
        with pytest.raises(Conflict, match="users_deleted"):
            await write
    await setup.blocks.set_blocks([(ana, gone)], [])
    for table in EVENT_TABLES:
        rows = await setup.sql.fetch(f"SELECT * FROM {table}")
        assert gone not in {str(value) for row in rows for value in row.values()}, table


async def test_deleted_user_gets_no_freed_place(setup: EventSetup) -> None:
    """Until the deletion is handled the user may wait in line: those who withdraw and who wait are served."""
    ana, gone, next_in_line = sorted_random_ids(3)
    event_id = await setup.create_event(1)
    await setup.rsvps.set_rsvp(event_id, ana, "GOING", waitlist=False)
    for user_id in (gone, next_in_line):
        await setup.rsvps.set_rsvp(event_id, user_id, "GOING", waitlist=True)
    await setup.database.cache_users(gone, deleted=True)
    await setup.rsvps.delete_rsvp(event_id, ana)
    assert await setup.rsvps.get_rsvp(event_id, next_in_line) == RsvpState("GOING", None)
    assert (await setup.counts(event_id))[0] == 1
    await setup.events.remove_user(gone)
    assert await setup.sql.fetchval("SELECT count(*) FROM event_waitlist") == 0


async def test_request_of_a_deleted_user_is_not_accepted(setup: EventSetup) -> None:
    """As if it was withdrawn. A host may still remove the user, which records nothing."""
    host, gone = sorted_random_ids(2)
    event_id = await setup.create_event(1, host, approval=True)
    await setup.rsvps.set_rsvp(event_id, gone, "GOING", waitlist=True)
    await setup.database.cache_users(gone, deleted=True)
    with pytest.raises(Missing):
        await setup.requests.accept_request(event_id, gone, host)
    await setup.rsvps.remove_attendee(event_id, gone)
    assert await setup.sql.fetchval("SELECT count(*) FROM event_removals") == 0


async def test_deleted_users_have_no_notifications(notifications_database: ServiceDatabase) -> None:
    """Those for the user or with the user as sender are left out, and others of the same call are stored."""
    instance = notifications_database.instance_a
    ana, ben, gone = sorted_random_ids(3)
    store = make_notification_store(instance)
    checks = PostgresVisibilityChecks(instance.pool, instance.cursors)
    await notifications_database.cache_users(gone, deleted=True)
    await store.remove_user(gone)
    pairs = ((gone, ana), (ana, gone), (ben, ana))
    await store.add([like_notification(*pair, random_id()) for pair in pairs], None)
    await checks.add([(CheckKind.AUTHOR, gone), (CheckKind.RECIPIENT, ben)], None)
    with pytest.raises(Missing):
        await PostgresNotificationPreferences(instance.pool).replace(
            gone, NotificationPreferencesRecord(), []
        )
    for table in ("notifications", "notification_sources"):
        assert await notifications_database.sql.fetchval(f"SELECT count(*) FROM {table}") == 1
    assert await notifications_database.sql.fetchval("SELECT user_id::text FROM visibility_checks") == ben
    assert await notifications_database.sql.fetchval("SELECT count(*) FROM notification_preferences") == 0


async def test_deleted_users_have_no_requests_and_counts(social_database: ServiceDatabase) -> None:
    """Neither of the two sides of a request; the deletion of the user's posts adds no count."""
    instance = social_database.instance_a
    ana, ben, gone = sorted_random_ids(3)
    requests = PostgresConversationRequests(instance.pool)
    await social_database.cache_users(gone, deleted=True)
    await PostgresSocial(instance.pool).remove_user(gone)
    assert [made.recipient_id for made in await requests.add(new_requests(ana, ben, gone))] == [ben]
    assert await requests.add(new_requests(gone, ben)) == []
    await PostgresFollowRequests(instance.pool, instance.cursors).set_private(
        [AccountPrivacyChange(gone, True, 1)], None
    )
    counts = [PostsCount(user_id, 3, number) for number, user_id in enumerate((gone, ana), 1)]
    await PostgresAudiences(instance.pool, instance.cursors).set_posts_counts(counts, None)
    assert await social_database.sql.fetchval("SELECT count(*) FROM conversation_requests") == 1
    assert await social_database.sql.fetchval("SELECT count(*) FROM private_accounts") == 0
    assert await social_database.sql.fetchval("SELECT user_id::text FROM user_social_stats") == ana


POST = "INSERT INTO posts (author_id, content) VALUES ($1, 'x')"
RSVP = "SELECT rsvp_set((SELECT id FROM events), $1, 'GOING', TRUE, NULL, NULL)"
NOTIFICATION = "INSERT INTO notification_sources (recipient_id, source) VALUES ($1, 'x')"
REQUEST = """
    SELECT conversation_requests_add(
        ARRAY[$1::uuid], '{}', 'c', gen_random_uuid(), NULL, NULL, 'group', 10, 10, 60
    )
"""


def remove_post_user(database: ServiceDatabase) -> Callable[[str], Awaitable[None]]:
    instance = database.instance_a
    return PostgresPosts(instance.pool, instance.idempotency_keys).remove_user


def remove_event_user(database: ServiceDatabase) -> Callable[[str], Awaitable[None]]:
    return EventSetup(database, database.instance_a).events.remove_user


def remove_notification_user(database: ServiceDatabase) -> Callable[[str], Awaitable[None]]:
    return make_notification_store(database.instance_a).remove_user


def remove_social_user(database: ServiceDatabase) -> Callable[[str], Awaitable[None]]:
    return PostgresSocial(database.instance_a.pool).remove_user


@pytest.mark.parametrize(
    ("service", "write", "table", "remover"),
    [
        ("posts", POST, "posts", remove_post_user),
        ("events", RSVP, "event_rsvps", remove_event_user),
        ("notifications", NOTIFICATION, "notification_sources", remove_notification_user),
        ("social", REQUEST, "conversation_requests", remove_social_user),
    ],
    ids=["posts", "events", "notifications", "social"],
)
async def test_deletion_waits_for_running_writes(
    fresh_database: FreshDatabase,
    service: str,
    write: str,
    table: str,
    remover: Callable[[ServiceDatabase], Callable[[str], Awaitable[None]]],
) -> None:
    """What commits while the deletion runs is deleted with the rest."""
    gone = random_id()
    async with ServiceDatabase.open(fresh_database(service)) as database:
        if service == "events":
            await EventSetup(database, database.instance_a).create_event(5)
        writer = await database.connection()
        writing = writer.transaction()
        await writing.start()
        await writer.execute(write, gone)
        await database.cache_users(gone, deleted=True)
        deletion = await database.start_until_blocked(remover(database)(gone))
        await writing.commit()
        await deletion
        assert await database.sql.fetchval(f"SELECT count(*) FROM {table}") == 0
