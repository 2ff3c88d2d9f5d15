"""A pending effect that exists while an instance has lost frames of user streams and begun no new epoch.

If the instance stops before it begins one, the sweeper of another finds the record unchanged and does it, so
that all clients learn that frames are missing.
"""

import contextlib
from typing import Final

import msgspec

from actors.protocol.timestamps import now_ms
from storage.contracts.identifiers import new_id
from storage.contracts.pending_effects import PendingEffect, PendingEffectStore
from storage.errors import Unavailable

ALL_STREAMS: Final = "0" * 24
"""`conversation_id` of the record: the id of no conversation."""


class StreamLossRecord:
    def __init__(self, store: PendingEffectStore, instance: str) -> None:
        self._store = store
        self._instance = instance
        self._effect: PendingEffect | None = None

    async def keep(self) -> None:
        """Store the record, or change it so that no sweeper completes it yet. Best effort."""
        with contextlib.suppress(Unavailable):
            effect, claim = self._effect, new_id()
            if effect is not None and await self._store.claim_pending_effect(effect, claim):
                self._effect = msgspec.structs.replace(effect, claim=claim)
                return
            effect = PendingEffect(new_id(), ALL_STREAMS, self._instance, 0, now_ms())
            await self._store.add_pending_effect(effect)
            self._effect = effect

    async def remove(self) -> None:
        """Delete the record after a new epoch has begun. If that fails, a sweeper begins another one."""
        effect, self._effect = self._effect, None
        if effect is not None:
            with contextlib.suppress(Unavailable):
                await self._store.remove_pending_effect(effect.key)
