"""The Messaging service's store in memory: conversations and read marks, beside the message log.

Guards every late write with the seq it is about, as the real one does. It never writes to a disk.
"""

from collections.abc import Sequence

import msgspec

from storage.memory.message_log import MemoryMessageLog
from storage.records.messaging import (
    ConversationRecord,
    ConversationSummary,
    Membership,
    PendingEffect,
    ReadMark,
)


class MemoryMessaging(MemoryMessageLog):
    """Implements `storage.contracts.messaging.MessagingStore`."""

    def __init__(self) -> None:
        super().__init__()
        self._conversations: dict[str, ConversationRecord] = {}
        self._last_sent_seqs: dict[tuple[str, str], int] = {}
        self._read_marks: dict[tuple[str, str], ReadMark] = {}
        self._pending_effects: dict[str, PendingEffect] = {}
        self._idempotency_keys: dict[str, str] = {}

    def close(self) -> None:
        self.unavailable = True

    async def create(self, conversation: ConversationRecord) -> ConversationRecord | None:
        await self._yield_or_fail()
        stands = self._conversations.setdefault(conversation.id, conversation)
        return None if stands is conversation else stands

    async def get(self, conversation_id: str) -> ConversationRecord | None:
        await self._yield_or_fail()
        return self._conversations.get(conversation_id)

    async def last_seqs_by_user(self, user_ids: Sequence[str]) -> dict[str, dict[str, int]]:
        await self._yield_or_fail()
        found: dict[str, dict[str, int]] = {}
        for one in self._conversations.values():
            for user_id in set(user_ids).intersection(one.participants):
                found.setdefault(user_id, {})[one.id] = one.last_seq
        return found

    async def list_memberships(
        self, user_id: str, conversation_ids: Sequence[str] | None
    ) -> list[Membership]:
        await self._yield_or_fail()
        everything = conversation_ids is None
        wanted = self._conversations if conversation_ids is None else dict.fromkeys(conversation_ids)
        found = (self._conversations[one] for one in wanted if one in self._conversations)
        return [
            Membership(
                conversation=msgspec.structs.replace(one, participants=(), admins=()) if everything else one,
                last_sent_seq=self._last_sent_seqs.get((one.id, user_id), 0),
            )
            for one in found
            if user_id in one.participants
        ]

    async def users_sharing_conversation(self, user_id: str, others: Sequence[str]) -> set[str]:
        await self._yield_or_fail()
        shared = [one.participants for one in self._conversations.values() if user_id in one.participants]
        return {other for other in others if any(other in members for members in shared)}

    async def add_pending_effect(self, effect: PendingEffect) -> None:
        await self._yield_or_fail()
        self._pending_effects.setdefault(effect.key, effect)

    async def remove_pending_effect(self, key: str) -> None:
        await self._yield_or_fail()
        self._pending_effects.pop(key, None)

    async def list_pending_effects(self) -> list[PendingEffect]:
        await self._yield_or_fail()
        return list(self._pending_effects.values())

    async def save_projection(self, conversation: ConversationRecord) -> None:
        await self._yield_or_fail()
        stands = self._conversations.get(conversation.id)
        if stands is not None and stands.applied_seq < conversation.applied_seq:
            self._conversations[conversation.id] = msgspec.structs.replace(
                stands,
                participants=conversation.participants,
                admins=conversation.admins,
                name=conversation.name,
                applied_seq=conversation.applied_seq,
            )

    async def save_summaries(self, summaries: Sequence[ConversationSummary]) -> None:
        await self._yield_or_fail()
        for summary in summaries:
            stands = self._conversations.get(summary.conversation_id)
            if stands is None:
                continue
            if stands.last_seq < summary.last_seq:
                last = stands.last_message if summary.last_message is None else summary.last_message
                self._conversations[stands.id] = msgspec.structs.replace(
                    stands, last_seq=summary.last_seq, last_message=last
                )
            for user_id, seq in summary.last_sent_seqs:
                key = (stands.id, user_id)
                self._last_sent_seqs[key] = max(seq, self._last_sent_seqs.get(key, 0))

    async def get_read_marks(self, keys: Sequence[tuple[str, str]]) -> list[ReadMark]:
        await self._yield_or_fail()
        return [self._read_marks[key] for key in dict.fromkeys(keys) if key in self._read_marks]

    async def advance_read_mark(self, mark: ReadMark) -> int:
        await self._yield_or_fail()
        key = (mark.conversation_id, mark.user_id)
        stands = self._read_marks.get(key)
        if stands is None or stands.read_seq < mark.read_seq:
            muted = stands is not None and stands.muted
            self._read_marks[key] = msgspec.structs.replace(mark, muted=muted)
        return self._read_marks[key].read_seq

    async def last_sent_seqs(self, conversation_id: str) -> dict[str, int]:
        await self._yield_or_fail()
        return {
            user_id: seq for (one, user_id), seq in self._last_sent_seqs.items() if one == conversation_id
        }

    async def claim_idempotency_key(self, key: str, digest: str) -> str:
        await self._yield_or_fail()
        return self._idempotency_keys.setdefault(key, digest)

    async def set_muted(self, conversation_id: str, user_id: str, *, muted: bool) -> None:
        await self._yield_or_fail()
        key = (conversation_id, user_id)
        stands = self._read_marks.get(key, ReadMark(conversation_id, user_id))
        self._read_marks[key] = msgspec.structs.replace(stands, muted=muted)
