"""Ids of conversations and log entries: 24 hexadecimal digits, the text form of an ObjectId.

Users have UUIDs.

An entry's id is derived from its conversation and seq, so one lookup by ids finds which of many
conversations have new entries. Ids are not secret and grant no access.
"""

import hashlib
import re
import secrets

_ID_PATTERN = re.compile(r"[0-9a-f]{24}\Z")

_UUID_PATTERN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")


def is_id(text: str) -> bool:
    return _ID_PATTERN.match(text) is not None


def is_user_id(text: str) -> bool:
    """Whether a text has the form of a user's id: a UUID in canonical form."""
    return _UUID_PATTERN.match(text) is not None


def new_id() -> str:
    return secrets.token_hex(12)


def new_attempt_id() -> int:
    """Return 63 random bits that distinguish one attempt to store from another."""
    return secrets.randbits(63)


def entry_id(conversation_id: str, seq: int) -> str:
    """Return the id of the entry at `seq`: the conversation's last 8 bytes, then the seq in 4."""
    return f"{conversation_id[8:]}{seq:08x}"


def direct_conversation_id(user_id: str, other_user_id: str) -> str:
    """Return the id of two users' direct conversation. Order does not matter, so it is created once."""
    pair = "\n".join(sorted((user_id, other_user_id)))
    return hashlib.sha256(pair.encode()).hexdigest()[:24]


def idempotent_id(user_id: str, idempotency_key: str) -> str:
    """Return the id for an object that a user creates with an idempotency key."""
    # The prefix separates these ids from those of direct conversations, whose input a key could imitate.
    text = f"idempotency-key\n{user_id}\n{idempotency_key}"
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def event_conversation_id(event_id: str) -> str:
    """Return the id of an event's conversation, which follows from the event's: no lookup is needed."""
    return hashlib.sha256(f"event\n{event_id}".encode()).hexdigest()[:24]
