"""Server frames for tests without a server."""

import msgspec

from loadtest.check.delivery_checker import DeliveryChecker
from loadtest.check.log_observer import LogObserver
from loadtest.websocket.frames import DurableEvent, FrameMessage, ReceivedFrame

ROOM = "room"


def message_created(
    seq: int, *, sender: str = "ana", client_id: str | None = None, message: str = ""
) -> ReceivedFrame:
    """Return a `message.created` frame."""
    frame_message = FrameMessage(message or f"m{seq}", seq, sender, client_id)
    return ReceivedFrame("message.created", conversation_id=ROOM, seq=seq, message=frame_message)


def message_updated(seq: int, of: int, *, deleted: bool = False) -> ReceivedFrame:
    """Return a `message.updated` frame at `seq` that changes the message at `of`."""
    frame_message = FrameMessage(
        f"m{of}", of, "ana", None, deleted_at="2026-01-01T00:00:00.000Z" if deleted else None
    )
    return ReceivedFrame("message.updated", conversation_id=ROOM, seq=seq, message=frame_message)


def deliver(checker: DeliveryChecker, observer: LogObserver, *frames: ReceivedFrame) -> None:
    """Pass frames to the observer and the checker, as a virtual user does."""
    for frame in frames:
        event = DurableEvent(frame.conversation_id, frame.seq, observer.observe(frame))
        if checker.in_sequence and checker.positions.get(event.conversation_id) == event.previous_seq:
            checker.positions[event.conversation_id] = event.seq
        else:
            checker.receive(event)


def encode_text_frames(*payloads: bytes) -> bytes:
    """Return consecutive text frames of a server."""
    data = b""
    for payload in payloads:
        size = len(payload)
        head = bytes((size,)) if size < 126 else b"\x7e" + size.to_bytes(2, "big")
        data += b"\x81" + head + payload
    return data


def encode(frame: ReceivedFrame) -> bytes:
    return msgspec.json.encode(frame)
