"""Records for tests of `MessagingStore`, and short forms of its methods."""

import itertools

import msgspec

from storage.contracts.identifiers import entry_id, new_attempt_id, new_id
from storage.contracts.message_log import Appended, ChangeEntry, Entry, MessageEntry, MessageState
from storage.contracts.messaging import ConversationRecord, MessagingStore

NOW_MS = 1_790_000_000_123
_client_ids = itertools.count(1)


def message(conversation_id: str, seq: int, *, sender: str = "ana", **fields: object) -> MessageEntry:
    entry = MessageEntry(
        id=entry_id(conversation_id, seq),
        conversation_id=conversation_id,
        seq=seq,
        changed_seq=seq,
        attempt_id=new_attempt_id(),
        sender_id=sender,
        client_id=f"client-{next(_client_ids)}",
        content=f"text {seq}",
        message_type="TEXT",
        mentions=(),
        reply_to=None,
        created_at_ms=NOW_MS + seq,
    )
    return msgspec.structs.replace(entry, **fields)


def change(conversation_id: str, seq: int, changed_seq: int, **state_fields: object) -> ChangeEntry:
    state = MessageState(content=f"text {changed_seq}", edited_at_ms=None, deleted_at_ms=None, reactions=())
    return ChangeEntry(
        id=entry_id(conversation_id, seq),
        conversation_id=conversation_id,
        seq=seq,
        attempt_id=new_attempt_id(),
        sender_id="ana",
        client_id=f"client-{next(_client_ids)}",
        message_id=entry_id(conversation_id, changed_seq),
        state=msgspec.structs.replace(state, **state_fields),
        created_at_ms=NOW_MS + seq,
    )


def group(*participants: str, **fields: object) -> ConversationRecord:
    conversation = ConversationRecord(
        id=new_id(),
        type="GROUP",
        name="Hikers",
        participants=participants,
        admins=participants[:1],
        created_at_ms=NOW_MS,
    )
    return msgspec.structs.replace(conversation, **fields)


async def append_all(store: MessagingStore, *entries: Entry) -> None:
    assert await store.append(entries) == Appended(len(entries))


async def seqs(store: MessagingStore, conversation_id: str) -> list[int]:
    return [entry.seq for entry in await store.read(conversation_id, 0, 10**6)]


async def get_message(store: MessagingStore, conversation_id: str, seq: int) -> MessageEntry:
    (found,) = await store.find_messages([entry_id(conversation_id, seq)])
    return found
