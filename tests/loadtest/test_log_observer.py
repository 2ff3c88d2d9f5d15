"""The log observer: contradictions between clients, and unread counts."""

from loadtest.check.faults import FaultKind, FaultRecorder
from loadtest.check.log_observer import Acknowledged, LogObserver
from tests.loadtest.sample_frames import ROOM, message_created, message_updated


def test_two_messages_at_one_seq_are_forked(observer: LogObserver, faults: FaultRecorder) -> None:
    """Two clients received different messages at one seq."""
    observer.observe(message_created(1, message="this"))
    observer.observe(message_created(1, message="that"))

    assert [(fault.kind, fault.seqs) for fault in faults.details] == [(FaultKind.FORKED, (1,))]


def test_contradicting_acknowledgement_is_forked(observer: LogObserver, faults: FaultRecorder) -> None:
    """The server acknowledged one message at a seq and delivered another one there."""
    observer.record_acknowledgement(ROOM, 1, "this", "run-1-1-5")
    observer.observe(message_created(1, message="that"))

    assert faults.counts == {FaultKind.FORKED: 1}


def test_acknowledgements_of_other_processes_count(observer: LogObserver, faults: FaultRecorder) -> None:
    """They raise the head and are compared with received frames."""
    observer.observe(message_created(1, message="this"))
    observer.add_acknowledgements([Acknowledged(ROOM, 1, "that"), Acknowledged(ROOM, 4, "later")])

    assert faults.counts == {FaultKind.FORKED: 1}
    assert observer.heads() == {ROOM: 4}


def test_one_client_id_at_two_seqs_is_duplicated(observer: LogObserver, faults: FaultRecorder) -> None:
    """A resent message was stored twice."""
    observer.observe(message_created(1, client_id="run-1-1-5"))
    observer.observe(message_created(2, client_id="run-1-1-5"))

    assert [(fault.kind, fault.seqs) for fault in faults.details] == [(FaultKind.DUPLICATED, (1, 2))]


def test_observing_a_frame_twice_is_no_fault(observer: LogObserver, faults: FaultRecorder) -> None:
    """The decoder's cache may evict a frame and pass it again."""
    for _ in range(2):
        observer.observe(message_created(1, client_id="run-1-1-5"))
        observer.observe(message_updated(2, of=1))

    assert not faults.counts


def test_only_messages_of_this_run_have_an_intended_time(observer: LogObserver) -> None:
    """Messages of other clients and changes of old messages have none."""
    assert observer.observe(message_created(1, client_id="run-1-1-5")) == 5
    assert observer.observe(message_created(2, client_id="other-1-1-5")) == 0
    assert observer.observe(message_created(3)) == 0
    assert observer.observe(message_updated(4, of=1)) == 0


def test_unread_count_excludes_own_and_deleted_messages(observer: LogObserver) -> None:
    """The count also stops at the given seq."""
    for frame in (
        message_created(1),
        message_created(2, sender="ben"),
        message_created(3),
        message_created(4),
        message_updated(5, of=3, deleted=True),
    ):
        observer.observe(frame)
    log = observer.log(ROOM)

    assert log.unread_count("ben", 0, 5) == 2
    assert log.unread_count("ben", 1, 5) == 1
    assert log.unread_count("ben", 0, 3) == 1
    assert log.unread_count("ana", 0, 5) == 1
    assert log.unread_count("cleo", 4, 5) == 0
