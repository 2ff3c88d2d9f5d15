"""Creates the consumers of the domain events of all services, and the readers that pass events to them.

outbox -> reader -> user caches, counters, notifications, timelines, conversations
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from actors.consent.request_withdrawal import RequestWithdrawalConsumer
from actors.core import Core
from actors.domain_events.consumer import Consumer
from actors.domain_events.reader import Reader, ReaderStores
from actors.domain_events.readers import Producer, Readers
from actors.events.event_block_consumer import EventBlockConsumer
from actors.events.event_conversations import EventConversations
from actors.feed.fanout import FanOut, PublishPostCreated, TimelineInvalidator
from actors.notifications.event_recipients import EventRecipients
from actors.notifications.notification_causes import CauseStores, NotificationCauses
from actors.notifications.notification_consumer import NotificationConsumer
from actors.notifications.notification_recipients import NotificationRecipients
from actors.notifications.visibility_checks import VisibilityCheckConsumer
from actors.posts.posts_count_consumer import PostsCountConsumer
from actors.service_stores import USER_CACHE_SERVICES
from actors.shared_services import SharedServices
from actors.social.account_privacy import PrivateAccountConsumer
from actors.user_cache.deleted_user_consumer import DeletedUserConsumer
from actors.user_cache.user_cache_consumer import UserCacheConsumer
from config.limits import Limits


@dataclass(frozen=True, slots=True)
class ConsumerCalls:
    """What consumers call besides stores and shared services."""

    publish_event_updated: Callable[[str, Sequence[str]], None]
    publish_post_created: PublishPostCreated
    wake_visibility_check_job: Callable[[], None]
    wake_event_readers: Callable[[], None]
    invalidate_card: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ServiceReaders:
    """`consumer_services`: consumer -> (service whose events it reads, service that stores its cursor)."""

    readers: Readers
    consumer_services: dict[str, tuple[str, str]]


def create_readers(
    shared: SharedServices,
    core: Core,
    calls: ConsumerCalls,
    limits: Limits,
    publish: Callable[[str, bytes], None],
) -> ServiceReaders:
    """Create the readers of all services. `publish` announces new events on the bus."""
    stores, event_stores = shared.stores, shared.stores.domain_event_stores
    consumer_services: dict[str, tuple[str, str]] = {}

    recipients = NotificationRecipients(
        shared.user_cards["notifications"],
        shared.block_service,
        shared.sender_filter,
        shared.post_visibility,
        EventRecipients(
            shared.user_cards["notifications"],
            shared.block_service,
            shared.sender_filter,
            stores.event_hosts,
            stores.event_reminders,
            stores.attendance,
        ),
        NotificationCauses(
            CauseStores(
                stores.social,
                stores.follow_requests,
                stores.reactions,
                stores.comment_likes,
                stores.reposts,
                stores.events,
                stores.rsvps,
                stores.event_hosts,
            )
        ),
    )

    def notification_consumer(service: str) -> NotificationConsumer:
        return NotificationConsumer(
            service,
            stores.notifications,
            recipients,
            shared.notification_pusher,
            shared.notifications,
            calls.publish_event_updated,
        )

    def producer_of(service: str, *consumers: tuple[Consumer, str]) -> Producer:
        """Create the readers of a service's events, from (consumer, service that stores its cursor)."""
        outbox = event_stores[service].outbox
        consumer_services.update(
            {consumer.name: (service, cursor_service) for consumer, cursor_service in consumers}
        )
        readers = [
            Reader(
                consumer,
                ReaderStores(
                    outbox, event_stores[cursor_service].cursors, event_stores[cursor_service].locks
                ),
                limits.domain_events_poll_s,
                limits.domain_events_batch,
            )
            for consumer, cursor_service in consumers
        ]
        return Producer(outbox, event_stores[service].idempotency_keys, tuple(readers))

    remove_user_by_service = {
        "social": stores.social.remove_user,
        "posts": stores.posts.remove_user,
        "events": stores.events.remove_user,
        "notifications": stores.notifications.remove_user,
    }
    fan_out = FanOut(
        stores.audiences,
        stores.timelines,
        event_stores["posts"].cursors,
        calls.publish_post_created,
        limits.broadcast_followers,
    )
    event_conversations = EventConversations(
        stores.events,
        stores.rsvps,
        stores.event_hosts,
        shared.user_cards["events"],
        core.conversations,
        event_stores["events"].cursors,
    )
    event_blocks = EventBlockConsumer(
        stores.event_blocks,
        stores.social,
        shared.block_service,
        event_stores["events"].cursors,
        stores.visibility_checks,
        calls.wake_event_readers,
    )
    visibility_checks = VisibilityCheckConsumer(stores.visibility_checks, calls.wake_visibility_check_job)
    deleted_user_consumer = DeletedUserConsumer(
        core.conversations.remove_user, calls.invalidate_card, event_stores["users"].cursors
    )
    readers = Readers(
        {
            "users": producer_of(
                "users",
                *(
                    (
                        UserCacheConsumer(name, stores.user_caches[name], remove_user_by_service[name]),
                        name,
                    )
                    for name in USER_CACHE_SERVICES
                ),
                (PrivateAccountConsumer(stores.follow_requests), "social"),
                (deleted_user_consumer, "users"),
                (notification_consumer("users"), "notifications"),
            ),
            "social": producer_of(
                "social",
                (notification_consumer("social"), "notifications"),
                (visibility_checks, "notifications"),
                (TimelineInvalidator(stores.timelines, event_stores["social"].cursors), "social"),
                (event_blocks, "events"),
                (
                    RequestWithdrawalConsumer(
                        shared.conversation_requests.withdraw_between, event_stores["social"].cursors
                    ),
                    "social",
                ),
            ),
            "posts": producer_of(
                "posts",
                (PostsCountConsumer(stores.audiences), "social"),
                (notification_consumer("posts"), "notifications"),
                (fan_out, "posts"),
            ),
            "events": producer_of(
                "events",
                (notification_consumer("events"), "notifications"),
                (event_conversations, "events"),
            ),
        },
        [one_service.locks for one_service in event_stores.values()],
        {name: one_service.cursors for name, one_service in event_stores.items()},
        publish,
        limits.outbox_retention_s,
    )
    return ServiceReaders(readers, consumer_services)
