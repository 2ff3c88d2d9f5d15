"""Changes of a message by members and moderators, and the state of the message after each.

A `MessageState` is the complete new state, so applying it twice is the same as applying it once.
"""

import hashlib
from collections.abc import Collection

import msgspec
from msgspec import Struct

from actors.accounts.restrictions import silenced
from actors.conversations.emojis import merge_reactions
from actors.protocol.errors import ApiError
from actors.protocol.objects import MessageType
from config.limits import EMOJIS_PER_MESSAGE, REACTIONS_PER_MESSAGE
from storage.contracts.message_log import HiddenMessage, MessageEntry, MessageState, ReactionRecord


class Edit(Struct, frozen=True):
    message_id: str
    content: str


class Delete(Struct, frozen=True):
    """`own_only`: the user is silenced, and so may not delete messages of others as an admin."""

    message_id: str
    own_only: bool = False


class React(Struct, frozen=True):
    message_id: str
    emoji: str
    add: bool


class Hide(Struct, frozen=True):
    """Make a message look deleted, as a moderator."""

    message_id: str


class Restore(Struct, frozen=True):
    """Show a hidden message again, as a moderator."""

    message_id: str


ChangeByModerator = Hide | Restore
"""Changes that do not depend on what members may do."""
MessageChange = Edit | Delete | React | ChangeByModerator


def plan_message_change(
    message: MessageEntry, user_id: str, change: MessageChange, admins: Collection[str], at_ms: int
) -> MessageState | None:
    """Return the state after the change, or None if it changes nothing.

    Raises:
        ApiError: permission.denied, user.silenced, message.deleted, request.invalid (too many reactions).
    """
    match change:
        case Edit(content=content):
            return _edit(message, user_id, content, at_ms)
        case Delete(own_only=own_only):
            if own_only and message.sender_id != user_id:
                raise silenced()
            return _delete(message, user_id, admins, at_ms)
        case React():
            return _react(message, user_id, change)
        case Hide():
            return _hide(message, at_ms)
        case Restore():
            return _restore(message)


def content_digest(content: str, mentions: tuple[str, ...], reply_to: str | None) -> str:
    """Digest of a message's original content, which recognises a late retry after the message was changed."""
    message = msgspec.json.encode((content, sorted(mentions), reply_to))
    return hashlib.blake2b(message, digest_size=12).hexdigest()


def _current_state(message: MessageEntry) -> MessageState:
    state = message.state()
    if state.original_digest:
        return state
    digest = content_digest(message.content, message.mentions, message.reply_to)
    return msgspec.structs.replace(state, original_digest=digest)


def _edit(message: MessageEntry, user_id: str, content: str, at_ms: int) -> MessageState | None:
    if message.sender_id != user_id or message.message_type != MessageType.TEXT:
        raise ApiError("permission.denied", "Only the author can edit a message.")
    _require_not_deleted(message)
    if content == message.content:
        return None
    return msgspec.structs.replace(_current_state(message), content=content, edited_at_ms=at_ms)


def _delete(message: MessageEntry, user_id: str, admins: Collection[str], at_ms: int) -> MessageState | None:
    own = message.sender_id == user_id
    if message.message_type != MessageType.TEXT or not (own or user_id in admins):
        raise ApiError("permission.denied", "Only the author or an admin can delete a message.")
    if message.deleted_at_ms is not None and message.hidden is None:
        return None
    return msgspec.structs.replace(
        _current_state(message), content="", deleted_at_ms=at_ms, reactions=(), hidden=None
    )


def _hide(message: MessageEntry, at_ms: int) -> MessageState | None:
    if message.hidden is not None:
        return None
    _require_not_deleted(message)
    hidden = HiddenMessage(message.content, message.reactions, at_ms)
    return msgspec.structs.replace(
        _current_state(message), content="", deleted_at_ms=at_ms, reactions=(), hidden=hidden
    )


def _restore(message: MessageEntry) -> MessageState | None:
    hidden = message.hidden
    if hidden is None:
        _require_not_deleted(message)
        return None
    return msgspec.structs.replace(
        _current_state(message),
        content=hidden.content,
        deleted_at_ms=None,
        reactions=hidden.reactions,
        hidden=None,
    )


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
