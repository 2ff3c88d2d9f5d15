"""Converts log entries and records to API objects and events, and encodes events.

Permissions are checked by the callers.
"""

from collections.abc import Mapping

from actors.conversations.emojis import merge_reactions
from actors.protocol.objects import (
    Conversation,
    ConversationType,
    DeliveryStatus,
    LastMessage,
    Message,
    MessageType,
    Reaction,
    ReadBy,
    UserCard,
)
from actors.protocol.server_frames import (
    ConversationChanges,
    ConversationUpdated,
    LogFrame,
    MessageCreated,
    MessageUpdated,
    server_frame_encoder,
)
from actors.protocol.stored_enums import to_member
from actors.protocol.timestamps import rfc3339_from_ms
from config.limits import PARTICIPANTS_IN_OBJECT
from storage.contracts.message_log import MessageEntry, ReadByRecord
from storage.contracts.messaging import ConversationRecord

REACTION_USERS_SHOWN = 20
NO_READERS = DeliveryStatus([], 0)


def to_message(
    entry: MessageEntry,
    viewer_id: str | None = None,
    read_by: tuple[ReadByRecord, ...] | None = None,
    read_count: int = 0,
) -> Message:
    """Convert a message for `viewer_id`. Live events are shared by all members and have no viewer.

    `read_by` is None in events, and in groups that are too large to list readers. These have `read_count`.
    """
    if read_by is None:
        readers = NO_READERS if read_count == 0 else DeliveryStatus([], read_count)
    else:
        readers = DeliveryStatus(
            [ReadBy(reader.user_id, rfc3339_from_ms(reader.read_at_ms)) for reader in read_by], len(read_by)
        )
    return Message(
        id=entry.id,
        conversation_id=entry.conversation_id,
        seq=entry.seq,
        changed_seq=entry.changed_seq,
        sender_id=entry.sender_id,
        client_id=None if entry.membership is not None else entry.client_id,
        content=entry.content,
        message_type=to_member(MessageType, entry.message_type),
        mentions=list(entry.mentions),
        reply_to=entry.reply_to,
        reactions=[
            Reaction(
                emoji=emoji,
                count=len(user_ids),
                user_ids=list(user_ids[:REACTION_USERS_SHOWN]),
                mine=viewer_id in user_ids,
            )
            for emoji, user_ids in merge_reactions(entry.reactions).items()
        ],
        created_at=rfc3339_from_ms(entry.created_at_ms),
        edited_at=None if entry.edited_at_ms is None else rfc3339_from_ms(entry.edited_at_ms),
        deleted_at=None if entry.deleted_at_ms is None else rfc3339_from_ms(entry.deleted_at_ms),
        delivery_status=readers,
        hidden_at=None if entry.hidden is None else rfc3339_from_ms(entry.hidden.at_ms),
    )


def to_created_event(
    entry: MessageEntry, cards: Mapping[str, UserCard], viewer_id: str | None = None
) -> LogFrame:
    """Build the durable event of a new entry. `cards` has the users who joined with it."""
    message = to_message(entry, viewer_id)
    membership = entry.membership
    if membership is None:
        return MessageCreated(entry.conversation_id, entry.seq, message)
    changed = ConversationChanges(
        name=membership.name,
        admins=None if membership.admins is None else list(membership.admins),
        joined=[to_user_card(user_id, cards) for user_id in membership.joined] or None,
        left=list(membership.left) or None,
    )
    return ConversationUpdated(entry.conversation_id, entry.seq, message, changed, membership.member_count)


def to_updated_event(entry: MessageEntry, seq: int, viewer_id: str | None = None) -> MessageUpdated:
    """Build the durable event of a change at `seq`, with the message in its current state."""
    return MessageUpdated(entry.conversation_id, seq, to_message(entry, viewer_id))


def to_user_card(user_id: str, cards: Mapping[str, UserCard]) -> UserCard:
    """Return the card of a user, or a placeholder for a deleted user."""
    card = cards.get(user_id)
    return card if card is not None else UserCard(user_id, "deleted", None, None, verified=False)


def to_conversation(
    record: ConversationRecord,
    cards: Mapping[str, UserCard],
    *,
    last_seq: int,
    read_seq: int,
    unread_count: int,
    muted: bool,
) -> Conversation:
    last = record.last_message
    return Conversation(
        id=record.id,
        type=to_member(ConversationType, record.type),
        name=record.name,
        member_count=len(record.participants),
        participants=[
            to_user_card(user_id, cards) for user_id in record.participants[:PARTICIPANTS_IN_OBJECT]
        ],
        admins=list(record.admins),
        last_message=None
        if last is None
        else LastMessage(last.content, last.sender_id, rfc3339_from_ms(last.timestamp_ms)),
        last_seq=last_seq,
        read_seq=read_seq,
        unread_count=unread_count,
        muted=muted,
        created_at=rfc3339_from_ms(record.created_at_ms),
    )


def encode_event(event: LogFrame) -> bytes:
    return server_frame_encoder.encode(event)
