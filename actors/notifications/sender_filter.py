"""Excludes senders who must not notify a user: users with a block between them, and users whom they mute."""

import asyncio
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from actors.social.block_service import BlockService
from storage.contracts.mutes import MuteStore


class SenderFilter:
    def __init__(self, block_service: BlockService, mutes: MuteStore) -> None:
        self._block_service = block_service
        self._mutes = mutes

    async def find_unwanted_pairs(self, pairs: Sequence[tuple[str, str]]) -> AbstractSet[tuple[str, str]]:
        """Return those of the (sender, recipient) pairs that must not notify, by two lookups at once."""
        blocked_pairs, mutes = await asyncio.gather(
            self._block_service.find_blocked_pairs(pairs),
            self._mutes.notification_mutes_among(
                [(recipient_id, sender_id) for sender_id, recipient_id in pairs]
            ),
        )
        return blocked_pairs | {(sender_id, recipient_id) for recipient_id, sender_id in mutes}
