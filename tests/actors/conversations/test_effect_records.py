"""Records of pending effects: shared, renewed by their instance, completed by one sweeper after a crash."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence

import msgspec
import pytest

from actors.conversations import pending_effects
from actors.conversations.pending_effect_sweeper import (
    SWEEP_GAP_S,
    SWEEP_PERIOD_S,
    UNCHANGED_AFTER_GAP_S,
    UNCHANGED_S,
)
from actors.conversations.pending_effects import RENEWAL_PERIOD_S
from actors.notifications.notification_pusher import POLL_INTERVAL_S
from actors.protocol.timestamps import now_ms
from actors.runtime.periodic_job import JITTER
from storage.contracts.identifiers import new_id
from storage.contracts.message_log import Appended, Entry
from storage.contracts.pending_effects import PendingEffect
from storage.errors import Unavailable
from tests.actors.conversations.mention_cluster import MentionCluster, send_mentioning, wait_settled
from tests.actors.fake_cluster import ANA, BEN, pending_effects_of
from tests.until import until

UNDELIVERED_S = 5.0
"""The longest time in which another instance pushes a notification that was stored and not pushed."""


@pytest.fixture
async def cluster() -> AsyncIterator[MentionCluster]:
    cluster = MentionCluster()
    yield cluster
    await cluster.close()


def test_periods_keep_the_promise() -> None:
    """Ten seconds after an outage everything is complete; an instance renews long before others sweep."""
    promised_s, slack_s = 10.0, 1.0
    assert 2 * SWEEP_PERIOD_S + UNCHANGED_S + slack_s <= promised_s
    assert 2 * SWEEP_PERIOD_S + UNCHANGED_AFTER_GAP_S + slack_s <= promised_s
    assert RENEWAL_PERIOD_S + slack_s <= UNCHANGED_AFTER_GAP_S < UNCHANGED_S
    assert SWEEP_PERIOD_S < SWEEP_GAP_S < UNCHANGED_S
    assert POLL_INTERVAL_S * (1 + JITTER) + slack_s <= UNDELIVERED_S


async def test_effect_without_a_message_is_settled(cluster: MentionCluster) -> None:
    """An effect whose instance crashed before the append is removed without a notification."""
    core, mentions = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN)
    await send_mentioning(core, room, "no mention")
    await cluster.messaging.add_pending_effect(PendingEffect(new_id(), room, "a dead instance", 0, now_ms()))
    await core.pending_effect_sweeper.sweep(0)

    assert mentions.notified == []
    assert await pending_effects_of(cluster) == []


async def test_messages_of_a_second_share_a_record(cluster: MentionCluster) -> None:
    """It is written once, stays while one of their notifications is missing, and its log is read once."""
    core, mentions = await cluster.start_recording_instance()
    other, swept = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN)
    mentions.never_completes = True
    await send_mentioning(core, room, "left pending @ben", BEN)
    mentions.never_completes = False
    for number in range(5):
        await send_mentioning(core, room, f"{number} @ben", BEN)
    assert len(await pending_effects_of(cluster)) == 1
    await other.pending_effect_sweeper.sweep(0)

    assert [content for content, _ in swept.notified] == [
        "left pending @ben",
        *(f"{number} @ben" for number in range(5)),
    ]
    assert await pending_effects_of(cluster) == []


async def test_failed_notification_starts_a_new_record(cluster: MentionCluster) -> None:
    """So later messages do not keep the failed one from the sweepers."""
    core, mentions = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN)
    mentions.unavailable = True
    await send_mentioning(core, room, "failed @ben", BEN)
    (failed,) = await pending_effects_of(cluster)
    mentions.unavailable = False
    await send_mentioning(core, room, "fine @ben", BEN)
    await wait_settled(cluster, 1)

    assert await pending_effects_of(cluster) == [failed]


async def test_one_sweeper_claims_an_effect(cluster: MentionCluster) -> None:
    """Of two sweepers that list an effect at the same time, one notifies."""
    core, mentions = await cluster.start_recording_instance()
    first, first_swept = await cluster.start_recording_instance()
    second, second_swept = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN)
    mentions.never_completes = True
    await send_mentioning(core, room, "hello @ben", BEN)
    await asyncio.gather(first.pending_effect_sweeper.sweep(0), second.pending_effect_sweeper.sweep(0))

    assert len(first_swept.notified + second_swept.notified) == 1
    assert await pending_effects_of(cluster) == []


async def test_claim_of_a_failed_sweep_expires(cluster: MentionCluster) -> None:
    """A claim counts as a change: another sweeper completes the effect after it is unchanged again."""
    core, mentions = await cluster.start_recording_instance()
    first, first_swept = await cluster.start_recording_instance()
    second, second_swept = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN)
    mentions.never_completes = True
    await send_mentioning(core, room, "hello @ben", BEN)
    await second.pending_effect_sweeper.sweep(60)
    first_swept.unavailable = True
    await first.pending_effect_sweeper.sweep(0)
    await second.pending_effect_sweeper.sweep(60)
    assert second_swept.notified == []
    assert second.pending_effect_sweeper.statistics().pending == 1
    assert second.pending_effect_sweeper.statistics().oldest_age_s > 0
    await second.pending_effect_sweeper.sweep(0)

    assert len(second_swept.notified) == 1
    assert await pending_effects_of(cluster) == []


async def test_effect_of_a_conversation_that_was_not_created_is_settled(cluster: MentionCluster) -> None:
    """Its creation failed after the effect was recorded."""
    core, _ = await cluster.start_recording_instance()
    await cluster.messaging.add_pending_effect(PendingEffect(new_id(), new_id(), "a dead instance", -1, 0))
    await core.pending_effect_sweeper.sweep(0)

    assert await pending_effects_of(cluster) == []


async def test_record_that_was_swept_too_early_is_restored(cluster: MentionCluster) -> None:
    """A sweeper settles the effect of a paused instance, whose notification of the message then fails."""
    core, mentions = await cluster.start_recording_instance()
    other, _ = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN)
    mentions.unavailable = True
    append = cluster.messaging.append

    async def sweep_and_append(entries: Sequence[Entry]) -> Appended:
        await other.pending_effect_sweeper.sweep(0)
        assert await pending_effects_of(cluster) == []
        return await append(entries)

    cluster.messaging.append = sweep_and_append  # type: ignore[method-assign]
    await send_mentioning(core, room, "hello @ben", BEN)
    cluster.messaging.append = append  # type: ignore[method-assign]
    await wait_settled(cluster, 1)


async def test_record_stays_until_its_last_message_is_notified(
    cluster: MentionCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweeper settles it after the notification of one message failed, before that of another one does."""
    monkeypatch.setattr(pending_effects, "SHARED_FOR_S", 60)
    core, mentions = await cluster.start_recording_instance()
    other, swept = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN)
    mentions.unavailable = True
    waiting: list[asyncio.Event] = []
    append = cluster.messaging.append

    async def wait_and_append(entries: Sequence[Entry]) -> Appended:
        if len(waiting) < 2:
            waiting.append(asyncio.Event())
            await waiting[-1].wait()
        return await append(entries)

    monkeypatch.setattr(cluster.messaging, "append", wait_and_append)
    first = asyncio.create_task(send_mentioning(core, room, "first @ben", BEN))
    await until(lambda: len(waiting) == 1)
    (record,) = core.pending_effects._records.values()
    second = asyncio.create_task(send_mentioning(core, room, "second @ben", BEN))
    await until(lambda: record._open == 2)
    waiting[0].set()
    await first
    await until(lambda: len(waiting) == 2)
    assert core.pending_effects.is_working_on(record.effect.key)
    await other.pending_effect_sweeper.sweep(0)
    assert [content for content, _ in swept.notified] == ["first @ben"]
    assert await pending_effects_of(cluster) == []
    waiting[1].set()
    await second
    await wait_settled(cluster, 1)


async def test_effect_of_a_message_that_waits_is_renewed(
    cluster: MentionCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its instance, which does not sweep it either; also after a renewal whose outcome is unknown."""
    monkeypatch.setattr(pending_effects, "RENEWAL_PERIOD_S", 0.02)
    core, mentions = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN)
    may_append = asyncio.Event()
    claims: list[str] = []
    append, claim_pending_effect = cluster.messaging.append, cluster.messaging.claim_pending_effect

    async def wait_and_append(entries: Sequence[Entry]) -> Appended:
        await may_append.wait()
        return await append(entries)

    async def claim_and_lose_one_reply(effect: PendingEffect, claim: str) -> bool:
        is_claimed = await claim_pending_effect(effect, claim)
        if is_claimed:
            claims.append(claim)
            if len(claims) == 2:
                raise Unavailable
        return is_claimed

    monkeypatch.setattr(cluster.messaging, "append", wait_and_append)
    monkeypatch.setattr(cluster.messaging, "claim_pending_effect", claim_and_lose_one_reply)
    sending = asyncio.create_task(send_mentioning(core, room, "hello @ben", BEN))
    await until(lambda: len(claims) >= 4)
    await core.pending_effect_sweeper.sweep(0)
    assert len(await pending_effects_of(cluster)) == 1
    may_append.set()
    await sending
    await wait_settled(cluster)

    assert mentions.requested == ["hello @ben"]
    assert mentions.notified == [("hello @ben", frozenset({ANA, BEN}))]


async def test_effects_are_not_due_at_once_after_an_outage(cluster: MentionCluster) -> None:
    """Their instances could not renew them either. Later they are due, however often the store is away."""
    core, mentions = await cluster.start_recording_instance()
    other, swept = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN)
    mentions.never_completes = True
    await send_mentioning(core, room, "hello @ben", BEN)
    sweeper = other.pending_effect_sweeper
    await sweeper.close()

    async def sweep_after(seconds: float, *, is_gap: bool) -> None:
        """Sweep as if the time had passed, with or without sweeps."""
        sweeper._seen = {
            key: msgspec.structs.replace(effect, unchanged_since=effect.unchanged_since - seconds)
            for key, effect in sweeper._seen.items()
        }
        sweeper._listed_at = time.monotonic() - (seconds if is_gap else 0)
        await sweeper.sweep(UNCHANGED_S)

    await sweep_after(0, is_gap=False)
    await sweep_after(100, is_gap=True)
    assert swept.notified == []
    await sweep_after(UNCHANGED_S, is_gap=True)

    assert [content for content, _ in swept.notified] == ["hello @ben"]
    assert await pending_effects_of(cluster) == []


async def test_outage_is_logged_by_the_store_alone(
    cluster: MentionCluster, caplog: pytest.LogCaptureFixture
) -> None:
    """However many effects are due and cannot be listed or completed."""
    core, mentions = await cluster.start_recording_instance()
    rooms = [await cluster.create_group(core, ANA, BEN) for _ in range(3)]
    mentions.unavailable = True
    for room in rooms:
        await send_mentioning(core, room, "hello @ben", BEN)
    await wait_settled(cluster, 3)
    await core.pending_effect_sweeper.sweep(0)
    cluster.messaging.unavailable = True
    await core.pending_effect_sweeper._run_sweep()
    cluster.messaging.unavailable = False

    assert [record for record in caplog.records if record.levelno >= logging.INFO] == []
