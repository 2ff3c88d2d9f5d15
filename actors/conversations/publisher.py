"""Telling the members: a stored entry becomes one event, encoded once, for this instance and the others.

Who came or went is told through the user streams as well, since a room tells only those who are in it.
It never tells what is not stored.
"""

from collections.abc import Callable, Mapping

from actors.conversations import serializers
from actors.delivery.bus_events import EntryAppended
from actors.delivery.rooms import Rooms
from actors.protocol.objects import UserCard
from storage.contracts.messaging import MessageEntry

NO_CARDS: Mapping[str, UserCard] = {}


class Publisher:
    def __init__(self, rooms: Rooms, encode_frame: Callable[[bytes], bytes], instance: str) -> None:
        self._rooms = rooms
        self._encode_frame = encode_frame
        self._instance = instance

    def publish_entry(self, entry: MessageEntry, cards: Mapping[str, UserCard] = NO_CARDS) -> None:
        frame = serializers.encode_event(serializers.to_created_event(entry, cards))
        done = entry.membership
        left = () if done is None else done.left
        news = EntryAppended(self._instance, entry.seq, done is None, left, frame)
        self._rooms.publish_entry(entry.conversation_id, news, self._encode_frame(frame))

    def publish_change(self, message: MessageEntry) -> None:
        """A message was edited, deleted or reacted to."""
        frame = serializers.encode_event(serializers.to_updated_event(message, message.changed_seq))
        news = EntryAppended(self._instance, message.changed_seq, False, (), frame)
        self._rooms.publish_entry(message.conversation_id, news, self._encode_frame(frame))

    def observe_head(self, conversation_id: str, seq: int) -> None:
        """Others stored entries up to `seq`; members here may not have heard of them."""
        self._rooms.observe_head(conversation_id, seq)
