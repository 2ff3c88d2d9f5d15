"""What a process knows of the conversations: contradictions between witnesses, and what is unread."""

from loadtest.check.faults import Faults, Kind
from loadtest.check.ledger import Acknowledged, Ledger
from tests.loadtest.heard_frames import ROOM, created, updated


def test_two_messages_at_one_seq_are_a_fork(ledger: Ledger, faults: Faults) -> None:
    ledger.witness(created(1, message="this"))
    ledger.witness(created(1, message="that"))

    assert [(fault.kind, fault.seqs) for fault in faults.details] == [(Kind.FORKED, (1,))]


def test_an_acknowledgement_that_does_not_stand_is_a_fork(ledger: Ledger, faults: Faults) -> None:
    """The server acknowledged one message at a seq and told another one there."""
    ledger.acknowledge(ROOM, 1, "this", "run-1-1-5")
    ledger.witness(created(1, message="that"))

    assert faults.counts == {Kind.FORKED: 1}


def test_what_another_process_was_told_counts_too(ledger: Ledger, faults: Faults) -> None:
    ledger.witness(created(1, message="this"))
    ledger.hear_of([Acknowledged(ROOM, 1, "that"), Acknowledged(ROOM, 4, "later")])

    assert faults.counts == {Kind.FORKED: 1}
    assert ledger.heads() == {ROOM: 4}


def test_one_client_id_at_two_seqs_is_duplicated(ledger: Ledger, faults: Faults) -> None:
    """A message was stored twice, though it was sent again under the same name."""
    ledger.witness(created(1, client_id="run-1-1-5"))
    ledger.witness(created(2, client_id="run-1-1-5"))

    assert [(fault.kind, fault.seqs) for fault in faults.details] == [(Kind.DUPLICATED, (1, 2))]


def test_a_frame_may_be_witnessed_again(ledger: Ledger, faults: Faults) -> None:
    """The cache of what was decoded forgets."""
    for _ in range(2):
        ledger.witness(created(1, client_id="run-1-1-5"))
        ledger.witness(updated(2, of=1))

    assert not faults.counts


def test_only_messages_of_the_run_are_timed(ledger: Ledger) -> None:
    """Not those of others, and not the change of an old one."""
    assert ledger.witness(created(1, client_id="run-1-1-5")) == 5
    assert ledger.witness(created(2, client_id="other-1-1-5")) == 0
    assert ledger.witness(created(3)) == 0
    assert ledger.witness(updated(4, of=1)) == 0


def test_unread_counts_what_others_said_and_did_not_delete(ledger: Ledger) -> None:
    for heard in (
        created(1),
        created(2, sender="ben"),
        created(3),
        created(4),
        updated(5, of=3, deleted=True),
    ):
        ledger.witness(heard)
    log = ledger.log(ROOM)

    assert log.unread("ben", 0, 5) == 2
    assert log.unread("ben", 1, 5) == 1
    assert log.unread("ben", 0, 3) == 1
    assert log.unread("ana", 0, 5) == 1
    assert log.unread("cleo", 4, 5) == 0
