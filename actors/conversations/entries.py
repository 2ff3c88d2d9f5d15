"""Builds log entries from commands, once their seq is known."""

from typing import TypeGuard

import msgspec

from actors.conversations.commands import (
    AnnounceByRule,
    ChangeMessage,
    Draft,
    MembershipChange,
    PendingAppend,
    Send,
)
from actors.conversations.errors import not_found
from actors.conversations.message_changes import ChangeByModerator, content_digest, plan_message_change
from actors.conversations.roster import Roster
from actors.protocol.objects import MessageType
from actors.protocol.timestamps import now_ms
from storage.contracts.identifiers import entry_id, new_attempt_id
from storage.contracts.message_log import ChangeEntry, Entry, MembershipDelta, MessageEntry, MessageState


def build_entry(conversation_id: str, seq: int, pending: PendingAppend, roster: Roster) -> Entry | None:
    """Build the entry of a command for `seq`, or return None if the command changes nothing.

    The members, admins and target message must be those at `seq` - 1. Raises `ApiError` if the command is not
    allowed.
    """
    command = pending.command
    if isinstance(command, Send):
        if command.draft.sender_id not in roster.members:
            raise not_found()
        return text_entry(conversation_id, seq, command.draft)
    if isinstance(command, ChangeMessage):
        message = pending.target_message
        assert message is not None
        if command.user_id not in roster.members and not isinstance(command.change, ChangeByModerator):
            raise not_found()
        state = plan_message_change(message, command.user_id, command.change, roster.admins, now_ms())
        if state is None:
            return None
        return change_entry(conversation_id, seq, command.user_id, message.id, state)
    plan = roster.plan_change(command.change)
    if plan is None:
        return None
    membership, content = plan
    return system_entry(conversation_id, seq, command.change, membership, content)


def is_same_message(entry: Entry | None, draft: Draft) -> TypeGuard[MessageEntry]:
    """Whether a draft has the original content of the entry that is stored with its `client_id`."""
    if not isinstance(entry, MessageEntry):
        return False
    if entry.original_digest:
        return entry.original_digest == content_digest(draft.content, draft.mentions, draft.reply_to)
    return (
        entry.content == draft.content
        and set(entry.mentions) == set(draft.mentions)
        and entry.reply_to == draft.reply_to
    )


def first_entry(stored: MessageEntry, draft: Draft) -> MessageEntry:
    """Return a stored message as it was when the draft, which is a repeat of it, was first sent."""
    first = text_entry(stored.conversation_id, stored.seq, draft)
    return msgspec.structs.replace(first, attempt_id=stored.attempt_id, created_at_ms=stored.created_at_ms)


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
    attempt_id = new_attempt_id()
    return MessageEntry(
        id=entry_id(conversation_id, seq),
        conversation_id=conversation_id,
        seq=seq,
        changed_seq=seq,
        attempt_id=attempt_id,
        sender_id=change.changed_by.id,
        # Unique like every client_id. Not sent to clients.
        client_id=f"system:{change.key if isinstance(change, AnnounceByRule) else format(attempt_id, 'x')}",
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
    attempt_id = new_attempt_id()
    return ChangeEntry(
        id=entry_id(conversation_id, seq),
        conversation_id=conversation_id,
        seq=seq,
        attempt_id=attempt_id,
        sender_id=user_id,
        client_id=f"change:{attempt_id:x}",
        message_id=message_id,
        state=state,
        created_at_ms=now_ms(),
    )
