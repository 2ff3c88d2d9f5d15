"""Protocol violations found during a run. All are counted; the first of each kind are kept with details."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec

DETAILS_MAX: Final = 50
SEQS_MAX: Final = 20


class FaultKind(StrEnum):
    """A delivery guarantee that was violated. Any fault fails a run, whatever the thresholds."""

    LOST = "lost"
    GAP = "gap"
    DUPLICATED = "duplicated"
    REORDERED = "reordered"
    FORKED = "forked"
    MALFORMED = "malformed"
    WRONG_UNREAD = "wrong_unread"
    WRONG_HEAD = "wrong_head"
    STREAM_GAP = "stream_gap"
    UNANNOUNCED = "unannounced"
    NOT_RESUMED = "not_resumed"


FAULT_DESCRIPTIONS: Final = {
    FaultKind.LOST: "stored, but a connected member never received it",
    FaultKind.GAP: "a frame was skipped without `lagged`, `resumed` or `resync`",
    FaultKind.DUPLICATED: "received twice by one client, or stored twice",
    FaultKind.REORDERED: "received after an entry with a higher seq, or stored out of order",
    FaultKind.FORKED: "two different messages at one seq",
    FaultKind.MALFORMED: "a durable frame without a message",
    FaultKind.WRONG_UNREAD: "the unread count or read mark of the conversation list is wrong",
    FaultKind.WRONG_HEAD: "the conversation list has the wrong last_seq, or lacks a conversation",
    FaultKind.STREAM_GAP: "a frame of the user stream was skipped or repeated",
    FaultKind.UNANNOUNCED: "a frame of a conversation that the client is not a member of",
    FaultKind.NOT_RESUMED: "`resumed` did not list a conversation that the client asked to resume",
}


class Fault(msgspec.Struct, frozen=True):
    """`seqs` holds the first affected seqs; `count` is the number of all."""

    kind: FaultKind
    conversation_id: str
    client: str
    seqs: tuple[int, ...]
    count: int
    detail: str

    def __str__(self) -> str:
        shown = ", ".join(map(str, self.seqs)) + (", ..." if self.count > len(self.seqs) else "")
        source = f"conversation {self.conversation_id}" if self.conversation_id else "user stream"
        return f"{self.kind}: {source}, {self.client}, seq {shown}: {self.detail}"


class FaultRecorder:
    """`counts` are totals; `details` those kept since `take_details` was last called."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.details: list[Fault] = []
        self._detail_counts: Counter[str] = Counter()

    def add(
        self, kind: FaultKind, conversation_id: str, client: str, seqs: Sequence[int], detail: str
    ) -> None:
        """Count one fault per seq, and keep the details of the first `DETAILS_MAX` calls of each kind."""
        self.counts[kind] += len(seqs)
        if self._detail_counts[kind] < DETAILS_MAX:
            self._detail_counts[kind] += 1
            fault = Fault(kind, conversation_id, client, tuple(seqs[:SEQS_MAX]), len(seqs), detail)
            self.details.append(fault)

    def take_details(self) -> list[Fault]:
        taken, self.details = self.details, []
        return taken
