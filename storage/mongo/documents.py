"""Conversion between records and MongoDB documents. Most optional fields without a value are omitted.

Of an entry, the field `draft` holds the attempt id, `effect` the message state of a change, and `first` the
digest of the original content. Of a conversation, `sent` holds the seq of each member's last TEXT message.
"""

from collections.abc import Sequence
from typing import Any, Final

from bson import ObjectId
from bson.datetime_ms import DatetimeMS
from msgspec import structs

from storage.contracts.message_log import (
    ChangeEntry,
    Entry,
    HiddenMessage,
    MembershipDelta,
    MessageEntry,
    MessageState,
    ReactionRecord,
    ReadByRecord,
)
from storage.contracts.messaging import (
    ConversationRecord,
    ConversationSummary,
    FormerMember,
    LastMessage,
    ReadMark,
)

Document = dict[str, Any]
STATE_TIMES: Final = {
    attribute: attribute.removesuffix("_ms")
    for attribute in MessageState.__struct_fields__
    if attribute.endswith("_at_ms")
}
"""Optional times of a message's state, stored without `_ms` in their name."""
HIDDEN: Final = "hidden"


def entry_document(entry: Entry) -> Document:
    """Return the document of a new entry: a message has no changes and no readers yet."""
    return _message_document(entry) if isinstance(entry, MessageEntry) else _change_document(entry)


def _message_document(entry: MessageEntry) -> Document:
    # One literal instead of helper calls: this runs for every message.
    document: Document = {
        "_id": ObjectId(entry.id),
        "conversation_id": ObjectId(entry.conversation_id),
        "seq": entry.seq,
        "draft": entry.attempt_id,
        "sender_id": entry.sender_id,
        "client_id": entry.client_id,
        "created_at": DatetimeMS(entry.created_at_ms),
        "kind": "message",
        "changed_seq": entry.changed_seq,
        "content": entry.content,
        "message_type": entry.message_type,
        "mentions": list(entry.mentions),
        "delivery_status": {"read_by": []},
    }
    if entry.reply_to is not None:
        document["reply_to"] = entry.reply_to
    if entry.membership is not None:
        document["membership"] = _membership_delta_document(entry.membership)
    return document


def _change_document(entry: ChangeEntry) -> Document:
    return {
        "_id": ObjectId(entry.id),
        "conversation_id": ObjectId(entry.conversation_id),
        "seq": entry.seq,
        "draft": entry.attempt_id,
        "sender_id": entry.sender_id,
        "client_id": entry.client_id,
        "created_at": DatetimeMS(entry.created_at_ms),
        "kind": "change",
        "message_id": ObjectId(entry.message_id),
        "effect": message_state_document(entry.state),
    }


def entry_record(document: Document) -> Entry:
    if document["kind"] == "change":
        return ChangeEntry(
            id=str(document["_id"]),
            conversation_id=str(document["conversation_id"]),
            seq=document["seq"],
            attempt_id=int(document["draft"]),
            sender_id=document["sender_id"],
            client_id=document["client_id"],
            message_id=str(document["message_id"]),
            state=_message_state(document["effect"]),
            created_at_ms=int(document["created_at"]),
        )
    return message_record(document)


def message_record(document: Document) -> MessageEntry:
    membership = document.get("membership")
    return MessageEntry(
        id=str(document["_id"]),
        conversation_id=str(document["conversation_id"]),
        seq=document["seq"],
        changed_seq=document["changed_seq"],
        attempt_id=int(document["draft"]),
        sender_id=document["sender_id"],
        client_id=document["client_id"],
        message_type=document["message_type"],
        mentions=tuple(document["mentions"]),
        reply_to=document.get("reply_to"),
        created_at_ms=int(document["created_at"]),
        read_by=tuple(
            ReadByRecord(user_id=reader["user_id"], read_at_ms=int(reader["read_at"]))
            for reader in document["delivery_status"]["read_by"]
        ),
        membership=_membership_delta(membership) if membership is not None else None,
        **structs.asdict(_message_state(document)),
    )


def message_state_document(state: MessageState) -> Document:
    document: Document = {"content": state.content}
    for attribute, name in STATE_TIMES.items():
        time_ms = getattr(state, attribute)
        if time_ms is not None:
            document[name] = DatetimeMS(time_ms)
    if state.original_digest:
        document["first"] = state.original_digest
    document["reactions"] = _reaction_documents(state.reactions)
    if state.hidden is not None:
        document[HIDDEN] = {
            "content": state.hidden.content,
            "reactions": _reaction_documents(state.hidden.reactions),
            "at": DatetimeMS(state.hidden.at_ms),
        }
    return document


def _reaction_documents(reactions: Sequence[ReactionRecord]) -> list[Document]:
    return [{"emoji": reaction.emoji, "user_ids": list(reaction.user_ids)} for reaction in reactions]


def _reactions(documents: Sequence[Document]) -> tuple[ReactionRecord, ...]:
    return tuple(ReactionRecord(each["emoji"], tuple(each["user_ids"])) for each in documents)


def _message_state(document: Document) -> MessageState:
    return MessageState(
        content=document["content"],
        reactions=_reactions(document.get("reactions", ())),
        original_digest=document.get("first", ""),
        hidden=_hidden_message(document.get(HIDDEN)),
        **{attribute: _optional_ms(document.get(name)) for attribute, name in STATE_TIMES.items()},
    )


def _hidden_message(document: Document | None) -> HiddenMessage | None:
    if document is None:
        return None
    return HiddenMessage(document["content"], _reactions(document["reactions"]), int(document["at"]))


def _optional_ms(value: DatetimeMS | None) -> int | None:
    return None if value is None else int(value)


def _membership_delta_document(membership: MembershipDelta) -> Document:
    document: Document = {"member_count": membership.member_count}
    if membership.joined:
        document["joined"] = list(membership.joined)
    if membership.left:
        document["left"] = list(membership.left)
    if membership.name is not None:
        document["name"] = membership.name
    if membership.admins is not None:
        document["admins"] = list(membership.admins)
    if membership.by_rule:
        document["by_rule"] = True
    return document


def _membership_delta(document: Document) -> MembershipDelta:
    admins = document.get("admins")
    return MembershipDelta(
        member_count=document["member_count"],
        joined=tuple(document.get("joined", ())),
        left=tuple(document.get("left", ())),
        name=document.get("name"),
        admins=None if admins is None else tuple(admins),
        by_rule=document.get("by_rule", False),
    )


def conversation_document(conversation: ConversationRecord) -> Document:
    return {
        "_id": ObjectId(conversation.id),
        "type": conversation.type,
        "name": conversation.name,
        "participants": list(conversation.participants),
        "admins": list(conversation.admins),
        "last_message": _last_message_document(conversation.last_message),
        "last_seq": conversation.last_seq,
        "applied_seq": conversation.applied_seq,
        "sent": {},
        "created_at": DatetimeMS(conversation.created_at_ms),
    }


def conversation_record(document: Document) -> ConversationRecord:
    last = document.get("last_message")
    return ConversationRecord(
        id=str(document["_id"]),
        type=document["type"],
        name=document.get("name"),
        participants=tuple(document.get("participants", ())),
        admins=tuple(document.get("admins", ())),
        created_at_ms=int(document["created_at"]),
        last_message=None
        if last is None
        else LastMessage(
            content=last["content"],
            sender_id=last["sender_id"],
            timestamp_ms=int(last["timestamp"]),
            seq=last["seq"],
        ),
        last_seq=document["last_seq"],
        applied_seq=document["applied_seq"],
        former_members=tuple(
            FormerMember(former["user_id"], int(former["at"]), removed=former["removed"])
            for former in document.get("former_members", ())
        ),
    )


def former_member_documents(former_members: Sequence[FormerMember]) -> list[Document]:
    return [
        {"user_id": former.user_id, "at": DatetimeMS(former.at_ms), "removed": former.removed}
        for former in former_members
    ]


def summary_update(summary: ConversationSummary) -> list[Document]:
    """Return a pipeline that raises seqs, and replaces the last message if `last_seq` rises."""
    fields: Document = {"last_seq": {"$max": ["$last_seq", summary.last_seq]}}
    if summary.last_message is not None:
        # $literal: users' text may start with a dollar sign.
        last_message = {"$literal": _last_message_document(summary.last_message)}
        newer = {"$gt": [summary.last_seq, "$last_seq"]}
        fields["last_message"] = {"$cond": [newer, last_message, "$last_message"]}
    for user_id, seq in summary.last_sent_seqs:
        fields[f"sent.{user_id}"] = {"$max": [f"$sent.{user_id}", seq]}
    return [{"$set": fields}]


def _last_message_document(last: LastMessage | None) -> Document | None:
    if last is None:
        return None
    return {
        "content": last.content,
        "sender_id": last.sender_id,
        "timestamp": DatetimeMS(last.timestamp_ms),
        "seq": last.seq,
    }


def read_mark_record(document: Document) -> ReadMark:
    return ReadMark(
        conversation_id=str(document["conversation_id"]),
        user_id=document["user_id"],
        read_seq=document["read_seq"],
        read_at_ms=int(document["read_at"]),
        muted=document.get("muted", False),
    )
