"""In-memory store of the Messaging service: conversations, read marks and the message log.

Like the real store, it ignores writes whose seq is not above the stored one.
"""

import time
from collections.abc import Sequence

import msgspec

from storage.contracts.messaging import (
    ConversationActivity,
    ConversationRecord,
    ConversationSummary,
    IdempotencyClaim,
    Membership,
    ReadMark,
)
from storage.contracts.pending_effects import PendingEffect
from storage.memory.message_log import MemoryMessageLog


class MemoryMessaging(MemoryMessageLog):
    """Implements `storage.contracts.messaging.MessagingStore`."""

    def __init__(self) -> None:
        super().__init__()
        self._conversations: dict[str, ConversationRecord] = {}
        self._last_sent_seqs: dict[tuple[str, str], int] = {}
        self._read_marks: dict[tuple[str, str], ReadMark] = {}
        self._pending_effects: dict[str, PendingEffect] = {}
        self._idempotency_keys: dict[str, IdempotencyClaim] = {}

    def close(self) -> None:
        self.unavailable = True

    async def create(self, conversation: ConversationRecord) -> ConversationRecord | None:
        await self._yield_or_fail()
        existing = self._conversations.setdefault(conversation.id, conversation)
        return None if existing is conversation else existing

    async def get(self, conversation_id: str) -> ConversationRecord | None:
        await self._yield_or_fail()
        return self._conversations.get(conversation_id)

    async def last_seqs_by_user(self, user_ids: Sequence[str]) -> dict[str, dict[str, int]]:
        await self._yield_or_fail()
        last_seqs: dict[str, dict[str, int]] = {}
        for conversation in self._conversations.values():
            for user_id in set(user_ids).intersection(conversation.participants):
                last_seqs.setdefault(user_id, {})[conversation.id] = conversation.last_seq
        return last_seqs

    async def page_activity(
        self, user_id: str, before: tuple[int, str] | None, limit: int
    ) -> list[ConversationActivity]:
        await self._yield_or_fail()
        activities = [
            ConversationActivity(
                conversation.id,
                conversation.last_seq,
                conversation.last_message.timestamp_ms
                if conversation.last_message
                else conversation.created_at_ms,
            )
            for conversation in self._conversations.values()
            if user_id in conversation.participants
        ]
        activities.sort(key=lambda each: (each.last_activity_ms, each.conversation_id), reverse=True)
        return [
            each
            for each in activities
            if before is None or (each.last_activity_ms, each.conversation_id) < before
        ][:limit]

    async def list_memberships(
        self, user_id: str, conversation_ids: Sequence[str] | None
    ) -> list[Membership]:
        await self._yield_or_fail()
        is_listing = conversation_ids is None
        wanted = self._conversations if conversation_ids is None else dict.fromkeys(conversation_ids)
        conversations = (self._conversations[key] for key in wanted if key in self._conversations)
        return [
            Membership(
                conversation=msgspec.structs.replace(
                    conversation, participants=(), admins=(), former_members=()
                )
                if is_listing
                else conversation,
                last_sent_seq=self._last_sent_seqs.get((conversation.id, user_id), 0),
            )
            for conversation in conversations
            if user_id in conversation.participants
        ]

    async def users_sharing_conversation(self, user_id: str, others: Sequence[str]) -> set[str]:
        await self._yield_or_fail()
        joined = [c.participants for c in self._conversations.values() if user_id in c.participants]
        return {other for other in others if any(other in members for members in joined)}

    async def any_user_in_many(self, user_ids: Sequence[str], count: int) -> bool:
        await self._yield_or_fail()
        members = [conversation.participants for conversation in self._conversations.values()]
        return any(sum(user_id in one for one in members) >= count for user_id in user_ids)

    async def users_knowing(self, user_id: str, others: Sequence[str]) -> set[str]:
        await self._yield_or_fail()
        return {
            other
            for conversation in self._conversations.values()
            if user_id in conversation.participants
            for other in set(others).intersection(conversation.participants)
            if conversation.type != "DIRECT"
            or conversation.participants[0] == other
            or (conversation.id, other) in self._last_sent_seqs
        }

    async def add_pending_effect(self, effect: PendingEffect) -> None:
        await self._yield_or_fail()
        self._pending_effects[effect.key] = effect

    async def claim_pending_effect(self, effect: PendingEffect, claim: str) -> bool:
        await self._yield_or_fail()
        if self._pending_effects.get(effect.key) != effect:
            return False
        self._pending_effects[effect.key] = msgspec.structs.replace(effect, claim=claim)
        return True

    async def remove_pending_effect(self, key: str) -> None:
        await self._yield_or_fail()
        self._pending_effects.pop(key, None)

    async def list_pending_effects(self, after_key: str, limit: int) -> list[PendingEffect]:
        await self._yield_or_fail()
        keys = sorted(key for key in self._pending_effects if key > after_key)
        return [self._pending_effects[key] for key in keys[:limit]]

    async def save_projection(self, conversation: ConversationRecord) -> None:
        await self._yield_or_fail()
        existing = self._conversations.get(conversation.id)
        if existing is not None and existing.applied_seq < conversation.applied_seq:
            self._conversations[conversation.id] = msgspec.structs.replace(
                existing,
                participants=conversation.participants,
                admins=conversation.admins,
                name=conversation.name,
                former_members=conversation.former_members,
                applied_seq=conversation.applied_seq,
            )

    async def save_summaries(self, summaries: Sequence[ConversationSummary]) -> None:
        await self._yield_or_fail()
        for summary in summaries:
            existing = self._conversations.get(summary.conversation_id)
            if existing is None:
                continue
            if existing.last_seq < summary.last_seq:
                last = existing.last_message if summary.last_message is None else summary.last_message
                self._conversations[existing.id] = msgspec.structs.replace(
                    existing, last_seq=summary.last_seq, last_message=last
                )
            for user_id, seq in summary.last_sent_seqs:
                key = (existing.id, user_id)
                self._last_sent_seqs[key] = max(seq, self._last_sent_seqs.get(key, 0))

    async def get_read_marks(self, keys: Sequence[tuple[str, str]]) -> list[ReadMark]:
        await self._yield_or_fail()
        return [self._read_marks[key] for key in dict.fromkeys(keys) if key in self._read_marks]

    async def advance_read_mark(self, mark: ReadMark) -> int:
        await self._yield_or_fail()
        key = (mark.conversation_id, mark.user_id)
        existing = self._read_marks.get(key)
        if existing is None or existing.read_seq < mark.read_seq:
            muted = existing is not None and existing.muted
            self._read_marks[key] = msgspec.structs.replace(mark, muted=muted)
        return self._read_marks[key].read_seq

    async def last_sent_seqs(self, conversation_id: str) -> dict[str, int]:
        await self._yield_or_fail()
        return {
            user_id: seq for (key, user_id), seq in self._last_sent_seqs.items() if key == conversation_id
        }

    async def claim_idempotency_key(self, key: str, digest: str) -> IdempotencyClaim:
        await self._yield_or_fail()
        return self._idempotency_keys.setdefault(key, IdempotencyClaim(digest, time.time_ns() // 1_000_000))

    async def set_muted(self, conversation_id: str, user_id: str, *, muted: bool) -> None:
        await self._yield_or_fail()
        key = (conversation_id, user_id)
        existing = self._read_marks.get(key, ReadMark(conversation_id, user_id))
        self._read_marks[key] = msgspec.structs.replace(existing, muted=muted)
