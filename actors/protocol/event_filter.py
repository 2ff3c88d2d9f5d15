"""What a client may ask to be pushed, and which frames belong to it. Pure.

Whatever is named nowhere here comes always: answers, what opens and ends a socket, and what changes which
conversations one is in.
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
    EventGroup.FEED: frozenset(("feed.post_created",)),
    EventGroup.NOTIFICATIONS: frozenset(("notification.created", "notification.read")),
    EventGroup.EVENTS: frozenset(("event.updated",)),
}


def excluded_frame_types(groups: Collection[EventGroup]) -> frozenset[str]:
    """The types of frames that whoever has these intents is spared."""
    return frozenset().union(
        *(types for intent, types in FRAME_TYPES_BY_GROUP.items() if intent not in groups)
    )
