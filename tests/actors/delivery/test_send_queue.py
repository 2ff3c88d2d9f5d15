"""Rooms and outboxes: joined once per tick, in order, bounded, and silent to those who left."""

import asyncio

import pytest

from actors.delivery.flusher import Flusher
from actors.delivery.room import Room
from actors.delivery.send_queue import SendQueue, SeqRange
from config.limits import Limits

LIMITS = Limits(send_queue_soft_bytes=10, send_queue_hard_bytes=20)


class RecordingMember:
    """A member with a transport that notes each write."""

    def __init__(self, flusher: Flusher, user_id: str = "u") -> None:
        self.user_id = user_id
        self.writes: list[bytes] = []
        self.too_slow_count = 0
        self.gaps: list[tuple[int, int]] = []
        self.send_queue = SendQueue(self, self, flusher, LIMITS)

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def too_slow(self) -> None:
        self.too_slow_count += 1

    def skipped(self, seq_range: SeqRange) -> None:
        self.lagged(seq_range.conversation_id, seq_range.from_seq, seq_range.to_seq)

    def lagged(self, conversation_id: str, from_seq: int, to_seq: int) -> None:
        self.gaps.append((from_seq, to_seq))


@pytest.fixture
async def flusher() -> Flusher:
    return Flusher(asyncio.get_running_loop())


def start_room(flusher: Flusher, position: int, *members: RecordingMember) -> tuple[Room, list[Room]]:
    gaps: list[Room] = []
    room = Room("c", flusher, gaps.append)
    for peer in members:
        room.add_subscriber(peer)
    room.start(position)
    return room, gaps


async def test_frames_of_one_tick_are_written_together(flusher: Flusher) -> None:
    """Whatever was pushed since the last tick goes out joined, in order."""
    peer = RecordingMember(flusher)
    for frame in (b"a", b"b", b"c"):
        peer.send_queue.push(frame)
    assert peer.writes == []
    flusher.flush()

    assert peer.writes == [b"abc"]


async def test_room_frames_are_written_together_to_each_member(flusher: Flusher) -> None:
    """Each member gets one write with everything the room said in the tick."""
    peers = [RecordingMember(flusher) for _ in range(3)]
    room, _ = start_room(flusher, 0, *peers)
    for seq, frame in enumerate((b"1", b"2", b"3"), 1):
        room.deliver(seq, frame)
    flusher.flush()

    assert [peer.writes for peer in peers] == [[b"123"]] * 3


async def test_flush_returns_whether_frames_shared_a_write(flusher: Flusher) -> None:
    """Of what it has to tell now; what was told already counts no more."""
    ana, ben = RecordingMember(flusher), RecordingMember(flusher)
    room, _ = start_room(flusher, 0, ana, ben)
    assert room.size == 2

    room.deliver(1, b"1")
    assert not room.flush(alone=True)
    room.deliver(2, b"2")
    room.deliver(3, b"3")
    assert room.flush(alone=True)
    assert not room.flush(alone=True)
    assert ana.writes == ben.writes == [b"1", b"23"]


async def test_pushed_frames_precede_later_room_frames(flusher: Flusher) -> None:
    """The order of pushes and rooms within a tick is kept for each client."""
    peer = RecordingMember(flusher)
    room, _ = start_room(flusher, 0, peer)
    peer.send_queue.push(b"joined")
    room.deliver(1, b"1")
    flusher.flush()

    assert b"".join(peer.writes) == b"joined1"


async def test_room_delivers_in_seq_order(flusher: Flusher) -> None:
    """A later one waits for the gap, an earlier one is never told again."""
    peer = RecordingMember(flusher)
    room, gaps = start_room(flusher, 4, peer)
    for seq in (7, 5, 4, 6, 5):
        room.deliver(seq, str(seq).encode())
    flusher.flush()

    assert b"".join(peer.writes) == b"567"
    assert room in gaps


async def test_removed_member_gets_only_earlier_frames(flusher: Flusher) -> None:
    """Leaving in the middle of a tick cuts exactly there; so does entering."""
    leaving, staying, coming = RecordingMember(flusher), RecordingMember(flusher), RecordingMember(flusher)
    room, _ = start_room(flusher, 0, leaving, staying)
    room.deliver(1, b"1")
    room.remove_subscriber(leaving)
    room.add_subscriber(coming)
    room.deliver(2, b"2")
    flusher.flush()

    assert [b"".join(peer.writes) for peer in (leaving, staying, coming)] == [b"1", b"12", b"2"]


async def test_paused_queue_keeps_frames_in_order(flusher: Flusher) -> None:
    """While the transport is full nothing is written; afterwards everything is, once."""
    peer = RecordingMember(flusher)
    peer.send_queue.pause()
    peer.send_queue.push(b"a")
    flusher.flush()
    peer.send_queue.push(b"b")
    flusher.flush()
    assert peer.writes == []
    peer.send_queue.resume()

    assert peer.writes == [b"ab"]
    assert peer.send_queue.queued_bytes == 0


async def test_ephemeral_frames_are_shed_over_the_soft_limit(flusher: Flusher) -> None:
    """Over the soft limit hints are dropped and counted; frames are not."""
    peer = RecordingMember(flusher)
    peer.send_queue.pause()
    peer.send_queue.push(b"x" * 11)
    peer.send_queue.push_ephemeral(b"typing")
    peer.send_queue.push(b"y")
    peer.send_queue.resume()

    assert peer.writes == [b"x" * 11 + b"y"]
    assert peer.send_queue.shed_count == 1


async def test_owner_is_notified_over_the_hard_limit(flusher: Flusher) -> None:
    """Over the hard limit the owner is told, so that memory stays bounded."""
    peer = RecordingMember(flusher)
    peer.send_queue.pause()
    peer.send_queue.push(b"x" * 20)
    flusher.flush()
    assert peer.too_slow_count == 0
    peer.send_queue.push(b"y")
    flusher.flush()

    assert peer.too_slow_count == 1


async def test_ephemeral_frame_is_not_sent_to_the_excepted_user(flusher: Flusher) -> None:
    """One's own read mark is no news."""
    me, other = RecordingMember(flusher, "me"), RecordingMember(flusher, "other")
    room, _ = start_room(flusher, 0, me, other)
    room.deliver_ephemeral(b"read", "me")
    flusher.flush()

    assert (me.writes, other.writes) == ([], [b"read"])


async def test_log_frames_are_skipped_over_the_soft_limit_and_reported(flusher: Flusher) -> None:
    """Over the soft limit the rooms' frames are left out; what was left out is named once there is room."""
    peer = RecordingMember(flusher)
    room, _ = start_room(flusher, 0, peer)
    peer.send_queue.pause()
    for seq in range(1, 7):
        room.deliver(seq, b"frame%d" % seq)
        flusher.flush()
    peer.send_queue.push(b"answer")
    assert peer.send_queue.queued_bytes == 3 * 6
    assert peer.gaps == []
    peer.send_queue.resume()
    room.deliver(7, b"frame7")
    flusher.flush()

    assert peer.writes == [b"frame1frame2answer", b"frame7"]
    assert peer.gaps == [(3, 6)]
    assert peer.send_queue.shed_count == 4
    assert peer.send_queue.skipped == {}


async def test_frames_released_by_a_gap_do_not_exceed_the_hard_limit(flusher: Flusher) -> None:
    """Below the soft limit still, but all that is told at once would pass the hard one: it is spared."""
    peer = RecordingMember(flusher)
    room, _ = start_room(flusher, 0, peer)
    peer.send_queue.pause()
    peer.send_queue.push(b"x")
    for seq in range(2, 6):
        room.deliver(seq, b"a long one")
    room.deliver(1, b"a late one")
    flusher.flush()
    assert peer.too_slow_count == 0
    peer.send_queue.resume()

    assert peer.writes == [b"x"]
    assert peer.gaps == [(1, 5)]


async def test_skipped_frames_use_one_range_per_conversation(flusher: Flusher) -> None:
    """Each log has one stretch, however much is said while the peer stands still."""
    peer = RecordingMember(flusher)
    rooms = [Room(name, flusher, lambda _room: None) for name in "ab"]
    for room in rooms:
        room.add_subscriber(peer)
        room.start(0)
    peer.send_queue.pause()
    peer.send_queue.push(b"x" * 11)
    flusher.flush()
    for seq in range(1, 1001):
        for room in rooms:
            room.deliver(seq, b"y" * 100)
        flusher.flush()

    assert peer.send_queue.queued_bytes == 11
    assert [(one.conversation_id, one.from_seq, one.to_seq) for one in peer.send_queue.skipped.values()] == [
        ("a", 1, 1000),
        ("b", 1, 1000),
    ]
    assert peer.too_slow_count == 0


async def test_frames_are_encoded_on_every_path(flusher: Flusher) -> None:
    """Pushed, written at once, put before others; what becomes of none is not written."""
    peer = RecordingMember(flusher)
    peer.send_queue.encode_outbound = lambda frame: b"" if frame == b"no" else frame.upper()
    room, _ = start_room(flusher, 0, peer)
    room.deliver(1, b"no")
    flusher.flush()
    room.deliver(2, b"yes")
    flusher.flush()
    for frame in (b"no", b"a", b"no"):
        peer.send_queue.push(frame)
    flusher.flush()
    peer.send_queue.pause()
    peer.send_queue.prepend_and_resume([b"no", b"b"])

    assert peer.writes == [b"YES", b"A", b"B"]
    assert peer.send_queue.queued_bytes == 0
