"""Ephemeral events for users who may be connected to any instance: hints of posts and events.

For few users an event is published on their topics, to which only instances with a connection of the user
subscribe. For many, such as the followers of an author, one bus message names them all: most are offline, and
every instance finds those that are connected to it.
"""

from collections.abc import Sequence

import msgspec

from actors.sessions.online_users import OnlineUsers
from storage.contracts.bus import Bus, user_topic
from storage.contracts.user_streams import encode_ephemeral

MANY_USERS = 20
"""From this number on, one message names all users."""
USERS_PER_MESSAGE = 500
"""Bounds the work of one bus message: each of these users may be connected."""


class EventForUsers(msgspec.Struct, frozen=True, array_like=True):
    """An event, as JSON, for those of these users who are connected."""

    user_ids: list[str]
    payload: bytes


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(EventForUsers)


class EphemeralUserEvents:
    """Publishes to all instances, at most once. `topic` is subscribed to by every instance."""

    topic = "users"

    def __init__(self, bus: Bus, online_users: OnlineUsers) -> None:
        self._bus = bus
        self._online_users = online_users

    def publish(self, user_ids: Sequence[str], payload: bytes) -> None:
        """Send an event, as JSON, to all sessions and event streams of these users. Does not wait."""
        if len(user_ids) < MANY_USERS:
            message = encode_ephemeral(payload)
            for user_id in user_ids:
                self._bus.publish(user_topic(user_id), message)
            return
        for start in range(0, len(user_ids), USERS_PER_MESSAGE):
            part = EventForUsers(list(user_ids[start : start + USERS_PER_MESSAGE]), payload)
            self._bus.publish(self.topic, _encoder.encode(part))

    def on_bus_message(self, message: bytes) -> None:
        """Deliver an event to those of its users who are connected here. Raises `msgspec.DecodeError`."""
        event = _decoder.decode(message)
        self._online_users.deliver_ephemeral(event.user_ids, event.payload)
