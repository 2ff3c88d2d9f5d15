"""The Messaging service's store in memory: conversations and read marks, beside the message log.

Guards every late write with the seq it is about, as the real one does. It never writes to a disk.
"""

from collections.abc import Sequence

import msgspec

from storage.memory.message_log import MemoryMessageLog
from storage.records.messaging import ConversationRecord, Intent, ReadMark, Standing, Summary


class MemoryMessaging(MemoryMessageLog):
    """Implements `storage.contracts.messaging.MessagingStore`."""

    def __init__(self) -> None:
        super().__init__()
        self._conversations: dict[str, ConversationRecord] = {}
        self._sent: dict[tuple[str, str], int] = {}
        self._marks: dict[tuple[str, str], ReadMark] = {}
        self._intents: dict[str, Intent] = {}
        self._keys: dict[str, str] = {}

    def close(self) -> None:
        self.away = True

    async def create(self, conversation: ConversationRecord) -> ConversationRecord | None:
        await self._reach()
        stands = self._conversations.setdefault(conversation.id, conversation)
        return None if stands is conversation else stands

    async def get(self, conversation_id: str) -> ConversationRecord | None:
        await self._reach()
        return self._conversations.get(conversation_id)

    async def memberships(self, user_ids: Sequence[str]) -> dict[str, dict[str, int]]:
        await self._reach()
        found: dict[str, dict[str, int]] = {}
        for one in self._conversations.values():
            for user_id in set(user_ids).intersection(one.participants):
                found.setdefault(user_id, {})[one.id] = one.last_seq
        return found

    async def standings(self, user_id: str, conversation_ids: Sequence[str] | None) -> list[Standing]:
        await self._reach()
        everything = conversation_ids is None
        wanted = self._conversations if conversation_ids is None else dict.fromkeys(conversation_ids)
        found = (self._conversations[one] for one in wanted if one in self._conversations)
        return [
            Standing(
                conversation=msgspec.structs.replace(one, participants=(), admins=()) if everything else one,
                sent_seq=self._sent.get((one.id, user_id), 0),
            )
            for one in found
            if user_id in one.participants
        ]

    async def sharing(self, user_id: str, others: Sequence[str]) -> set[str]:
        await self._reach()
        shared = [one.participants for one in self._conversations.values() if user_id in one.participants]
        return {other for other in others if any(other in members for members in shared)}

    async def intend(self, intent: Intent) -> None:
        await self._reach()
        self._intents.setdefault(intent.key, intent)

    async def settle(self, key: str) -> None:
        await self._reach()
        self._intents.pop(key, None)

    async def intents(self) -> list[Intent]:
        await self._reach()
        return list(self._intents.values())

    async def project(self, conversation: ConversationRecord) -> None:
        await self._reach()
        stands = self._conversations.get(conversation.id)
        if stands is not None and stands.applied_seq < conversation.applied_seq:
            self._conversations[conversation.id] = msgspec.structs.replace(
                stands,
                participants=conversation.participants,
                admins=conversation.admins,
                name=conversation.name,
                applied_seq=conversation.applied_seq,
            )

    async def flush(self, summaries: Sequence[Summary]) -> None:
        await self._reach()
        for summary in summaries:
            stands = self._conversations.get(summary.conversation_id)
            if stands is None:
                continue
            if stands.last_seq < summary.last_seq:
                last = stands.last_message if summary.last_message is None else summary.last_message
                self._conversations[stands.id] = msgspec.structs.replace(
                    stands, last_seq=summary.last_seq, last_message=last
                )
            for user_id, seq in summary.sent:
                key = (stands.id, user_id)
                self._sent[key] = max(seq, self._sent.get(key, 0))

    async def marks(self, keys: Sequence[tuple[str, str]]) -> list[ReadMark]:
        await self._reach()
        return [self._marks[key] for key in dict.fromkeys(keys) if key in self._marks]

    async def mark(self, mark: ReadMark) -> int:
        await self._reach()
        key = (mark.conversation_id, mark.user_id)
        stands = self._marks.get(key)
        if stands is None or stands.read_seq < mark.read_seq:
            muted = stands is not None and stands.muted
            self._marks[key] = msgspec.structs.replace(mark, muted=muted)
        return self._marks[key].read_seq

    async def sent(self, conversation_id: str) -> dict[str, int]:
        await self._reach()
        return {user_id: seq for (one, user_id), seq in self._sent.items() if one == conversation_id}

    async def claim(self, key: str, digest: str) -> str:
        await self._reach()
        return self._keys.setdefault(key, digest)

    async def mute(self, conversation_id: str, user_id: str, *, muted: bool) -> None:
        await self._reach()
        key = (conversation_id, user_id)
        stands = self._marks.get(key, ReadMark(conversation_id, user_id))
        self._marks[key] = msgspec.structs.replace(stands, muted=muted)
