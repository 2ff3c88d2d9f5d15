"""The two replies to a message, with the same fields as those of the baselines."""

from datetime import UTC, datetime
from typing import Any


def build_replies(command: dict[str, Any], sender_id: str, seq: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return `ok` for the sender and `message.created` for every member."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    message_id = f"{seq:024x}"
    result = {"message_id": message_id, "seq": seq, "created_at": now, "duplicate": False}
    message = {
        "id": message_id,
        "conversation_id": command["conversation_id"],
        "seq": seq,
        "changed_seq": seq,
        "sender_id": sender_id,
        "client_id": command["client_id"],
        "content": command["content"],
        "created_at": now,
        "message_type": "TEXT",
        "mentions": [],
        "reply_to": None,
        "reactions": [],
        "edited_at": None,
        "deleted_at": None,
        "delivery_status": {"read_by": [], "read_count": 0},
    }
    created = {
        "type": "message.created",
        "conversation_id": command["conversation_id"],
        "seq": seq,
        "message": message,
    }
    return {"type": "ok", "id": command["id"], "result": result}, created
