"""Rooms and outboxes: joined once per tick, in order, bounded, and silent to those who left."""

import asyncio

import pytest

from actors.delivery.flusher import Flusher
from actors.delivery.outbox import Outbox, Stretch
from actors.delivery.room import Room
from config.limits import Limits

LIMITS = Limits(outbox_soft_bytes=10, outbox_hard_bytes=20)


class Peer:
    """A member with a transport that notes each write."""

    def __init__(self, flusher: Flusher, user_id: str = "u") -> None:
        self.user_id = user_id
        self.writes: list[bytes] = []
        self.slow = 0
        self.gaps: list[tuple[int, int]] = []
        self.outbox = Outbox(self, self, flusher, LIMITS)

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def too_slow(self) -> None:
        self.slow += 1

    def spared(self, stretch: Stretch) -> None:
        self.lagged(stretch.conversation_id, stretch.from_seq, stretch.to_seq)

    def lagged(self, conversation_id: str, from_seq: int, to_seq: int) -> None:
        self.gaps.append((from_seq, to_seq))


@pytest.fixture
async def flusher() -> Flusher:
    return Flusher(asyncio.get_running_loop())


def room_at(flusher: Flusher, position: int, *peers: Peer) -> tuple[Room, list[Room]]:
    gaps: list[Room] = []
    room = Room("c", flusher, gaps.append)
    for peer in peers:
        room.enter(peer)
    room.start(position)
    return room, gaps


async def test_frames_of_a_tick_are_one_write(flusher: Flusher) -> None:
    """Whatever was pushed since the last tick goes out joined, in order."""
    peer = Peer(flusher)
    for frame in (b"a", b"b", b"c"):
        peer.outbox.push(frame)
    assert peer.writes == []
    flusher.flush()

    assert peer.writes == [b"abc"]


async def test_a_room_is_joined_once_for_all_its_members(flusher: Flusher) -> None:
    """Each member gets one write with everything the room said in the tick."""
    peers = [Peer(flusher) for _ in range(3)]
    room, _ = room_at(flusher, 0, *peers)
    for seq, frame in enumerate((b"1", b"2", b"3"), 1):
        room.deliver(seq, frame)
    flusher.flush()

    assert [peer.writes for peer in peers] == [[b"123"]] * 3


async def test_a_room_says_whether_frames_shared_a_write(flusher: Flusher) -> None:
    """Of what it has to tell now; what was told already counts no more."""
    ana, ben = Peer(flusher), Peer(flusher)
    room, _ = room_at(flusher, 0, ana, ben)
    assert room.size == 2

    room.deliver(1, b"1")
    assert not room.flush(alone=True)
    room.deliver(2, b"2")
    room.deliver(3, b"3")
    assert room.flush(alone=True)
    assert not room.flush(alone=True)
    assert ana.writes == ben.writes == [b"1", b"23"]


async def test_what_was_pushed_before_comes_before_what_the_room_says(flusher: Flusher) -> None:
    """The order of pushes and rooms within a tick is kept for each client."""
    peer = Peer(flusher)
    room, _ = room_at(flusher, 0, peer)
    peer.outbox.push(b"joined")
    room.deliver(1, b"1")
    flusher.flush()

    assert b"".join(peer.writes) == b"joined1"


async def test_delivery_is_in_the_order_of_seqs(flusher: Flusher) -> None:
    """A later one waits for the gap, an earlier one is never told again."""
    peer = Peer(flusher)
    room, gaps = room_at(flusher, 4, peer)
    for seq in (7, 5, 4, 6, 5):
        room.deliver(seq, str(seq).encode())
    flusher.flush()

    assert b"".join(peer.writes) == b"567"
    assert room in gaps


async def test_one_who_leaves_hears_what_was_said_before_and_nothing_after(flusher: Flusher) -> None:
    """Leaving in the middle of a tick cuts exactly there; so does entering."""
    leaving, staying, coming = Peer(flusher), Peer(flusher), Peer(flusher)
    room, _ = room_at(flusher, 0, leaving, staying)
    room.deliver(1, b"1")
    room.leave(leaving)
    room.enter(coming)
    room.deliver(2, b"2")
    flusher.flush()

    assert [b"".join(peer.writes) for peer in (leaving, staying, coming)] == [b"1", b"12", b"2"]


async def test_a_blocked_peer_holds_frames_and_gets_them_in_order(flusher: Flusher) -> None:
    """While the transport is full nothing is written; afterwards everything is, once."""
    peer = Peer(flusher)
    peer.outbox.block()
    peer.outbox.push(b"a")
    flusher.flush()
    peer.outbox.push(b"b")
    flusher.flush()
    assert peer.writes == []
    peer.outbox.unblock()

    assert peer.writes == [b"ab"]
    assert peer.outbox.held_bytes == 0


async def test_hints_are_spared_to_one_who_is_behind(flusher: Flusher) -> None:
    """Over the soft limit hints are dropped and counted; frames are not."""
    peer = Peer(flusher)
    peer.outbox.block()
    peer.outbox.push(b"x" * 11)
    peer.outbox.push_hint(b"typing")
    peer.outbox.push(b"y")
    peer.outbox.unblock()

    assert peer.writes == [b"x" * 11 + b"y"]
    assert peer.outbox.shed == 1


async def test_one_too_far_behind_is_reported(flusher: Flusher) -> None:
    """Over the hard limit the owner is told, so that memory stays bounded."""
    peer = Peer(flusher)
    peer.outbox.block()
    peer.outbox.push(b"x" * 20)
    flusher.flush()
    assert peer.slow == 0
    peer.outbox.push(b"y")
    flusher.flush()

    assert peer.slow == 1


async def test_a_hint_spares_the_one_it_is_about(flusher: Flusher) -> None:
    """One's own read mark is no news."""
    me, other = Peer(flusher, "me"), Peer(flusher, "other")
    room, _ = room_at(flusher, 0, me, other)
    room.hint(b"read", "me")
    flusher.flush()

    assert (me.writes, other.writes) == ([], [b"read"])


async def test_logs_are_spared_to_one_who_is_behind_and_that_is_told(flusher: Flusher) -> None:
    """Over the soft limit the rooms' frames are left out; what was left out is named once there is room."""
    peer = Peer(flusher)
    room, _ = room_at(flusher, 0, peer)
    peer.outbox.block()
    for seq in range(1, 7):
        room.deliver(seq, b"frame%d" % seq)
        flusher.flush()
    peer.outbox.push(b"answer")
    assert peer.outbox.held_bytes == 3 * 6
    assert peer.gaps == []
    peer.outbox.unblock()
    room.deliver(7, b"frame7")
    flusher.flush()

    assert peer.writes == [b"frame1frame2answer", b"frame7"]
    assert peer.gaps == [(3, 6)]
    assert peer.outbox.shed == 4
    assert peer.outbox.spared == {}


async def test_what_waited_behind_a_gap_closes_nobody(flusher: Flusher) -> None:
    """Below the soft limit still, but all that is told at once would pass the hard one: it is spared."""
    peer = Peer(flusher)
    room, _ = room_at(flusher, 0, peer)
    peer.outbox.block()
    peer.outbox.push(b"x")
    for seq in range(2, 6):
        room.deliver(seq, b"a long one")
    room.deliver(1, b"a late one")
    flusher.flush()
    assert peer.slow == 0
    peer.outbox.unblock()

    assert peer.writes == [b"x"]
    assert peer.gaps == [(1, 5)]


async def test_what_is_spared_grows_by_conversation_and_not_in_memory(flusher: Flusher) -> None:
    """Each log has one stretch, however much is said while the peer stands still."""
    peer = Peer(flusher)
    rooms = [Room(name, flusher, lambda _room: None) for name in "ab"]
    for room in rooms:
        room.enter(peer)
        room.start(0)
    peer.outbox.block()
    peer.outbox.push(b"x" * 11)
    flusher.flush()
    for seq in range(1, 1001):
        for room in rooms:
            room.deliver(seq, b"y" * 100)
        flusher.flush()

    assert peer.outbox.held_bytes == 11
    assert [(one.conversation_id, one.from_seq, one.to_seq) for one in peer.outbox.spared.values()] == [
        ("a", 1, 1000),
        ("b", 1, 1000),
    ]
    assert peer.slow == 0


async def test_frames_are_rendered_on_every_way_out(flusher: Flusher) -> None:
    """Pushed, written at once, put before others; what becomes of none is not written."""
    peer = Peer(flusher)
    peer.outbox.render = lambda frame: b"" if frame == b"no" else frame.upper()
    room, _ = room_at(flusher, 0, peer)
    room.deliver(1, b"no")
    flusher.flush()
    room.deliver(2, b"yes")
    flusher.flush()
    for frame in (b"no", b"a", b"no"):
        peer.outbox.push(frame)
    flusher.flush()
    peer.outbox.block()
    peer.outbox.begin([b"no", b"b"])

    assert peer.writes == [b"YES", b"A", b"B"]
    assert peer.outbox.held_bytes == 0
