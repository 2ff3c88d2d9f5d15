"""The eyes of a client: every broken promise is found, and a right run has none."""

import random

import pytest

from loadtest.check.delivery_checker import DeliveryChecker
from loadtest.check.faults import FaultKind, FaultRecorder
from loadtest.check.log_observer import LogObserver
from loadtest.websocket.frames import ReceivedFrame
from tests.loadtest.sample_frames import ROOM, deliver, message_created, message_updated


@pytest.fixture
def checker(observer: LogObserver, faults: FaultRecorder) -> DeliveryChecker:
    """Those of a client that is told from seq 1 on."""
    one = DeliveryChecker("client 1", {ROOM: 0}, observer, faults)
    one.start_stream(0)
    return one


def final_faults(
    checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder, head: int
) -> dict[str, list[tuple[int, ...]]]:
    """The seqs of every fault, by kind, once all is over."""
    checker.check_complete({ROOM: head})
    observer.check_replays()
    found: dict[str, list[tuple[int, ...]]] = {}
    for fault in faults.details:
        assert fault.client
        found.setdefault(fault.kind, []).append(fault.seqs)
    return found


def test_correct_run_has_no_faults(
    checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder
) -> None:
    """Messages, changes, a replay with what was overtaken left out, and a lagged range that was fetched."""
    deliver(
        checker,
        observer,
        message_created(1),
        message_created(2),
        message_updated(3, of=1),
        message_created(4),
    )
    checker.on_replay_start()
    observer.observe(message_created(5))
    deliver(checker, observer, message_created(6), message_updated(7, of=5))
    checker.on_resumed({ROOM: 7})
    deliver(checker, observer, message_created(8))
    checker.on_lagged(ROOM, 9, 10)
    for seq in (9, 10):
        observer.observe(message_created(seq))
    checker.on_range_fetched(ROOM, 8, [9, 10], 10)
    deliver(checker, observer, message_created(11))

    assert final_faults(checker, observer, faults, head=11) == {}


def test_missing_frame_is_gap_and_lost(
    checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder
) -> None:
    """The conversation, the client and the seqs are named."""
    deliver(checker, observer, message_created(1), message_created(4))

    assert final_faults(checker, observer, faults, head=4) == {
        FaultKind.GAP: [(2, 3)],
        FaultKind.LOST: [(2, 3)],
    }
    gap = faults.details[0]
    assert (gap.conversation_id, gap.client, gap.detail) == (ROOM, "client 1", "saw 4 after 1")
    assert faults.counts == {FaultKind.GAP: 2, FaultKind.LOST: 2}


def test_late_frame_is_reordered(
    checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder
) -> None:
    """What had been left out and comes after all is out of order, and not lost."""
    deliver(checker, observer, message_created(1), message_created(3), message_created(2))

    assert final_faults(checker, observer, faults, head=3) == {
        FaultKind.GAP: [(2,)],
        FaultKind.REORDERED: [(2,)],
    }


def test_repeated_frame_is_duplicated(
    checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder
) -> None:
    deliver(checker, observer, message_created(1), message_created(2), message_created(2), message_created(3))

    assert final_faults(checker, observer, faults, head=3) == {FaultKind.DUPLICATED: [(2,)]}


def test_acknowledged_but_undelivered_message_is_lost(
    checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder
) -> None:
    """The last message of all leaves no gap behind it, so the heads tell."""
    deliver(checker, observer, message_created(1))

    assert checker.is_behind({ROOM: 2})
    assert final_faults(checker, observer, faults, head=2) == {FaultKind.LOST: [(2,)]}


def test_frame_of_unknown_conversation_is_unannounced(
    checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder
) -> None:
    checker.on_left(ROOM)
    deliver(checker, observer, message_created(1))

    assert set(final_faults(checker, observer, faults, head=1)) == {FaultKind.UNANNOUNCED}


def test_joined_conversation_starts_at_its_head(
    checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder
) -> None:
    checker.on_left(ROOM)
    checker.on_joined(ROOM, 6)
    deliver(checker, observer, message_created(7))

    assert final_faults(checker, observer, faults, head=7) == {}


def test_replay_may_omit_only_superseded_entries(
    checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder
) -> None:
    """Seq 2 was changed at 3, so it may be left out; 4 was not."""
    for heard in (
        message_created(1),
        message_created(2),
        message_updated(3, of=2),
        message_created(4),
        message_created(5),
    ):
        observer.observe(heard)
    checker.on_replay_start()
    deliver(checker, observer, message_created(1), message_updated(3, of=2), message_created(5))
    checker.on_resumed({ROOM: 5})

    assert final_faults(checker, observer, faults, head=5) == {FaultKind.LOST: [(4,)]}


@pytest.mark.parametrize(("later_us", "found"), [(1_000_000, {}), (60_000_000, {FaultKind.LOST: [(2,)]})])
def test_change_after_replay_excuses_omission_only_within_the_deadline(
    faults: FaultRecorder, later_us: int, found: dict[str, list[tuple[int, ...]]]
) -> None:
    """What was changed before the replay was read is told live; what is changed later was to be in it."""
    time_us = 0
    ledger = LogObserver("run", faults, lambda: time_us)
    eyes = DeliveryChecker("client 1", {ROOM: 0}, ledger, faults)
    for heard in (message_created(1), message_created(2)):
        ledger.observe(heard)
    eyes.on_replay_start()
    deliver(eyes, ledger, message_created(1))
    eyes.on_resumed({ROOM: 2})
    time_us += later_us
    deliver(eyes, ledger, message_updated(3, of=2))

    assert final_faults(eyes, ledger, faults, head=3) == found


def test_empty_replay_is_lost(checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder) -> None:
    """`resumed` says that all is complete, and nothing had come."""
    observer.observe(message_created(1))
    checker.on_replay_start()
    checker.on_resumed({ROOM: 1})

    assert final_faults(checker, observer, faults, head=1) == {FaultKind.LOST: [(1,)]}


def test_resumed_may_be_behind_the_client(
    checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder
) -> None:
    """An instance that is behind goes on from where it is: what was known comes again, which is no fault."""
    deliver(checker, observer, message_created(1), message_created(2))
    checker.on_replay_start()
    checker.on_resumed({ROOM: 1})
    deliver(checker, observer, message_created(2), message_created(3))

    assert final_faults(checker, observer, faults, head=3) == {}


def test_conversation_missing_from_resumed_is_forgotten(
    checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder
) -> None:
    checker.on_replay_start()
    checker.on_resumed({})

    assert set(final_faults(checker, observer, faults, head=0)) == {FaultKind.FORGOTTEN}


def test_lagged_excuses_only_its_range(
    checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder
) -> None:
    deliver(checker, observer, message_created(1))
    checker.on_lagged(ROOM, 3, 5)
    deliver(checker, observer, message_created(6))

    assert final_faults(checker, observer, faults, head=6) == {FaultKind.GAP: [(2,)], FaultKind.LOST: [(2,)]}


def test_entry_missing_from_fetched_range_is_lost(
    checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder
) -> None:
    for seq in (1, 2, 3):
        observer.observe(message_created(seq))
    checker.on_lagged(ROOM, 1, 3)
    checker.on_range_fetched(ROOM, 0, [1, 3], 3)

    assert final_faults(checker, observer, faults, head=3) == {FaultKind.LOST: [(2,)]}


def test_resync_merges_fetched_log_and_live_frames(
    checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder
) -> None:
    """Live frames from `ready` on may overlap what the log holds; nothing may be between them."""
    deliver(checker, observer, message_created(1))
    assert checker.on_resync(7) == [(ROOM, 1)]
    observer.observe(message_created(2))
    deliver(checker, observer, message_created(3), message_created(4))
    assert checker.pending_fetches == 1
    checker.on_log_fetched(ROOM, [2, 3], 3)
    deliver(checker, observer, message_created(5))
    checker.on_stream_position(8)

    assert checker.in_sequence
    assert final_faults(checker, observer, faults, head=5) == {}


def test_gap_between_fetched_log_and_live_frames_is_reported(
    checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder
) -> None:
    checker.on_resync(0)
    deliver(checker, observer, message_created(4))
    checker.on_log_fetched(ROOM, [1, 2], 2)

    found = final_faults(checker, observer, faults, head=4)
    assert found[FaultKind.GAP] == [(3,)]
    assert (3,) in found[FaultKind.LOST]


@pytest.mark.parametrize(("position", "seqs"), [(3, (1, 2)), (0, (0,))], ids=["left out", "again"])
def test_stream_position_gap_or_repeat_is_a_fault(
    checker: DeliveryChecker, faults: FaultRecorder, position: int, seqs: tuple[int, ...]
) -> None:
    """Frames of the user's stream are never shed, so each has the next position."""
    checker.on_stream_position(position)

    assert [(fault.kind, fault.seqs) for fault in faults.details] == [(FaultKind.STREAM, seqs)]


@pytest.mark.parametrize("seed", range(20))
def test_any_single_injected_fault_is_detected(seed: int) -> None:
    """Of a random history, told live, one frame is swallowed, doubled or swapped: never without a fault."""
    dice = random.Random(seed)
    history: list[ReceivedFrame] = []
    for seq in range(1, 41):
        known = [one.seq for one in history if one.type == "message.created"]
        changes = bool(known) and dice.random() < 0.3
        history.append(message_updated(seq, of=dice.choice(known)) if changes else message_created(seq))
    place = dice.randrange(len(history) - 1)
    one, following = history[place : place + 2]
    for told in ([], [one, one, following], [following, one]):
        faults = FaultRecorder()
        ledger = LogObserver("run", faults)
        for heard in history:
            ledger.observe(heard)
        eyes = DeliveryChecker("client 1", {ROOM: 0}, ledger, faults)
        deliver(eyes, ledger, *history[:place], *told, *history[place + 2 :])
        eyes.check_complete({ROOM: 40})
        assert faults.counts
