"""What was found to be against the contract: counted whole, and the first of each kind with what was seen.

A fault always names the conversation, the client and the seqs. It never stops the load.
"""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec

DETAILS_MAX: Final = 50
SEQS_MAX: Final = 20


class FaultKind(StrEnum):
    """Broken promises. Each of them fails a run, whatever the thresholds."""

    LOST = "lost"
    GAP = "gap"
    DUPLICATED = "duplicated"
    REORDERED = "reordered"
    FORKED = "forked"
    UNREAD = "unread"
    HEAD = "head"
    STREAM = "stream"
    UNANNOUNCED = "unannounced"
    FORGOTTEN = "forgotten"


FAULT_DESCRIPTIONS: Final = {
    FaultKind.LOST: "stored, and a connected member never saw it",
    FaultKind.GAP: "a frame was left out, and nothing had said so",
    FaultKind.DUPLICATED: "seen twice by one client, or stored twice",
    FaultKind.REORDERED: "came after one that stands behind it",
    FaultKind.FORKED: "two messages at one seq, or one message acknowledged as another",
    FaultKind.UNREAD: "the server counts other unread messages than were told",
    FaultKind.HEAD: "GET /v1/conversations does not know what was told",
    FaultKind.STREAM: "a frame of the user's stream was left out, or came twice",
    FaultKind.UNANNOUNCED: "a frame of a conversation that nobody had announced",
    FaultKind.FORGOTTEN: "`resumed` did not name a conversation that was to be resumed",
}


class Fault(msgspec.Struct, frozen=True):
    """`seqs` are the first of them; `count` is how many there are."""

    kind: FaultKind
    conversation_id: str
    client: str
    seqs: tuple[int, ...]
    count: int
    detail: str

    def __str__(self) -> str:
        shown = ", ".join(map(str, self.seqs)) + (", ..." if self.count > len(self.seqs) else "")
        where = f"conversation {self.conversation_id}" if self.conversation_id else "user stream"
        return f"{self.kind}: {where}, {self.client}, seq {shown}: {self.detail}"


class FaultRecorder:
    """`fresh` are those since they were last taken, for whoever tells of them."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.details: list[Fault] = []
        self._detail_counts: Counter[str] = Counter()

    def add(
        self, kind: FaultKind, conversation_id: str, client: str, seqs: Sequence[int], detail: str
    ) -> None:
        """Count each seq as one; keep the first faults of each kind."""
        self.counts[kind] += len(seqs)
        if self._detail_counts[kind] < DETAILS_MAX:
            self._detail_counts[kind] += 1
            fault = Fault(kind, conversation_id, client, tuple(seqs[:SEQS_MAX]), len(seqs), detail)
            self.details.append(fault)

    def take_details(self) -> list[Fault]:
        taken, self.details = self.details, []
        return taken
