"""What instances tell each other about a conversation, on its topic.

News of the log are hints: whoever misses one finds the entry in the log. `frame` is the encoded event as
clients get it, empty when it would be too large for the bus.
"""

from typing import Final

import msgspec
from msgspec import Struct


class EntryAppended(Struct, frozen=True, tag=1, array_like=True, gc=False):
    """The entry at `seq` is stored. `plain`: nothing is to be applied; `left`: they are members no more."""

    origin: str
    seq: int
    is_plain_message: bool
    left_user_ids: tuple[str, ...]
    frame: bytes


class HeadAnnounced(Struct, frozen=True, tag=2, array_like=True, gc=False):
    """The log of this conversation goes up to `seq`."""

    origin: str
    seq: int


class EphemeralPublished(Struct, frozen=True, tag=3, array_like=True, gc=False):
    """An ephemeral frame for every member but, when named, one."""

    origin: str
    frame: bytes
    except_user_id: str


BusEvent = EntryAppended | HeadAnnounced | EphemeralPublished

bus_event_encoder: Final = msgspec.msgpack.Encoder()
bus_event_decoder: Final = msgspec.msgpack.Decoder(BusEvent)
