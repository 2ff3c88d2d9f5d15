"""Frames as a server would say them, for the checker on its own."""

import msgspec

from loadtest.check.eyes import Eyes
from loadtest.check.ledger import Ledger
from loadtest.wire.heard import Heard, HeardMessage, Told

ROOM = "room"


def created(seq: int, *, sender: str = "ana", client_id: str | None = None, message: str = "") -> Heard:
    """A message at its own seq."""
    said = HeardMessage(message or f"m{seq}", seq, sender, client_id)
    return Heard("message.created", conversation_id=ROOM, seq=seq, message=said)


def updated(seq: int, of: int, *, deleted: bool = False) -> Heard:
    """A change, at `seq`, of the message at `of`."""
    said = HeardMessage(f"m{of}", of, "ana", None, deleted_at="2026-01-01T00:00:00.000Z" if deleted else None)
    return Heard("message.updated", conversation_id=ROOM, seq=seq, message=said)


def tell(eyes: Eyes, ledger: Ledger, *heard: Heard) -> None:
    """Show frames as a guest does: to the ledger, and to the eyes."""
    for one in heard:
        told = Told(one.conversation_id, one.seq, ledger.witness(one))
        if eyes.calm and eyes.positions.get(told.conversation_id) == told.before:
            eyes.positions[told.conversation_id] = told.seq
        else:
            eyes.see(told)


def framed(*payloads: bytes) -> bytes:
    """Text frames of a server, one after the other."""
    whole = b""
    for payload in payloads:
        size = len(payload)
        head = bytes((size,)) if size < 126 else b"\x7e" + size.to_bytes(2, "big")
        whole += b"\x81" + head + payload
    return whole


def encoded(heard: Heard) -> bytes:
    return msgspec.json.encode(heard)
