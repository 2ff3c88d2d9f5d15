"""Computes the state of a message after an edit, a deletion or a reaction.

A `MessageState` is the complete new state, so applying it twice is the same as applying it once.
"""

import hashlib

import msgspec

from actors.conversations.commands import Delete, Draft, Edit, MessageChange, React
from actors.conversations.emojis import merge_reactions
from actors.conversations.roster import Roster
from actors.protocol.errors import ApiError
from actors.protocol.objects import MessageType
from config.limits import EMOJIS_PER_MESSAGE, REACTIONS_PER_MESSAGE
from storage.contracts.messaging import MessageEntry, MessageState, ReactionRecord


def plan_message_change(
    message: MessageEntry, user_id: str, change: MessageChange, roster: Roster, at_ms: int
) -> MessageState | None:
    """Return the state after the change, or None if it changes nothing.

    Raises:
        ApiError: permission.denied, message.deleted, request.invalid (too many reactions).
    """
    match change:
        case Edit(content=content):
            return _edit(message, user_id, content, at_ms)
        case Delete():
            return _delete(message, user_id, roster, at_ms)
        case React():
            return _react(message, user_id, change)


def with_message_state(message: MessageEntry, seq: int, state: MessageState) -> MessageEntry:
    """Return the message after the change at `seq`."""
    return msgspec.structs.replace(
        message,
        changed_seq=seq,
        content=state.content,
        edited_at_ms=state.edited_at_ms,
        deleted_at_ms=state.deleted_at_ms,
        reactions=state.reactions,
        original_digest=state.original_digest,
    )


def content_digest(content: str, mentions: tuple[str, ...], reply_to: str | None) -> str:
    """Digest of a message's original content, which detects a late retry after the message was edited."""
    described = msgspec.json.encode((content, sorted(mentions), reply_to))
    return hashlib.blake2b(described, digest_size=12).hexdigest()


def is_same_message(entry: MessageEntry, draft: Draft) -> bool:
    """Whether a draft with a stored `client_id` has the stored message's original content."""
    if entry.original_digest:
        return entry.original_digest == content_digest(draft.content, draft.mentions, draft.reply_to)
    return (
        entry.content == draft.content
        and set(entry.mentions) == set(draft.mentions)
        and entry.reply_to == draft.reply_to
    )


def _current_state(message: MessageEntry) -> MessageState:
    return MessageState(
        content=message.content,
        edited_at_ms=message.edited_at_ms,
        deleted_at_ms=message.deleted_at_ms,
        reactions=message.reactions,
        original_digest=message.original_digest
        or content_digest(message.content, message.mentions, message.reply_to),
    )


def _edit(message: MessageEntry, user_id: str, content: str, at_ms: int) -> MessageState | None:
    if message.sender_id != user_id or message.message_type != MessageType.TEXT:
        raise ApiError("permission.denied", "Only the author can edit a message.")
    _require_not_deleted(message)
    if content == message.content:
        return None
    return msgspec.structs.replace(_current_state(message), content=content, edited_at_ms=at_ms)


def _delete(message: MessageEntry, user_id: str, roster: Roster, at_ms: int) -> MessageState | None:
    own = message.sender_id == user_id
    if message.message_type != MessageType.TEXT or not (own or user_id in roster.admins):
        raise ApiError("permission.denied", "Only the author or an admin can delete a message.")
    if message.deleted_at_ms is not None:
        return None
    return msgspec.structs.replace(_current_state(message), content="", deleted_at_ms=at_ms, reactions=())


def _react(message: MessageEntry, user_id: str, change: React) -> MessageState | None:
    _require_not_deleted(message)
    by_emoji = merge_reactions(message.reactions)
    users = by_emoji.get(change.emoji, ())
    if (user_id in users) == change.add:
        return None
    if not change.add:
        by_emoji[change.emoji] = tuple(reactor_id for reactor_id in users if reactor_id != user_id)
    else:
        if not users and len(by_emoji) >= EMOJIS_PER_MESSAGE:
            raise ApiError(
                "request.invalid", f"A message can have at most {EMOJIS_PER_MESSAGE} different reactions."
            )
        if sum(map(len, by_emoji.values())) >= REACTIONS_PER_MESSAGE:
            raise ApiError(
                "request.invalid", f"A message can have at most {REACTIONS_PER_MESSAGE} reactions."
            )
        by_emoji[change.emoji] = (*users, user_id)
    reactions = tuple(ReactionRecord(emoji, user_ids) for emoji, user_ids in by_emoji.items() if user_ids)
    return msgspec.structs.replace(_current_state(message), reactions=reactions)


def _require_not_deleted(message: MessageEntry) -> None:
    if message.deleted_at_ms is not None:
        raise ApiError("message.deleted", "The message was deleted.")
