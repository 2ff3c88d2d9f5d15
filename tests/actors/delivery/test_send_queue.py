"""Send queues: frames are joined once per tick, kept in order and bounded."""

from actors.delivery.flusher import Flusher
from actors.delivery.room import Room
from tests.actors.delivery.recording_member import RecordingMember, start_room


async def test_frames_of_one_tick_are_written_together(flusher: Flusher) -> None:
    """Frames pushed in one tick are joined in order."""
    member = RecordingMember(flusher)
    for frame in (b"a", b"b", b"c"):
        member.send_queue.push(frame)
    assert member.writes == []
    flusher.flush()

    assert member.writes == [b"abc"]


async def test_pushed_frames_precede_later_room_frames(flusher: Flusher) -> None:
    """A frame pushed before a room's entry is written before it."""
    member = RecordingMember(flusher)
    room, _ = start_room(flusher, 0, member)
    member.send_queue.push(b"joined")
    room.deliver(1, b"1")
    flusher.flush()

    assert b"".join(member.writes) == b"joined1"


async def test_paused_queue_keeps_frames_in_order(flusher: Flusher) -> None:
    """Nothing is written while paused; on resume all frames are written once."""
    member = RecordingMember(flusher)
    member.send_queue.pause()
    member.send_queue.push(b"a")
    flusher.flush()
    member.send_queue.push(b"b")
    flusher.flush()
    assert member.writes == []
    member.send_queue.resume()

    assert member.writes == [b"ab"]
    assert member.send_queue.queued_bytes == 0


async def test_ephemeral_frames_are_shed_over_the_soft_limit(flusher: Flusher) -> None:
    """Over the soft limit ephemeral frames are dropped and counted; other frames are kept."""
    member = RecordingMember(flusher)
    member.send_queue.pause()
    member.send_queue.push(b"x" * 11)
    member.send_queue.push_ephemeral(b"typing")
    member.send_queue.push(b"y")
    member.send_queue.resume()

    assert member.writes == [b"x" * 11 + b"y"]
    assert member.send_queue.shed_count == 1


async def test_owner_is_notified_over_the_hard_limit(flusher: Flusher) -> None:
    """The owner's `on_too_slow` is called only over the hard limit."""
    member = RecordingMember(flusher)
    member.send_queue.pause()
    member.send_queue.push(b"x" * 20)
    flusher.flush()
    assert member.too_slow_count == 0
    member.send_queue.push(b"y")
    flusher.flush()

    assert member.too_slow_count == 1


async def test_log_frames_are_skipped_over_the_soft_limit_and_reported(flusher: Flusher) -> None:
    """Over the soft limit log frames are skipped, and the skipped range is reported on resume."""
    member = RecordingMember(flusher)
    room, _ = start_room(flusher, 0, member)
    member.send_queue.pause()
    for seq in range(1, 7):
        room.deliver(seq, b"frame%d" % seq)
        flusher.flush()
    member.send_queue.push(b"answer")
    assert member.send_queue.queued_bytes == 3 * 6
    assert member.gaps == []
    member.send_queue.resume()
    room.deliver(7, b"frame7")
    flusher.flush()

    assert member.writes == [b"frame1frame2answer", b"frame7"]
    assert member.gaps == [(3, 6)]
    assert member.send_queue.shed_count == 4
    assert member.send_queue.skipped_ranges == {}


async def test_frames_released_by_a_gap_do_not_exceed_the_hard_limit(flusher: Flusher) -> None:
    """Below the soft limit, joined frames that would exceed the hard limit are skipped."""
    member = RecordingMember(flusher)
    room, _ = start_room(flusher, 0, member)
    member.send_queue.pause()
    member.send_queue.push(b"x")
    for seq in range(2, 6):
        room.deliver(seq, b"long frame")
    room.deliver(1, b"late frame")
    flusher.flush()
    assert member.too_slow_count == 0
    member.send_queue.resume()

    assert member.writes == [b"x"]
    assert member.gaps == [(1, 5)]


async def test_small_frames_do_not_overtake_a_skipped_range(flusher: Flusher) -> None:
    """A frame that would fit is skipped too if earlier ones of its conversation were; others are queued."""
    member = RecordingMember(flusher)
    first, other = (Room(name, flusher, lambda _room: None) for name in "ab")
    for room in (first, other):
        room.add_subscriber(member)
        room.start(0)
    member.send_queue.pause()
    for seq in range(2, 6):
        first.deliver(seq, b"long frame")
    first.deliver(1, b"late frame")
    flusher.flush()
    first.deliver(6, b"s")
    other.deliver(1, b"o")
    flusher.flush()
    member.send_queue.resume()
    assert member.writes == [b"o"]
    assert member.gaps == [(1, 6)]
    first.deliver(7, b"next")
    flusher.flush()

    assert member.writes == [b"o", b"next"]


async def test_skipped_frames_use_one_range_per_conversation(flusher: Flusher) -> None:
    """Memory for skipped frames is bounded by the number of conversations."""
    member = RecordingMember(flusher)
    rooms = [Room(name, flusher, lambda _room: None) for name in "ab"]
    for room in rooms:
        room.add_subscriber(member)
        room.start(0)
    member.send_queue.pause()
    member.send_queue.push(b"x" * 11)
    flusher.flush()
    for seq in range(1, 1001):
        for room in rooms:
            room.deliver(seq, b"y" * 100)
        flusher.flush()

    assert member.send_queue.queued_bytes == 11
    skipped = member.send_queue.skipped_ranges.values()
    assert [(seq_range.conversation_id, seq_range.from_seq, seq_range.to_seq) for seq_range in skipped] == [
        ("a", 1, 1000),
        ("b", 1, 1000),
    ]
    assert member.too_slow_count == 0


async def test_frames_are_encoded_on_every_path(flusher: Flusher) -> None:
    """Pushed, directly written and prepended frames are encoded; an empty result is not written."""
    member = RecordingMember(flusher)
    member.send_queue.encode_outbound = lambda frame: b"" if frame == b"no" else frame.upper()
    room, _ = start_room(flusher, 0, member)
    room.deliver(1, b"no")
    flusher.flush()
    room.deliver(2, b"yes")
    flusher.flush()
    for frame in (b"no", b"a", b"no"):
        member.send_queue.push(frame)
    flusher.flush()
    member.send_queue.pause()
    member.send_queue.prepend_and_resume([b"no", b"b"])

    assert member.writes == [b"YES", b"A", b"B"]
    assert member.send_queue.queued_bytes == 0
