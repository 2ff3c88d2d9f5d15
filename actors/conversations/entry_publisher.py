"""Publishes stored entries to the members as events, encoded once for this instance and the others.

Users who joined or left also get a frame of their user streams (`membership_notifier`): a room reaches only
its current members.
"""

import time
from collections.abc import Callable, Mapping

from actors.conversations import serializers
from actors.delivery.bus_events import EntryAppended
from actors.delivery.rooms import Rooms
from actors.protocol.objects import UserCard
from storage.contracts.message_log import MessageEntry

NO_CARDS: Mapping[str, UserCard] = {}


class EntryPublisher:
    def __init__(self, rooms: Rooms, encode_frame: Callable[[bytes], bytes], instance: str) -> None:
        self._rooms = rooms
        self._encode_frame = encode_frame
        self._instance = instance

    def publish_entry(
        self, entry: MessageEntry, cards: Mapping[str, UserCard] = NO_CARDS, traceparent: str = ""
    ) -> None:
        payload = serializers.encode_event(serializers.to_created_event(entry, cards))
        membership = entry.membership
        left = () if membership is None else membership.left
        event = EntryAppended(
            self._instance, entry.seq, membership is None, left, payload, time.time(), traceparent
        )
        self._rooms.publish_entry(entry.conversation_id, event, self._encode_frame(payload))

    def publish_change(self, message: MessageEntry) -> None:
        """Publish a message after a change of it."""
        payload = serializers.encode_event(serializers.to_updated_event(message, message.changed_seq))
        event = EntryAppended(self._instance, message.changed_seq, False, (), payload, time.time())
        self._rooms.publish_entry(message.conversation_id, event, self._encode_frame(payload))

    def observe_head(self, conversation_id: str, seq: int) -> None:
        """Let the room fetch entries up to `seq` that other instances stored and it has not received."""
        self._rooms.observe_head(conversation_id, seq)
