"""Events that instances publish on the topic of a conversation, and the bus that carries them.

Each may be lost: an instance that misses an entry reads it from the log. `origin` is the instance that
published the event, and `payload` the frame for clients, as JSON. That of an entry is empty if it is too
large for the bus: the other instances read it from the log.
"""

from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Struct

from config.limits import BUS_PAYLOAD_BYTES
from storage.contracts.bus import Bus, conversation_topic


class EntryAppended(Struct, frozen=True, tag=1, array_like=True, gc=False):
    """The entry at `seq` is stored.

    A plain message changes no member, no setting and no other message. `left_user_ids` are the members that
    the entry removed. `stored_at_s` is Unix time; 0 from instances of earlier versions, which ignore it.
    `traceparent` is the context of its trace, empty if it has none; earlier versions ignore it too.
    """

    origin: str
    seq: int
    is_plain_message: bool
    left_user_ids: tuple[str, ...]
    payload: bytes
    stored_at_s: float = 0.0
    traceparent: str = ""


class HeadAnnounced(Struct, frozen=True, tag=2, array_like=True, gc=False):
    """The log of this conversation contains `seq`."""

    origin: str
    seq: int


class EphemeralPublished(Struct, frozen=True, tag=3, array_like=True, gc=False):
    """An ephemeral frame for all members but `except_user_id`; for all of them if that is empty."""

    origin: str
    payload: bytes
    except_user_id: str


BusEvent = EntryAppended | HeadAnnounced | EphemeralPublished

bus_event_encoder: Final = msgspec.msgpack.Encoder()
bus_event_decoder: Final[msgspec.msgpack.Decoder[BusEvent]] = msgspec.msgpack.Decoder(BusEvent)


class ConversationBus:
    """Publishes and decodes the events of conversations. `instance` is the origin of published events."""

    def __init__(self, bus: Bus, instance: str) -> None:
        self._bus = bus
        self.instance = instance

    def publish(self, conversation_id: str, event: BusEvent) -> None:
        """Publish an event, at most once. An entry too large for the bus goes without its payload."""
        if isinstance(event, EntryAppended) and len(event.payload) > BUS_PAYLOAD_BYTES:
            event = msgspec.structs.replace(event, payload=b"")
        self._bus.publish(conversation_topic(conversation_id), bus_event_encoder.encode(event))

    async def subscribe(self, conversation_ids: Iterable[str]) -> None:
        """Return when the broker confirmed each topic. Raises `Unavailable`; the bus keeps trying."""
        await self._bus.subscribe(
            [conversation_topic(conversation_id) for conversation_id in conversation_ids]
        )

    def unsubscribe(self, conversation_ids: Iterable[str]) -> None:
        self._bus.unsubscribe([conversation_topic(conversation_id) for conversation_id in conversation_ids])

    def decode(self, message: bytes) -> BusEvent | None:
        """Decode an event of another instance; None for own events. Raises `msgspec.DecodeError`."""
        event = bus_event_decoder.decode(message)
        return None if event.origin == self.instance else event
