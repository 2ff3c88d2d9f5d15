"""Frames as a server would say them, for the checker on its own."""

import msgspec

from loadtest.check.delivery_checker import DeliveryChecker
from loadtest.check.log_observer import LogObserver
from loadtest.websocket.frames import DurableEvent, FrameMessage, ReceivedFrame

ROOM = "room"


def message_created(
    seq: int, *, sender: str = "ana", client_id: str | None = None, message: str = ""
) -> ReceivedFrame:
    """A message at its own seq."""
    said = FrameMessage(message or f"m{seq}", seq, sender, client_id)
    return ReceivedFrame("message.created", conversation_id=ROOM, seq=seq, message=said)


def message_updated(seq: int, of: int, *, deleted: bool = False) -> ReceivedFrame:
    """A change, at `seq`, of the message at `of`."""
    said = FrameMessage(f"m{of}", of, "ana", None, deleted_at="2026-01-01T00:00:00.000Z" if deleted else None)
    return ReceivedFrame("message.updated", conversation_id=ROOM, seq=seq, message=said)


def deliver(checker: DeliveryChecker, observer: LogObserver, *heard: ReceivedFrame) -> None:
    """Show frames as a guest does: to the ledger, and to the eyes."""
    for one in heard:
        told = DurableEvent(one.conversation_id, one.seq, observer.observe(one))
        if checker.in_sequence and checker.positions.get(told.conversation_id) == told.previous_seq:
            checker.positions[told.conversation_id] = told.seq
        else:
            checker.receive(told)


def encode_text_frames(*payloads: bytes) -> bytes:
    """Text frames of a server, one after the other."""
    whole = b""
    for payload in payloads:
        size = len(payload)
        head = bytes((size,)) if size < 126 else b"\x7e" + size.to_bytes(2, "big")
        whole += b"\x81" + head + payload
    return whole


def encode(frame: ReceivedFrame) -> bytes:
    return msgspec.json.encode(frame)
