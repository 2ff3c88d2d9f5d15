"""A room subscriber with a small send queue that records what it receives."""

from actors.delivery.flusher import Flusher
from actors.delivery.room import Room
from actors.delivery.send_queue import SendQueue, SeqRange
from config.limits import Limits

LIMITS = Limits(send_queue_soft_bytes=10, send_queue_hard_bytes=20)


class RecordingMember:
    """A room subscriber with a transport that records each write."""

    def __init__(self, flusher: Flusher, user_id: str = "u") -> None:
        self.user_id = user_id
        self.writes: list[bytes] = []
        self.too_slow_count = 0
        self.gaps: list[tuple[int, int]] = []
        self.send_queue = SendQueue(self, self, flusher, LIMITS)

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def on_too_slow(self) -> None:
        self.too_slow_count += 1

    def on_skipped(self, seq_range: SeqRange) -> None:
        self.push_lagged(seq_range.conversation_id, seq_range.from_seq, seq_range.to_seq)

    def push_lagged(self, conversation_id: str, from_seq: int, to_seq: int) -> None:
        self.gaps.append((from_seq, to_seq))


def start_room(flusher: Flusher, position: int, *members: RecordingMember) -> tuple[Room, list[Room]]:
    """Open a room at `position`. Return it and the list of its gap reports."""
    gaps: list[Room] = []
    room = Room("c", flusher, gaps.append)
    for member in members:
        room.add_subscriber(member)
    room.start(position)
    return room, gaps
