"""Passes each bus message of an instance to the component that its topic belongs to."""

import logging
from collections.abc import Callable, Mapping, Sequence

import msgspec

from actors.delivery.rooms import Rooms
from actors.sessions.online_users import OnlineUsers
from storage.contracts.bus import CONVERSATION_TOPIC_PREFIX, TOPIC_PREFIX_CHARACTERS, USER_TOPIC_PREFIX

_log = logging.getLogger(__name__)


class BusRouter:
    """Topics of conversations, users and things that sessions watch have a prefix, followed by an id.

    `on_changed` maps the prefix of watched things to a callback that gets the id of the changed one;
    `handlers` maps other topics to callbacks that get the message. Each of `on_lost` is called after messages
    may have been lost: it compares its state with the stores.
    """

    def __init__(
        self,
        rooms: Rooms,
        online_users: OnlineUsers,
        encode_frame: Callable[[bytes], bytes],
        on_changed: Mapping[str, Callable[[str], None]],
        handlers: Mapping[str, Callable[[bytes], None]],
        on_lost: Sequence[Callable[[], None]],
    ) -> None:
        self._rooms = rooms
        self._online_users = online_users
        self._encode_frame = encode_frame
        self._on_changed = on_changed
        self._handlers = handlers
        self._on_lost = on_lost
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
        for compare in self._on_lost:
            compare()

    def _handle(self, topic: str, message: bytes) -> None:
        if topic.startswith(CONVERSATION_TOPIC_PREFIX):
            self._rooms.on_bus_message(topic[TOPIC_PREFIX_CHARACTERS:], message, self._encode_frame)
        elif topic.startswith(USER_TOPIC_PREFIX):
            self._online_users.on_bus_message(topic[TOPIC_PREFIX_CHARACTERS:], message)
        elif topic in self._handlers:
            self._handlers[topic](message)
        elif (on_changed := self._on_changed.get(topic[:TOPIC_PREFIX_CHARACTERS])) is not None:
            on_changed(topic[TOPIC_PREFIX_CHARACTERS:])
