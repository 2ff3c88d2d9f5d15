"""What an edit, a deletion or a reaction makes of a message. Pure: it decides, and stores nothing.

An effect is the whole state of the message afterwards, so that applying it twice is applying it once.
"""

import hashlib

import msgspec

from actors.conversation.letters import Delete, Draft, Edit, React, Revision
from actors.conversation.roster import Roster
from actors.wire.objects import MessageType
from actors.wire.refusal import Refusal
from config.limits import REACTIONS, REACTORS
from storage.records.messaging import Effect, MessageEntry, ReactionRecord


def revise(
    message: MessageEntry, user_id: str, revision: Revision, roster: Roster, at_ms: int
) -> Effect | None:
    """The state after the revision; None when it changes nothing.

    Raises:
        Refusal: permission.denied, message.deleted, request.invalid (no more reactions fit).
    """
    match revision:
        case Edit(content=content):
            return _edit(message, user_id, content, at_ms)
        case Delete():
            return _delete(message, user_id, roster, at_ms)
        case React():
            return _react(message, user_id, revision)


def revised(message: MessageEntry, seq: int, effect: Effect) -> MessageEntry:
    """The message as the change at `seq` leaves it."""
    return msgspec.structs.replace(
        message,
        changed_seq=seq,
        content=effect.content,
        edited_at_ms=effect.edited_at_ms,
        deleted_at_ms=effect.deleted_at_ms,
        reactions=effect.reactions,
        first=effect.first,
    )


def digest(content: str, mentions: tuple[str, ...], reply_to: str | None) -> str:
    """What a message said at first, to tell a late repeat from a conflict when it says something else now."""
    described = msgspec.json.encode((content, sorted(mentions), reply_to))
    return hashlib.blake2b(described, digest_size=12).hexdigest()


def same_message(entry: MessageEntry, draft: Draft) -> bool:
    """Whether a repeated `client_id` came with the same content, mentions and reply_to as the first."""
    if entry.first:
        return entry.first == digest(draft.content, draft.mentions, draft.reply_to)
    return (
        entry.content == draft.content
        and set(entry.mentions) == set(draft.mentions)
        and entry.reply_to == draft.reply_to
    )


def _state(message: MessageEntry) -> Effect:
    return Effect(
        content=message.content,
        edited_at_ms=message.edited_at_ms,
        deleted_at_ms=message.deleted_at_ms,
        reactions=message.reactions,
        first=message.first or digest(message.content, message.mentions, message.reply_to),
    )


def _edit(message: MessageEntry, user_id: str, content: str, at_ms: int) -> Effect | None:
    if message.sender_id != user_id or message.message_type != MessageType.TEXT:
        raise Refusal("permission.denied", "Only its author edits a message.")
    _alive(message)
    if content == message.content:
        return None
    return msgspec.structs.replace(_state(message), content=content, edited_at_ms=at_ms)


def _delete(message: MessageEntry, user_id: str, roster: Roster, at_ms: int) -> Effect | None:
    own = message.sender_id == user_id
    if message.message_type != MessageType.TEXT or not (own or user_id in roster.admins):
        raise Refusal("permission.denied", "Only its author or an admin deletes a message.")
    if message.deleted_at_ms is not None:
        return None
    return msgspec.structs.replace(_state(message), content="", deleted_at_ms=at_ms, reactions=())


def _react(message: MessageEntry, user_id: str, revision: React) -> Effect | None:
    _alive(message)
    by_emoji = {reaction.emoji: reaction.user_ids for reaction in message.reactions}
    users = by_emoji.get(revision.emoji, ())
    if (user_id in users) == revision.add:
        return None
    if not revision.add:
        by_emoji[revision.emoji] = tuple(one for one in users if one != user_id)
    else:
        if not users and len(by_emoji) >= REACTIONS:
            raise Refusal("request.invalid", f"A message has at most {REACTIONS} different reactions.")
        if sum(map(len, by_emoji.values())) >= REACTORS:
            raise Refusal("request.invalid", f"A message has at most {REACTORS} reactions.")
        by_emoji[revision.emoji] = (*users, user_id)
    reactions = tuple(ReactionRecord(emoji, left) for emoji, left in by_emoji.items() if left)
    return msgspec.structs.replace(_state(message), reactions=reactions)


def _alive(message: MessageEntry) -> None:
    if message.deleted_at_ms is not None:
        raise Refusal("message.deleted", "The message was deleted.")
