"""The eyes of a client: every broken promise is found, and a right run has none."""

import random

import pytest

from loadtest.check.eyes import Eyes
from loadtest.check.faults import Faults, Kind
from loadtest.check.ledger import Ledger
from loadtest.wire.heard import Heard
from tests.loadtest.heard_frames import ROOM, created, tell, updated


@pytest.fixture
def eyes(ledger: Ledger, faults: Faults) -> Eyes:
    """Those of a client that is told from seq 1 on."""
    one = Eyes("client 1", {ROOM: 0}, ledger, faults)
    one.begin_stream(0)
    return one


def judged(eyes: Eyes, ledger: Ledger, faults: Faults, head: int) -> dict[str, list[tuple[int, ...]]]:
    """The seqs of every fault, by kind, once all is over."""
    eyes.judge({ROOM: head})
    ledger.judge_replays()
    found: dict[str, list[tuple[int, ...]]] = {}
    for fault in faults.details:
        assert fault.client
        found.setdefault(fault.kind, []).append(fault.seqs)
    return found


def test_a_right_run_has_no_fault(eyes: Eyes, ledger: Ledger, faults: Faults) -> None:
    """Messages, changes, a replay with what was overtaken left out, and a lagged range that was fetched."""
    tell(eyes, ledger, created(1), created(2), updated(3, of=1), created(4))
    eyes.begin_replay()
    ledger.witness(created(5))
    tell(eyes, ledger, created(6), updated(7, of=5))
    eyes.resumed({ROOM: 7})
    tell(eyes, ledger, created(8))
    eyes.lagged(ROOM, 9, 10)
    for seq in (9, 10):
        ledger.witness(created(seq))
    eyes.fetched_range(ROOM, 8, [9, 10], 10)
    tell(eyes, ledger, created(11))

    assert judged(eyes, ledger, faults, head=11) == {}


def test_a_frame_that_is_left_out_is_a_gap_and_lost(eyes: Eyes, ledger: Ledger, faults: Faults) -> None:
    """The conversation, the client and the seqs are named."""
    tell(eyes, ledger, created(1), created(4))

    assert judged(eyes, ledger, faults, head=4) == {Kind.GAP: [(2, 3)], Kind.LOST: [(2, 3)]}
    gap = faults.details[0]
    assert (gap.conversation_id, gap.client, gap.said) == (ROOM, "client 1", "saw 4 after 1")
    assert faults.counts == {Kind.GAP: 2, Kind.LOST: 2}


def test_a_frame_that_comes_late_is_reordered(eyes: Eyes, ledger: Ledger, faults: Faults) -> None:
    """What had been left out and comes after all is out of order, and not lost."""
    tell(eyes, ledger, created(1), created(3), created(2))

    assert judged(eyes, ledger, faults, head=3) == {Kind.GAP: [(2,)], Kind.REORDERED: [(2,)]}


def test_a_frame_that_comes_twice_is_duplicated(eyes: Eyes, ledger: Ledger, faults: Faults) -> None:
    tell(eyes, ledger, created(1), created(2), created(2), created(3))

    assert judged(eyes, ledger, faults, head=3) == {Kind.DUPLICATED: [(2,)]}


def test_what_was_acknowledged_and_never_came_is_lost(eyes: Eyes, ledger: Ledger, faults: Faults) -> None:
    """The last message of all leaves no gap behind it, so the heads tell."""
    tell(eyes, ledger, created(1))

    assert eyes.behind({ROOM: 2})
    assert judged(eyes, ledger, faults, head=2) == {Kind.LOST: [(2,)]}


def test_a_frame_of_a_conversation_that_nobody_announced(eyes: Eyes, ledger: Ledger, faults: Faults) -> None:
    eyes.left(ROOM)
    tell(eyes, ledger, created(1))

    assert set(judged(eyes, ledger, faults, head=1)) == {Kind.UNANNOUNCED}


def test_a_conversation_that_was_joined_begins_where_it_stood(
    eyes: Eyes, ledger: Ledger, faults: Faults
) -> None:
    eyes.left(ROOM)
    eyes.joined(ROOM, 6)
    tell(eyes, ledger, created(7))

    assert judged(eyes, ledger, faults, head=7) == {}


def test_a_replay_may_leave_out_only_what_was_overtaken(eyes: Eyes, ledger: Ledger, faults: Faults) -> None:
    """Seq 2 was changed at 3, so it may be left out; 4 was not."""
    for heard in (created(1), created(2), updated(3, of=2), created(4), created(5)):
        ledger.witness(heard)
    eyes.begin_replay()
    tell(eyes, ledger, created(1), updated(3, of=2), created(5))
    eyes.resumed({ROOM: 5})

    assert judged(eyes, ledger, faults, head=5) == {Kind.LOST: [(4,)]}


@pytest.mark.parametrize(("later_us", "found"), [(1_000_000, {}), (60_000_000, {Kind.LOST: [(2,)]})])
def test_a_change_behind_the_replay_excuses_only_at_once(
    faults: Faults, later_us: int, found: dict[str, list[tuple[int, ...]]]
) -> None:
    """What was changed before the replay was read is told live; what is changed later was to be in it."""
    time_us = 0
    ledger = Ledger("run", faults, lambda: time_us)
    eyes = Eyes("client 1", {ROOM: 0}, ledger, faults)
    for heard in (created(1), created(2)):
        ledger.witness(heard)
    eyes.begin_replay()
    tell(eyes, ledger, created(1))
    eyes.resumed({ROOM: 2})
    time_us += later_us
    tell(eyes, ledger, updated(3, of=2))

    assert judged(eyes, ledger, faults, head=3) == found


def test_a_replay_that_tells_nothing_is_found(eyes: Eyes, ledger: Ledger, faults: Faults) -> None:
    """`resumed` says that all is complete, and nothing had come."""
    ledger.witness(created(1))
    eyes.begin_replay()
    eyes.resumed({ROOM: 1})

    assert judged(eyes, ledger, faults, head=1) == {Kind.LOST: [(1,)]}


def test_resumed_may_name_less_than_was_known(eyes: Eyes, ledger: Ledger, faults: Faults) -> None:
    """An instance that is behind goes on from where it is: what was known comes again, which is no fault."""
    tell(eyes, ledger, created(1), created(2))
    eyes.begin_replay()
    eyes.resumed({ROOM: 1})
    tell(eyes, ledger, created(2), created(3))

    assert judged(eyes, ledger, faults, head=3) == {}


def test_a_conversation_that_resumed_does_not_name_is_forgotten(
    eyes: Eyes, ledger: Ledger, faults: Faults
) -> None:
    eyes.begin_replay()
    eyes.resumed({})

    assert set(judged(eyes, ledger, faults, head=0)) == {Kind.FORGOTTEN}


def test_after_a_gap_a_lagged_range_excuses_only_what_it_names(
    eyes: Eyes, ledger: Ledger, faults: Faults
) -> None:
    tell(eyes, ledger, created(1))
    eyes.lagged(ROOM, 3, 5)
    tell(eyes, ledger, created(6))

    assert judged(eyes, ledger, faults, head=6) == {Kind.GAP: [(2,)], Kind.LOST: [(2,)]}


def test_what_changes_leaves_out_of_a_lagged_range_is_lost(
    eyes: Eyes, ledger: Ledger, faults: Faults
) -> None:
    for seq in (1, 2, 3):
        ledger.witness(created(seq))
    eyes.lagged(ROOM, 1, 3)
    eyes.fetched_range(ROOM, 0, [1, 3], 3)

    assert judged(eyes, ledger, faults, head=3) == {Kind.LOST: [(2,)]}


def test_after_resync_the_log_and_what_came_meanwhile_are_one(
    eyes: Eyes, ledger: Ledger, faults: Faults
) -> None:
    """Live frames from `ready` on may overlap what the log holds; nothing may be between them."""
    tell(eyes, ledger, created(1))
    assert eyes.resync(7) == [(ROOM, 1)]
    ledger.witness(created(2))
    tell(eyes, ledger, created(3), created(4))
    assert eyes.catching_up == 1
    eyes.caught_up(ROOM, [2, 3], 3)
    tell(eyes, ledger, created(5))
    eyes.see_stream(8)

    assert eyes.calm
    assert judged(eyes, ledger, faults, head=5) == {}


def test_a_hole_between_the_log_and_what_came_meanwhile(eyes: Eyes, ledger: Ledger, faults: Faults) -> None:
    eyes.resync(0)
    tell(eyes, ledger, created(4))
    eyes.caught_up(ROOM, [1, 2], 2)

    found = judged(eyes, ledger, faults, head=4)
    assert found[Kind.GAP] == [(3,)]
    assert (3,) in found[Kind.LOST]


@pytest.mark.parametrize(("position", "seqs"), [(3, (1, 2)), (0, (0,))], ids=["left out", "again"])
def test_the_stream_counts_on_without_holes(
    eyes: Eyes, faults: Faults, position: int, seqs: tuple[int, ...]
) -> None:
    """Frames of the user's stream are never shed, so each has the next position."""
    eyes.see_stream(position)

    assert [(fault.kind, fault.seqs) for fault in faults.details] == [(Kind.STREAM, seqs)]


@pytest.mark.parametrize("seed", range(20))
def test_any_single_theft_is_found(seed: int) -> None:
    """Of a random history, told live, one frame is swallowed, doubled or swapped: never without a fault."""
    dice = random.Random(seed)
    history: list[Heard] = []
    for seq in range(1, 41):
        known = [one.seq for one in history if one.type == "message.created"]
        changes = bool(known) and dice.random() < 0.3
        history.append(updated(seq, of=dice.choice(known)) if changes else created(seq))
    place = dice.randrange(len(history) - 1)
    one, following = history[place : place + 2]
    for told in ([], [one, one, following], [following, one]):
        faults = Faults()
        ledger = Ledger("run", faults)
        for heard in history:
            ledger.witness(heard)
        eyes = Eyes("client 1", {ROOM: 0}, ledger, faults)
        tell(eyes, ledger, *history[:place], *told, *history[place + 2 :])
        eyes.judge({ROOM: 40})
        assert faults.counts
