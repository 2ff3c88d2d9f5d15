"""Events that instances publish on the topic of a conversation.

Log events may be lost: an instance that misses one reads the entry from the log. `frame` is the encoded event
for clients, or empty if it is too large for the bus.
"""

from typing import Final

import msgspec
from msgspec import Struct


class EntryAppended(Struct, frozen=True, tag=1, array_like=True, gc=False):
    """The entry at `seq` is stored.

    A plain message changes no other state. `left_user_ids` are the members that the entry removed.
    """

    origin: str
    seq: int
    is_plain_message: bool
    left_user_ids: tuple[str, ...]
    frame: bytes


class HeadAnnounced(Struct, frozen=True, tag=2, array_like=True, gc=False):
    """The log of this conversation contains `seq`."""

    origin: str
    seq: int


class EphemeralPublished(Struct, frozen=True, tag=3, array_like=True, gc=False):
    """An ephemeral frame for all members except `except_user_id`, if it is not empty."""

    origin: str
    frame: bytes
    except_user_id: str


BusEvent = EntryAppended | HeadAnnounced | EphemeralPublished

bus_event_encoder: Final = msgspec.msgpack.Encoder()
bus_event_decoder: Final[msgspec.msgpack.Decoder[BusEvent]] = msgspec.msgpack.Decoder(BusEvent)
