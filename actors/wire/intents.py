"""What a client may ask to be pushed, and which frames belong to it. Pure.

Whatever is named nowhere here comes always: answers, what opens and ends a socket, and what changes which
conversations one is in.
"""

from collections.abc import Collection, Mapping
from enum import Enum
from typing import Final


class Intent(Enum):
    MESSAGES = "messages"
    RECEIPTS = "receipts"
    TYPING = "typing"
    PRESENCE = "presence"
    FEED = "feed"
    NOTIFICATIONS = "notifications"
    EVENTS = "events"


FRAME_TYPES: Final[Mapping[Intent, frozenset[str]]] = {
    Intent.MESSAGES: frozenset(("message.created", "message.updated", "conversation.updated", "lagged")),
    Intent.RECEIPTS: frozenset(("conversation.read",)),
    Intent.TYPING: frozenset(("typing",)),
    Intent.PRESENCE: frozenset(("presence.changed",)),
    Intent.FEED: frozenset(("feed.post_created",)),
    Intent.NOTIFICATIONS: frozenset(("notification.created", "notification.read")),
    Intent.EVENTS: frozenset(("event.updated",)),
}


def unwanted(intents: Collection[Intent]) -> frozenset[str]:
    """The types of frames that whoever has these intents is spared."""
    return frozenset().union(*(types for intent, types in FRAME_TYPES.items() if intent not in intents))
