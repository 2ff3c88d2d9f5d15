"""The stores of the services, each on its own database, and what operates on all stores."""

from collections.abc import Awaitable, Callable, Sequence

from actors.notifications.notification_preferences import DEFAULT_CHANNELS
from actors.service_stores import USER_CACHE_SERVICES, DomainEventStores, ServiceStores
from config.limits import POST_EDIT_WINDOW_S, POST_REVISIONS_MAX, Limits
from storage.contracts.data_exports import ExportPart
from storage.postgres.audiences import PostgresAudiences
from storage.postgres.bookmarks import PostgresBookmarks
from storage.postgres.comment_likes import PostgresCommentLikes
from storage.postgres.conversation_requests import PostgresConversationRequests
from storage.postgres.event_attendance import PostgresAttendance
from storage.postgres.event_blocks import PostgresEventBlocks
from storage.postgres.event_hosting import PostgresEventHosts, PostgresRsvpRequests
from storage.postgres.event_reminders import PostgresEventReminders
from storage.postgres.event_series import PostgresEventSeries
from storage.postgres.events import PostgresEvents
from storage.postgres.export_parts import postgres_export_parts
from storage.postgres.follow_requests import PostgresFollowRequests
from storage.postgres.mutes import PostgresMutes
from storage.postgres.notifications import PostgresNotifications
from storage.postgres.post_access import PostgresPostAccess
from storage.postgres.post_edits import PostgresPostEdits
from storage.postgres.posts import PostgresPosts
from storage.postgres.privacy import PostgresPrivacy
from storage.postgres.reactions import PostgresReactions
from storage.postgres.reposts import PostgresReposts
from storage.postgres.rsvps import PostgresRsvps
from storage.postgres.search_index import PostgresSearchIndex
from storage.postgres.social import PostgresSocial
from storage.postgres.suggestions import PostgresSuggestions
from storage.postgres.tag_follows import PostgresTagFollows
from storage.postgres.user_cache import PostgresUserCache
from storage.postgres.user_snapshots import PostgresUserSnapshots
from storage.postgres.visibility_checks import PostgresVisibilityChecks
from storage.stores import Stores


def service_stores(stores: Stores, limits: Limits) -> ServiceStores:
    """Create the stores of all services, each on its own database."""
    databases = stores.databases
    social, posts, events = databases["social"], databases["posts"], databases["events"]
    notifications = databases["notifications"]
    rsvps = PostgresRsvps(events.pool)
    event_store = PostgresEvents(events.pool, events.idempotency_keys, rsvps)
    post_store = PostgresPosts(posts.pool, posts.idempotency_keys)
    return ServiceStores(
        user_snapshots=PostgresUserSnapshots(databases["users"].pool),
        social=PostgresSocial(social.pool),
        audiences=PostgresAudiences(social.pool, social.cursors),
        mutes=PostgresMutes(social.pool),
        suggestions=PostgresSuggestions(social.pool),
        follow_requests=PostgresFollowRequests(social.pool, social.cursors),
        post_access=PostgresPostAccess(social.pool),
        posts=post_store,
        feed_posts=post_store,
        reactions=PostgresReactions(posts.pool, posts.idempotency_keys),
        comment_likes=PostgresCommentLikes(posts.pool),
        bookmarks=PostgresBookmarks(posts.pool),
        tag_follows=PostgresTagFollows(posts.pool),
        reposts=PostgresReposts(posts.pool, posts.idempotency_keys),
        post_edits=PostgresPostEdits(posts.pool, POST_EDIT_WINDOW_S, POST_REVISIONS_MAX),
        events=event_store,
        event_series=PostgresEventSeries(events.pool, events.idempotency_keys, event_store),
        event_blocks=PostgresEventBlocks(events.pool),
        rsvps=rsvps,
        event_hosts=PostgresEventHosts(events.pool),
        rsvp_requests=PostgresRsvpRequests(events.pool),
        event_reminders=PostgresEventReminders(events.pool),
        attendance=PostgresAttendance(
            events.pool, events.idempotency_keys, limits.event_announcements_per_hour
        ),
        notifications=PostgresNotifications(notifications.pool, notifications.cursors, DEFAULT_CHANNELS),
        visibility_checks=PostgresVisibilityChecks(notifications.pool, notifications.cursors),
        conversations=stores.messaging,
        privacy=PostgresPrivacy(databases["users"].pool),
        conversation_requests=PostgresConversationRequests(social.pool),
        timelines=stores.timelines,
        user_streams=stores.user_streams,
        user_caches={
            name: PostgresUserCache(databases[name].pool, databases[name].cursors)
            for name in USER_CACHE_SERVICES
        },
        domain_event_stores={
            name: DomainEventStores(
                database.outbox, database.cursors, database.idempotency_keys, database.locks
            )
            for name, database in databases.items()
        },
        search_indexes={
            "users": PostgresSearchIndex.for_users(databases["users"].pool),
            "events": PostgresSearchIndex.for_events(events.pool),
        },
    )


def export_parts(stores: Stores) -> list[ExportPart]:
    """Return the parts of a data export, in the order of the archive."""
    user_snapshots = PostgresUserSnapshots(stores.databases["users"].pool)

    async def find_usernames(user_ids: Sequence[str]) -> dict[str, str]:
        return {user.id: user.username for user in await user_snapshots.find(user_ids)}

    return [
        *postgres_export_parts({name: database.pool for name, database in stores.databases.items()}),
        *stores.messaging.export_parts(find_usernames),
    ]


def store_checks(stores: Stores) -> dict[str, Callable[[], Awaitable[None]]]:
    """Return a check for each store, which raises `Unavailable` if a write as the services' would fail."""
    databases = {name: database.pool.check for name, database in stores.databases.items()}
    redis = {"bus": stores.bus.check, "user_streams": stores.user_streams.check}
    return {**databases, "messaging": stores.messaging.check, **redis}
