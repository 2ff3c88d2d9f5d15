"""Whether the other member of a direct conversation can be written to. Cached: every message needs it."""

import asyncio
import time
from collections.abc import Callable
from enum import Enum, auto
from typing import Protocol

from actors.conversations.conversation_views import LoadCards

PEERS_MAX = 50_000
EXISTENCE_TTL_S = 3.0
"""Time for which an account is assumed to exist after it was read. Blocks have another cache."""


class BlockChecker(Protocol):
    """Checks whether one of two users blocked the other."""

    def cached_is_blocked(self, user_id: str, other_id: str) -> bool | None:
        """Return the cached answer, or None if it is not cached."""

    async def load_is_blocked(self, user_id: str, other_id: str) -> bool:
        """Load and cache the answer. Raises `Unavailable` or `ApiError`."""


class NullBlockChecker:
    """A `BlockChecker` without blocks, for a core without the Social service."""

    def cached_is_blocked(self, user_id: str, other_id: str) -> bool | None:  # noqa: ARG002
        return False

    async def load_is_blocked(self, user_id: str, other_id: str) -> bool:  # noqa: ARG002
        return False


class PeerState(Enum):
    OPEN = auto()
    BLOCKED = auto()
    DELETED = auto()


class PeerChecker:
    """Results may be outdated by a few seconds, as those of `block_checker` and `load_cards` are."""

    def __init__(
        self,
        block_checker: BlockChecker,
        load_cards: LoadCards,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._block_checker = block_checker
        self._load_cards = load_cards
        self._clock = clock
        # When each account was last seen to exist.
        self._seen_at: dict[str, float] = {}
        # A deleted account does not come back, so an entry never expires.
        self._deleted_ids: dict[str, None] = {}

    def get_cached(self, user_id: str, peer_id: str) -> PeerState | None:
        """Return the cached answer, or None if it must be loaded."""
        if peer_id not in self._deleted_ids:
            seen_at = self._seen_at.get(peer_id)
            if seen_at is None or self._clock() - seen_at >= EXISTENCE_TTL_S:
                return None
        is_blocked = self._block_checker.cached_is_blocked(user_id, peer_id)
        return None if is_blocked is None else self._to_state(peer_id, is_blocked=is_blocked)

    async def load(self, user_id: str, peer_id: str) -> PeerState:
        """Load and cache the answer. Raises `Unavailable` or `ApiError`."""
        started_at = self._clock()
        is_blocked, cards = await asyncio.gather(
            self._load_block(user_id, peer_id), self._load_cards([peer_id])
        )
        self._seen_at.pop(peer_id, None)
        if peer_id in cards:
            _evict_oldest(self._seen_at)
            self._seen_at[peer_id] = started_at
        else:
            _evict_oldest(self._deleted_ids)
            self._deleted_ids[peer_id] = None
        return self._to_state(peer_id, is_blocked=is_blocked)

    async def _load_block(self, user_id: str, peer_id: str) -> bool:
        is_blocked = self._block_checker.cached_is_blocked(user_id, peer_id)
        return (
            await self._block_checker.load_is_blocked(user_id, peer_id) if is_blocked is None else is_blocked
        )

    def _to_state(self, peer_id: str, *, is_blocked: bool) -> PeerState:
        if is_blocked:
            return PeerState.BLOCKED
        return PeerState.DELETED if peer_id in self._deleted_ids else PeerState.OPEN


def _evict_oldest(entries: dict[str, float] | dict[str, None]) -> None:
    """Remove the oldest entry of a full table."""
    if len(entries) >= PEERS_MAX:
        del entries[next(iter(entries))]
