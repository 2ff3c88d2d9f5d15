"""What was found to be against the contract: counted whole, and the first of each kind with what was seen.

A fault always names the conversation, the client and the seqs. It never stops the load.
"""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec

DETAILS_KEPT: Final = 50
SEQS_SHOWN: Final = 20


class Kind(StrEnum):
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


MEANINGS: Final = {
    Kind.LOST: "stored, and a connected member never saw it",
    Kind.GAP: "a frame was left out, and nothing had said so",
    Kind.DUPLICATED: "seen twice by one client, or stored twice",
    Kind.REORDERED: "came after one that stands behind it",
    Kind.FORKED: "two messages at one seq, or one message acknowledged as another",
    Kind.UNREAD: "the server counts other unread messages than were told",
    Kind.HEAD: "GET /v1/conversations does not know what was told",
    Kind.STREAM: "a frame of the user's stream was left out, or came twice",
    Kind.UNANNOUNCED: "a frame of a conversation that nobody had announced",
    Kind.FORGOTTEN: "`resumed` did not name a conversation that was to be resumed",
}


class Fault(msgspec.Struct, frozen=True):
    """`seqs` are the first of them; `count` is how many there are."""

    kind: Kind
    conversation_id: str
    client: str
    seqs: tuple[int, ...]
    count: int
    said: str

    def __str__(self) -> str:
        shown = ", ".join(map(str, self.seqs)) + (", ..." if self.count > len(self.seqs) else "")
        where = f"conversation {self.conversation_id}" if self.conversation_id else "user stream"
        return f"{self.kind}: {where}, {self.client}, seq {shown}: {self.said}"


class Faults:
    """`fresh` are those since they were last taken, for whoever tells of them."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.details: list[Fault] = []
        self._kept: Counter[str] = Counter()

    def add(self, kind: Kind, conversation_id: str, client: str, seqs: Sequence[int], said: str) -> None:
        """Count each seq as one; keep the first faults of each kind."""
        self.counts[kind] += len(seqs)
        if self._kept[kind] < DETAILS_KEPT:
            self._kept[kind] += 1
            fault = Fault(kind, conversation_id, client, tuple(seqs[:SEQS_SHOWN]), len(seqs), said)
            self.details.append(fault)

    def take_details(self) -> list[Fault]:
        taken, self.details = self.details, []
        return taken
