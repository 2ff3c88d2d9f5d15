"""The interface through which conversations and sessions use the other services.

The defaults do nothing, for instances without those services. `SharedServices.hooks` returns the real ones.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

import msgspec

from actors.conversations.conversation_dependencies import (
    AdditionConsent,
    Mentions,
    NullConsent,
    NullMentions,
)
from actors.conversations.peer_checker import BlockChecker, NullBlockChecker
from actors.conversations.rule_membership import FindExistingUsers
from actors.delivery.stream_writer import StreamWriter
from actors.posts.post_subscriptions import LoadPostCounts
from actors.presence.watch_visibility import VisibleUsers
from actors.protocol.social_objects import PostCounts


async def _count_none(_user_id: str) -> int:
    return 0


async def _no_visible_users(_user_id: str, _others: Sequence[str]) -> set[str]:
    return set()


async def _no_post_counts(_pairs: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], PostCounts]:
    return {}


async def _all_users(user_ids: Sequence[str]) -> Collection[str]:
    return user_ids


def _ignore(*_: str) -> None:
    pass


_no_mentions = NullMentions()
_no_blocks = NullBlockChecker()
_no_consent = NullConsent()


class ServiceHooks(msgspec.Struct, frozen=True):
    """What conversations and sessions need of the other services."""

    stream_writer: StreamWriter | None = None
    mentions: Mentions = _no_mentions
    block_checker: BlockChecker = _no_blocks
    count_unread: Callable[[str], Awaitable[int]] = _count_none
    consent: AdditionConsent = _no_consent
    visible_users: VisibleUsers = _no_visible_users
    load_post_counts: LoadPostCounts = _no_post_counts
    find_existing_users: FindExistingUsers = _all_users
    invalidate_block: Callable[[str, str], None] = _ignore
    outbox_topics: tuple[str, ...] = ()
    on_outbox_message: Callable[[str], None] = _ignore
    """Called with the topic of an outbox that has new domain events, on every instance."""
