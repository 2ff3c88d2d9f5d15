"""Rooms: entries are delivered once, in seq order, to the current members."""

import time

from actors.delivery.flusher import Delivery, Flusher
from tests.actors.delivery.recording_member import RecordingMember, start_room


async def test_room_frames_are_written_together_to_each_member(flusher: Flusher) -> None:
    """Each member gets one write with all entries of the tick."""
    members = [RecordingMember(flusher) for _ in range(3)]
    room, _ = start_room(flusher, 0, *members)
    for seq, frame in enumerate((b"1", b"2", b"3"), 1):
        room.deliver(seq, frame)
    flusher.flush()

    assert [member.writes for member in members] == [[b"123"]] * 3


async def test_flush_returns_whether_frames_shared_a_write(flusher: Flusher) -> None:
    """Only frames since the last flush count."""
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


async def test_room_delivers_in_seq_order(flusher: Flusher) -> None:
    """A later entry waits for the gap to be filled, and an earlier one is dropped."""
    member = RecordingMember(flusher)
    room, gaps = start_room(flusher, 4, member)
    for seq in (7, 5, 4, 6, 5):
        room.deliver(seq, str(seq).encode())
    flusher.flush()

    assert b"".join(member.writes) == b"567"
    assert room in gaps


async def test_removed_member_gets_only_earlier_frames(flusher: Flusher) -> None:
    """Leaving and joining in the middle of a tick take effect between its entries."""
    leaving, staying, joining = RecordingMember(flusher), RecordingMember(flusher), RecordingMember(flusher)
    room, _ = start_room(flusher, 0, leaving, staying)
    room.deliver(1, b"1")
    room.remove_subscriber(leaving)
    room.add_subscriber(joining)
    room.deliver(2, b"2")
    flusher.flush()

    assert [b"".join(member.writes) for member in (leaving, staying, joining)] == [b"1", b"12", b"2"]


async def test_ephemeral_frame_is_not_sent_to_the_excepted_user(flusher: Flusher) -> None:
    """All members except `except_user_id` get the frame."""
    ana, ben = RecordingMember(flusher, "ana"), RecordingMember(flusher, "ben")
    room, _ = start_room(flusher, 0, ana, ben)
    room.deliver_ephemeral(b"read", "ana")
    flusher.flush()

    assert (ana.writes, ben.writes) == ([], [b"read"])


async def test_delivery_is_measured_once_per_write(flusher: Flusher) -> None:
    """From the storage of the first entry of a tick, apart for entries of other instances."""
    member = RecordingMember(flusher)
    room, _ = start_room(flusher, 0, member)
    stored_at_s = time.time() - 3.0
    room.deliver(1, b"1", Delivery(stored_at_s, is_remote=False))
    room.deliver(2, b"2", Delivery(stored_at_s + 3.0, is_remote=False))
    assert flusher.delivery_statistics(remote=False).count == 0
    flusher.flush()
    room.deliver(3, b"3", Delivery(time.time() + 1000.0, is_remote=True))
    flusher.flush()
    room.deliver(4, b"4")
    flusher.flush()

    assert b"".join(member.writes) == b"1234"
    local, remote = flusher.delivery_statistics(remote=False), flusher.delivery_statistics(remote=True)
    assert (local.count, remote.count) == (1, 1)
    assert 3.0 <= local.total < 60.0
    assert remote.total == 0.0
