"""What instances tell each other about a conversation, on its topic.

News of the log are hints: whoever misses one finds the entry in the log. `frame` is the encoded event as
clients get it, empty when it would be too large for the bus.
"""

from typing import Final

import msgspec
from msgspec import Struct


class LogNews(Struct, frozen=True, tag=1, array_like=True, gc=False):
    """The entry at `seq` is stored. `plain`: nothing is to be applied; `left`: they are members no more."""

    origin: str
    seq: int
    plain: bool
    left: tuple[str, ...]
    frame: bytes


class HeadNews(Struct, frozen=True, tag=2, array_like=True, gc=False):
    """The log of this conversation goes up to `seq`."""

    origin: str
    seq: int


class HintNews(Struct, frozen=True, tag=3, array_like=True, gc=False):
    """An ephemeral frame for every member but, when named, one."""

    origin: str
    frame: bytes
    spare_user_id: str


News = LogNews | HeadNews | HintNews

news_encoder: Final = msgspec.msgpack.Encoder()
news_decoder: Final = msgspec.msgpack.Decoder(News)
