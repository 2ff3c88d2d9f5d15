"""Contract of `MessagingStore`: pending effects and idempotency keys."""

import asyncio

import msgspec

from actors.protocol.timestamps import now_ms
from storage.contracts.identifiers import new_id
from storage.contracts.messaging import (
    MessagingStore,
)
from storage.contracts.pending_effects import PendingEffect


async def test_idempotency_key_keeps_its_first_claim(store: MessagingStore) -> None:
    """Of concurrent claims one is first, and all return it, with its time."""
    key, begun_at_ms = new_id(), now_ms()
    kept = await asyncio.gather(
        *(store.claim_idempotency_key(key, f"digest {number}") for number in range(16))
    )

    assert len({claim.digest for claim in kept}) == 1
    again = await store.claim_idempotency_key(key, "another")
    assert again.digest == kept[0].digest
    assert begun_at_ms <= again.claimed_at_ms <= now_ms()
    assert await store.claim_idempotency_key(key, "another") == again
    assert (await store.claim_idempotency_key(new_id(), "another")).digest == "another"


def pending_effect(room: str) -> PendingEffect:
    return PendingEffect(new_id(), room, "one", 7, 1_790_000_000_000)


async def test_pending_effects_are_listed_by_key_and_removed(store: MessagingStore, room: str) -> None:
    """In pages, each effect once; storing one again changes nothing."""
    effects = sorted((pending_effect(room) for _ in range(5)), key=lambda effect: effect.key)
    for effect in [*effects, effects[0]]:
        await store.add_pending_effect(effect)
    first_page = await store.list_pending_effects("", 2)
    assert len(first_page) == 2
    stored = [*first_page, *await store.list_pending_effects(first_page[-1].key, 10_000)]
    assert [effect for effect in stored if effect.conversation_id == room] == effects

    for effect in effects:
        await store.remove_pending_effect(effect.key)
        await store.remove_pending_effect(effect.key)
    assert not [effect for effect in await store.list_pending_effects("", 10_000) if effect in effects]


async def test_pending_effect_is_claimed_once(store: MessagingStore, room: str) -> None:
    """Of concurrent claims one succeeds, and only for the effect as it was read."""
    effect = pending_effect(room)
    await store.add_pending_effect(effect)
    claims = await asyncio.gather(*(store.claim_pending_effect(effect, f"claim {n}") for n in range(8)))
    assert claims.count(True) == 1
    claimed = msgspec.structs.replace(effect, claim=f"claim {claims.index(True)}")
    assert not await store.claim_pending_effect(effect, "late")
    assert await store.claim_pending_effect(claimed, "again")
    await store.remove_pending_effect(effect.key)
    assert not await store.claim_pending_effect(msgspec.structs.replace(effect, claim="again"), "gone")
