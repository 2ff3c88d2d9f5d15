"""Passes each bus message of an instance to the component that its topic belongs to."""

import logging
from collections.abc import Callable, Mapping

import msgspec

from actors.delivery.head_comparison import HeadComparison
from actors.delivery.rooms import Rooms
from actors.presence.presence_service import PresenceService
from actors.sessions.online_users import OnlineUsers
from storage.contracts.bus import (
    CONVERSATION_TOPIC_PREFIX,
    PRESENCE_TOPIC_PREFIX,
    TOPIC_PREFIX_CHARACTERS,
    USER_TOPIC_PREFIX,
)

_log = logging.getLogger(__name__)


class BusRouter:
    """`handlers` receive the messages of single topics. Those of conversations and users have a prefix."""

    def __init__(
        self,
        rooms: Rooms,
        head_comparison: HeadComparison,
        online_users: OnlineUsers,
        presence: PresenceService | None,
        encode_frame: Callable[[bytes], bytes],
        handlers: Mapping[str, Callable[[bytes], None]],
    ) -> None:
        self._rooms = rooms
        self._head_comparison = head_comparison
        self._online_users = online_users
        self._presence = presence
        self._encode_frame = encode_frame
        self._handlers = handlers
        self.malformed_messages = 0

    @property
    def topics(self) -> list[str]:
        """Topics that an instance always subscribes to."""
        return list(self._handlers)

    def on_message(self, topic: str, message: bytes) -> None:
        try:
            self._handle(topic, message)
        except (msgspec.MsgspecError, ValueError) as error:
            # Handled like a lost message: its effect also happens without it, but later.
            self.malformed_messages += 1
            level = logging.WARNING if self.malformed_messages == 1 else logging.DEBUG
            kind = topic.partition(":")[0]
            _log.log(level, "malformed bus message ignored", extra={"topic": kind}, exc_info=error)

    def on_messages_lost(self) -> None:
        """Compare with the stores what lost messages would have changed."""
        self._head_comparison.compare_now()
        self._online_users.check_positions()
        if self._presence is not None:
            self._presence.local.republish()
            self._presence.subscriptions.recheck_all()

    def _handle(self, topic: str, message: bytes) -> None:
        if topic.startswith(CONVERSATION_TOPIC_PREFIX):
            self._rooms.on_bus_message(topic[TOPIC_PREFIX_CHARACTERS:], message, self._encode_frame)
        elif topic.startswith(USER_TOPIC_PREFIX):
            self._online_users.on_bus_message(topic[TOPIC_PREFIX_CHARACTERS:], message)
        elif topic.startswith(PRESENCE_TOPIC_PREFIX) and self._presence is not None:
            self._presence.subscriptions.mark_changed(topic[TOPIC_PREFIX_CHARACTERS:])
        elif topic in self._handlers:
            self._handlers[topic](message)
