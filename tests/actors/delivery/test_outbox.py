"""Rooms and outboxes: joined once per tick, in order, bounded, and silent to those who left."""

import asyncio

import pytest

from actors.delivery.flusher import Flusher
from actors.delivery.outbox import Outbox
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
