"""How the ids of conversations and entries are made: 24 hexadecimal digits, as an ObjectId shows them.

An entry's id is a function of its conversation and seq, so one look-up by ids tells for many
conversations at once which have grown. Nothing may be read from an id, and none is a permission.
"""

import hashlib
import re
import secrets

_ID_PATTERN = re.compile(r"[0-9a-f]{24}\Z")


def is_id(text: str) -> bool:
    return _ID_PATTERN.match(text) is not None


def new_id() -> str:
    return secrets.token_hex(12)


def new_attempt_id() -> int:
    """Tells one attempt at storing from another; 63 random bits."""
    return secrets.randbits(63)


def entry_id(conversation_id: str, seq: int) -> str:
    """The id of the entry at `seq`: the conversation's last 8 bytes, then the seq in 4."""
    return f"{conversation_id[8:]}{seq:08x}"


def direct_conversation_id(user_id: str, other_user_id: str) -> str:
    """The id of the direct conversation of two users: the same for both, so it can be made once only."""
    pair = "\n".join(sorted((user_id, other_user_id)))
    return hashlib.sha256(pair.encode()).hexdigest()[:24]


def idempotent_id(user_id: str, idempotency_key: str) -> str:
    """The id of what a user made under an idempotency key."""
    # The prefix separates these ids from those of direct conversations, whose input a key could imitate.
    text = f"idempotency-key\n{user_id}\n{idempotency_key}"
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def event_conversation_id(event_id: str) -> str:
    """Return the id of an event's conversation."""
    return hashlib.sha256(f"event\n{event_id}".encode()).hexdigest()[:24]
