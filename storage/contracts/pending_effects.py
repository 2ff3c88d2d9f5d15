"""Pending effects of the Messaging service: side effects recorded before they are done.

After a crash another instance completes them. All methods raise `Unavailable`.
"""

from typing import Protocol

import msgspec


class PendingEffect(msgspec.Struct, frozen=True):
    """Side effects in a conversation that are not complete: membership frames, mentions and their withdrawal.

    They follow from the entries above `since_seq`, which `instance` has stored or is storing. Each renewal by
    that instance, and each sweep that begins to complete them, sets a new random `claim`. With the
    `conversation_id` `ALL_STREAMS`, the effect is a new epoch of all user streams: see `StreamLossRecord`.
    """

    key: str
    conversation_id: str
    instance: str
    since_seq: int
    created_at_ms: int
    claim: str | None = None


class PendingEffectStore(Protocol):
    """Side effects noted before they are done, so that another instance completes them after a crash."""

    async def add_pending_effect(self, effect: PendingEffect) -> None:
        """Store an effect durably."""

    async def claim_pending_effect(self, effect: PendingEffect, claim: str) -> bool:
        """Set the claim, unless another one was set since `effect` was read or it was removed."""

    async def remove_pending_effect(self, key: str) -> None:
        """Delete an effect that is done."""

    async def list_pending_effects(self, after_key: str, limit: int) -> list[PendingEffect]:
        """Return pending effects with a key above `after_key`, in the order of their keys."""
