"""The delivery checker finds every fault, and none in a correct run."""

import random

import pytest

from loadtest.check.delivery_checker import DeliveryChecker
from loadtest.check.faults import FaultKind, FaultRecorder
from loadtest.check.log_observer import LogObserver
from loadtest.websocket.frames import ReceivedFrame
from tests.loadtest.sample_frames import ROOM, deliver, message_created, message_updated


@pytest.fixture
def checker(observer: LogObserver, faults: FaultRecorder) -> DeliveryChecker:
    """The checker of a client that starts at seq 0."""
    checker = DeliveryChecker("client 1", {ROOM: 0}, observer, faults)
    checker.start_stream(0)
    return checker


def final_faults(
    checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder, head: int
) -> dict[str, list[tuple[int, ...]]]:
    """Finish the run, and return the seqs of all faults by kind."""
    checker.check_complete({ROOM: head})
    observer.check_replays()
    seqs_by_kind: dict[str, list[tuple[int, ...]]] = {}
    for fault in faults.details:
        assert fault.client
        seqs_by_kind.setdefault(fault.kind, []).append(fault.seqs)
    return seqs_by_kind


def test_correct_run_has_no_faults(
    checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder
) -> None:
    """Live frames, a compacted replay and a fetched range cause no fault."""
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
    """The fault names the conversation, the client and the seqs."""
    deliver(checker, observer, message_created(1), message_created(4))

    assert final_faults(checker, observer, faults, head=4) == {
        FaultKind.GAP: [(2, 3)],
        FaultKind.LOST: [(2, 3)],
    }
    gap = faults.details[0]
    assert (gap.conversation_id, gap.client, gap.detail) == (ROOM, "client 1", "received 4 after 1")
    assert faults.counts == {FaultKind.GAP: 2, FaultKind.LOST: 2}


def test_late_frame_is_reordered(
    checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder
) -> None:
    """A skipped frame that arrives later is reordered, not lost."""
    deliver(checker, observer, message_created(1), message_created(3), message_created(2))

    assert final_faults(checker, observer, faults, head=3) == {
        FaultKind.GAP: [(2,)],
        FaultKind.REORDERED: [(2,)],
    }


def test_repeated_frame_is_duplicated(
    checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder
) -> None:
    """A frame received twice is a duplicate."""
    deliver(checker, observer, message_created(1), message_created(2), message_created(2), message_created(3))

    assert final_faults(checker, observer, faults, head=3) == {FaultKind.DUPLICATED: [(2,)]}


def test_acknowledged_but_undelivered_message_is_lost(
    checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder
) -> None:
    """The acknowledged head reveals a missing last message, which leaves no gap."""
    deliver(checker, observer, message_created(1))

    assert checker.is_behind({ROOM: 2})
    assert final_faults(checker, observer, faults, head=2) == {FaultKind.LOST: [(2,)]}


def test_frame_of_unknown_conversation_is_unannounced(
    checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder
) -> None:
    """A frame of a conversation that the client left is unannounced."""
    checker.on_left(ROOM)
    deliver(checker, observer, message_created(1))

    assert set(final_faults(checker, observer, faults, head=1)) == {FaultKind.UNANNOUNCED}


def test_joined_conversation_starts_at_its_head(
    checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder
) -> None:
    """After `conversation.joined`, the next frame follows the head."""
    checker.on_left(ROOM)
    checker.on_joined(ROOM, 6)
    deliver(checker, observer, message_created(7))

    assert final_faults(checker, observer, faults, head=7) == {}


def test_replay_may_omit_only_superseded_entries(
    checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder
) -> None:
    """Seq 2 was superseded by 3 and may be omitted; 4 must not be."""
    for frame in (
        message_created(1),
        message_created(2),
        message_updated(3, of=2),
        message_created(4),
        message_created(5),
    ):
        observer.observe(frame)
    checker.on_replay_start()
    deliver(checker, observer, message_created(1), message_updated(3, of=2), message_created(5))
    checker.on_resumed({ROOM: 5})

    assert final_faults(checker, observer, faults, head=5) == {FaultKind.LOST: [(4,)]}


@pytest.mark.parametrize(("later_us", "expected"), [(1_000_000, {}), (60_000_000, {FaultKind.LOST: [(2,)]})])
def test_change_after_replay_excuses_omission_only_within_the_deadline(
    faults: FaultRecorder, later_us: int, expected: dict[str, list[tuple[int, ...]]]
) -> None:
    """A change made before the replay was read is delivered live; a later one excuses nothing."""
    time_us = 0
    observer = LogObserver("run", faults, lambda: time_us)
    checker = DeliveryChecker("client 1", {ROOM: 0}, observer, faults)
    for frame in (message_created(1), message_created(2)):
        observer.observe(frame)
    checker.on_replay_start()
    deliver(checker, observer, message_created(1))
    checker.on_resumed({ROOM: 2})
    time_us += later_us
    deliver(checker, observer, message_updated(3, of=2))

    assert final_faults(checker, observer, faults, head=3) == expected


def test_empty_replay_is_lost(checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder) -> None:
    """`resumed` claims completeness, but the replay was empty."""
    observer.observe(message_created(1))
    checker.on_replay_start()
    checker.on_resumed({ROOM: 1})

    assert final_faults(checker, observer, faults, head=1) == {FaultKind.LOST: [(1,)]}


def test_resumed_may_be_behind_the_client(
    checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder
) -> None:
    """An instance that is behind continues from its own head; repeated frames are no fault."""
    deliver(checker, observer, message_created(1), message_created(2))
    checker.on_replay_start()
    checker.on_resumed({ROOM: 1})
    deliver(checker, observer, message_created(2), message_created(3))

    assert final_faults(checker, observer, faults, head=3) == {}


def test_conversation_missing_from_resumed_is_forgotten(
    checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder
) -> None:
    """`resumed` must list every conversation of the client."""
    checker.on_replay_start()
    checker.on_resumed({})

    assert set(final_faults(checker, observer, faults, head=0)) == {FaultKind.NOT_RESUMED}


def test_lagged_excuses_only_its_range(
    checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder
) -> None:
    """A frame missing before the `lagged` range is still a gap."""
    deliver(checker, observer, message_created(1))
    checker.on_lagged(ROOM, 3, 5)
    deliver(checker, observer, message_created(6))

    assert final_faults(checker, observer, faults, head=6) == {FaultKind.GAP: [(2,)], FaultKind.LOST: [(2,)]}


def test_entry_missing_from_fetched_range_is_lost(
    checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder
) -> None:
    """The fetched range must contain every entry that was not superseded."""
    for seq in (1, 2, 3):
        observer.observe(message_created(seq))
    checker.on_lagged(ROOM, 1, 3)
    checker.on_range_fetched(ROOM, 0, [1, 3], 3)

    assert final_faults(checker, observer, faults, head=3) == {FaultKind.LOST: [(2,)]}


def test_resync_merges_fetched_log_and_live_frames(
    checker: DeliveryChecker, observer: LogObserver, faults: FaultRecorder
) -> None:
    """Live frames since `ready` may overlap the fetched log, without a gap between them."""
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
    """A seq neither in the log nor live is a gap and lost."""
    checker.on_resync(0)
    deliver(checker, observer, message_created(4))
    checker.on_log_fetched(ROOM, [1, 2], 2)

    seqs_by_kind = final_faults(checker, observer, faults, head=4)
    assert seqs_by_kind[FaultKind.GAP] == [(3,)]
    assert (3,) in seqs_by_kind[FaultKind.LOST]


@pytest.mark.parametrize(("position", "seqs"), [(3, (1, 2)), (0, (0,))], ids=["skipped", "repeated"])
def test_stream_position_gap_or_repeat_is_a_fault(
    checker: DeliveryChecker, faults: FaultRecorder, position: int, seqs: tuple[int, ...]
) -> None:
    """Stream frames are never shed, so each must have the next position."""
    checker.on_stream_position(position)

    assert [(fault.kind, fault.seqs) for fault in faults.details] == [(FaultKind.STREAM_GAP, seqs)]


@pytest.mark.parametrize("seed", range(20))
def test_any_single_injected_fault_is_detected(seed: int) -> None:
    """One dropped, duplicated or reordered frame of a random live history causes a fault."""
    rng = random.Random(seed)
    history: list[ReceivedFrame] = []
    for seq in range(1, 41):
        known = [entry.seq for entry in history if entry.type == "message.created"]
        changes = bool(known) and rng.random() < 0.3
        history.append(message_updated(seq, of=rng.choice(known)) if changes else message_created(seq))
    index = rng.randrange(len(history) - 1)
    frame, next_frame = history[index : index + 2]
    for received in ([], [frame, frame, next_frame], [next_frame, frame]):
        faults = FaultRecorder()
        observer = LogObserver("run", faults)
        for entry in history:
            observer.observe(entry)
        checker = DeliveryChecker("client 1", {ROOM: 0}, observer, faults)
        deliver(checker, observer, *history[:index], *received, *history[index + 2 :])
        checker.check_complete({ROOM: 40})
        assert faults.counts
