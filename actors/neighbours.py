"""What conversations and sessions ask of the social network, and what they do where there is none.

It holds; it does nothing. The network itself is put together in `actors.network`.
"""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from actors.conversations.conversation_services import (
    BlockChecker,
    Mentions,
    NullBlockChecker,
    NullMentions,
)
from actors.delivery.stream_writer import StreamWriter
from actors.presence.presence_service import VisibleUsers


async def _none(_user_id: str) -> int:
    return 0


async def _no_one(_user_id: str) -> Sequence[str]:
    return ()


async def _no_others(_user_id: str, _others: Sequence[str]) -> set[str]:
    return set()


def _ignore(*_: str) -> None:
    """Nobody minds."""


_no_mentions = NullMentions()
_no_blocks = NullBlockChecker()


class Neighbours(msgspec.Struct, frozen=True):
    """What conversations and sessions ask of the social network; nothing, where there is none."""

    streams: StreamWriter | None = None
    mentions: Mentions = _no_mentions
    barrier: BlockChecker = _no_blocks
    unread: Callable[[str], Awaitable[int]] = _none
    hidden: Callable[[str], Awaitable[Sequence[str]]] = _no_one
    acquainted: VisibleUsers = _no_others
    forget: Callable[[str, str], None] = _ignore
    topics: tuple[str, ...] = ()
    heard: Callable[[str], None] = _ignore
