"""Cores on shared in-memory stores, and room subscribers that record frames."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
import pytest

from actors.accounts.authenticator import Authenticator
from actors.conversations.commands import Send
from actors.conversations.future_reply import FutureReply
from actors.conversations.message_validation import create_draft
from actors.core import Core, CoreOptions, CoreStores
from actors.delivery.flusher import Flusher
from actors.delivery.send_queue import SendQueue, SeqRange
from actors.delivery.stream_loss_record import ALL_STREAMS
from actors.protocol.errors import ApiError
from actors.protocol.objects import ConversationType, UserCard
from actors.service_hooks import ServiceHooks
from config.limits import Limits
from storage.contracts.message_log import MessageEntry
from storage.contracts.pending_effects import PendingEffect
from storage.memory.bus import MemoryBroker, MemoryBus
from storage.memory.messaging import MemoryMessaging
from storage.memory.user_streams import MemoryUserStreams
from storage.memory.users import MemoryLogins, MemorySessions, UserTables

FAST_LIMITS = Limits(gap_wait_ms=20, head_announce_delays_s=(0.1, 0.2, 0.4), flush_interval_ms=50)
ANA, BEN, CYD = (f"00000000-0000-4000-8000-00000000000{number}" for number in (1, 2, 3))


def card(user_id: str) -> UserCard:
    return UserCard(user_id, f"user{user_id[-1]}", None, None, verified=False)


async def load_cards(user_ids: Sequence[str]) -> Mapping[str, UserCard]:
    return {user_id: card(user_id) for user_id in user_ids}


class RecordingMember:
    """A room subscriber that records the frames and gaps it receives."""

    def __init__(self, user_id: str, flusher: Flusher) -> None:
        self.user_id = user_id
        self.frames: list[bytes] = []
        self.gaps: list[tuple[int, int]] = []
        self.send_queue = SendQueue(self, self, flusher, FAST_LIMITS)

    def write(self, data: bytes) -> None:
        self.frames += [line for line in data.split(b"\n") if line]

    def on_too_slow(self) -> None:
        raise AssertionError

    def on_skipped(self, seq_range: SeqRange) -> None:
        raise AssertionError

    def push_lagged(self, conversation_id: str, from_seq: int, to_seq: int) -> None:
        self.gaps.append((from_seq, to_seq))

    @property
    def seqs(self) -> list[int]:
        return [frame["seq"] for frame in map(msgspec.json.decode, self.frames)]

    @property
    def contents(self) -> list[str]:
        return [frame["message"]["content"] for frame in map(msgspec.json.decode, self.frames)]


class FakeCluster:
    """Instances that share in-memory stores and a broker."""

    def __init__(self) -> None:
        self.messaging = MemoryMessaging()
        self.broker = MemoryBroker()
        self.streams = MemoryUserStreams(self.broker)
        self.cores: list[Core] = []
        self.deleted_user_ids: set[str] = set()

    async def start_instance(self, limits: Limits = FAST_LIMITS) -> Core:
        tables = UserTables()
        authenticator = Authenticator(MemorySessions(tables), MemoryLogins(tables), limits)
        stores = CoreStores(self.messaging, MemoryBus(self.broker), self.streams)
        options = CoreOptions(f"i{len(self.cores)}", limits, lambda event: event + b"\n")
        hooks = ServiceHooks(find_existing_users=self._find_existing_users)
        core = Core(stores, authenticator, load_cards, options, hooks)
        await core.start()
        self.cores.append(core)
        return core

    async def _find_existing_users(self, user_ids: Sequence[str]) -> Collection[str]:
        return set(user_ids) - self.deleted_user_ids

    async def close(self) -> None:
        for core in self.cores:
            await core.stop()

    async def create_group(self, core: Core, *members: str) -> str:
        created = await core.conversations.create(
            card(members[0]), ConversationType.GROUP, members[1:], "group", None
        )
        return created.conversation.id

    async def join_room(self, core: Core, conversation_id: str, user_id: str) -> RecordingMember:
        member = RecordingMember(user_id, core.flusher)
        await core.rooms.join(member, [(conversation_id, 0)])
        return member


def send(
    core: Core, conversation_id: str, sender_id: str, content: str, client_id: str | None = None
) -> "asyncio.Future[tuple[MessageEntry, bool] | None]":
    reply = FutureReply()
    draft = create_draft(sender_id, client_id or content, content, (), None)
    core.conversations.send(conversation_id, Send(draft, reply))
    return reply.future


async def stored_seq(future: "asyncio.Future[tuple[MessageEntry, bool] | None]") -> tuple[int, bool]:
    """Return the seq of a sent message, and whether it was a duplicate."""
    stored = await future
    assert stored is not None
    return stored[0].seq, stored[1]


async def pending_effects_of(cluster: FakeCluster) -> list[PendingEffect]:
    """Return the notifications of conversations that are recorded but not complete."""
    effects = await cluster.messaging.list_pending_effects("", 1000)
    return [effect for effect in effects if effect.conversation_id != ALL_STREAMS]


async def owed_epochs_of(cluster: FakeCluster) -> list[PendingEffect]:
    """Return the records of lost frames of user streams."""
    effects = await cluster.messaging.list_pending_effects("", 1000)
    return [effect for effect in effects if effect.conversation_id == ALL_STREAMS]


async def log_of(cluster: FakeCluster, conversation_id: str) -> list[MessageEntry]:
    """Return the messages in a conversation's log."""
    entries = await cluster.messaging.read(conversation_id, 0, 1_000_000)
    return [entry for entry in entries if isinstance(entry, MessageEntry)]


async def refused_code(future: "asyncio.Future[Any]") -> str:
    """Return the error code with which a sent message is refused."""
    with pytest.raises(ApiError) as refusal:
        await future
    return refusal.value.code
