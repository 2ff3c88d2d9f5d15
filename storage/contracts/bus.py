"""The bus between instances, and the topics of single objects.

Other topics are those of one instance (`draft_forwarder`, `operator_channel`) or all (`control_events`,
`ephemeral_user_events`, `operator_channel`), and of outboxes (`domain_events.readers`).
"""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec


class BusStatistics(msgspec.Struct, frozen=True):
    """`waiting` counts messages that are queued or sent, without an acknowledgement of the broker.

    `published` and `dropped` count those that it acknowledged and those that were lost before. `lag_ms` is
    the time that the last probe took to come back, or has taken until now if that is longer.
    """

    connected: bool
    topics: int
    waiting: int
    published: int
    received: int
    dropped: int
    reconnects: int
    lag_ms: float


class Bus(Protocol):
    """Publishes messages between instances. At most once; ordered per publisher and topic."""

    def publish(self, topic: str, message: bytes) -> None:
        """Queue `message` for every subscriber of `topic`, including this instance. Does not wait.

        Messages of one loop tick are sent together. A full queue drops its oldest message; while the broker
        is unreachable, `message` is dropped. Subscribers must be able to recover the content from a store.
        """

    async def subscribe(self, topics: Sequence[str]) -> None:
        """Subscribe; returns once the broker has confirmed every topic.

        Raises:
            Unavailable: not confirmed in time; the bus keeps trying to subscribe.
        """

    def unsubscribe(self, topics: Sequence[str]) -> None: ...

    def set_message_callback(self, callback: Callable[[str, bytes], None]) -> None:
        """Set the callback for received messages, called with topic and message. It must not raise."""

    def set_loss_callback(self, callback: Callable[[], None]) -> None:
        """Set the callback for lost connections, called once all topics are subscribed again.

        Also called when a subscription was confirmed late, and when the bus can publish again. Messages may
        have been missed before the call, here and by subscribers of what this instance published.
        """

    def statistics(self) -> BusStatistics: ...


CONVERSATION_TOPIC_PREFIX: Final = "c:"
USER_TOPIC_PREFIX: Final = "u:"
PRESENCE_TOPIC_PREFIX: Final = "p:"
POST_TOPIC_PREFIX: Final = "t:"
TOPIC_PREFIX_CHARACTERS: Final = 2


def conversation_topic(conversation_id: str) -> str:
    return CONVERSATION_TOPIC_PREFIX + conversation_id


def user_topic(user_id: str) -> str:
    return USER_TOPIC_PREFIX + user_id


def presence_topic(user_id: str) -> str:
    return PRESENCE_TOPIC_PREFIX + user_id


def post_topic(post_id: str) -> str:
    return POST_TOPIC_PREFIX + post_id
