"""The event groups a client can subscribe to (`intents` on the wire), and the frame types of each.

A frame type in no group is always sent: replies, session frames, and changes of the user's memberships,
requests, read marks and profile.
"""

from collections.abc import Collection, Mapping
from enum import Enum
from typing import Final


class EventGroup(Enum):
    MESSAGES = "messages"
    RECEIPTS = "receipts"
    TYPING = "typing"
    PRESENCE = "presence"
    FEED = "feed"
    NOTIFICATIONS = "notifications"
    EVENTS = "events"


FRAME_TYPES_BY_GROUP: Final[Mapping[EventGroup, frozenset[str]]] = {
    EventGroup.MESSAGES: frozenset(("message.created", "message.updated", "conversation.updated", "lagged")),
    EventGroup.RECEIPTS: frozenset(("conversation.read",)),
    EventGroup.TYPING: frozenset(("typing",)),
    EventGroup.PRESENCE: frozenset(("presence.changed",)),
    EventGroup.FEED: frozenset(("feed.post_created", "post.counts_changed")),
    EventGroup.NOTIFICATIONS: frozenset(("notification.created", "notification.read")),
    EventGroup.EVENTS: frozenset(("event.updated",)),
}


def excluded_frame_types(groups: Collection[EventGroup]) -> frozenset[str]:
    """Return the frame types that a client which subscribed to `groups` does not receive."""
    return frozenset().union(*(types for group, types in FRAME_TYPES_BY_GROUP.items() if group not in groups))
