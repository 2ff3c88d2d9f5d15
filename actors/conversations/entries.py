"""How a letter becomes an entry of the log, once its seq is known. Pure; it never checks permissions."""

from actors.conversations.commands import Draft, MembershipChange
from actors.protocol.objects import MessageType
from actors.protocol.timestamps import now_ms
from storage.contracts.identifiers import entry_id, new_attempt_id
from storage.contracts.messaging import ChangeEntry, MembershipDelta, MessageEntry, MessageState


def text_entry(conversation_id: str, seq: int, draft: Draft) -> MessageEntry:
    return MessageEntry(
        id=entry_id(conversation_id, seq),
        conversation_id=conversation_id,
        seq=seq,
        changed_seq=seq,
        attempt_id=draft.attempt_id,
        sender_id=draft.sender_id,
        client_id=draft.client_id,
        content=draft.content,
        message_type=MessageType.TEXT.value,
        mentions=draft.mentions,
        reply_to=draft.reply_to,
        created_at_ms=now_ms(),
    )


def system_entry(
    conversation_id: str, seq: int, change: MembershipChange, membership: MembershipDelta, content: str
) -> MessageEntry:
    draft = new_attempt_id()
    return MessageEntry(
        id=entry_id(conversation_id, seq),
        conversation_id=conversation_id,
        seq=seq,
        changed_seq=seq,
        attempt_id=draft,
        sender_id=change.actor.id,
        # Unique like every entry's; clients are not shown it.
        client_id=f"system:{draft:x}",
        content=content,
        message_type=MessageType.SYSTEM.value,
        mentions=(),
        reply_to=None,
        created_at_ms=now_ms(),
        membership=membership,
    )


def change_entry(
    conversation_id: str, seq: int, user_id: str, message_id: str, state: MessageState
) -> ChangeEntry:
    draft = new_attempt_id()
    return ChangeEntry(
        id=entry_id(conversation_id, seq),
        conversation_id=conversation_id,
        seq=seq,
        attempt_id=draft,
        sender_id=user_id,
        client_id=f"change:{draft:x}",
        message_id=message_id,
        state=state,
        created_at_ms=now_ms(),
    )
