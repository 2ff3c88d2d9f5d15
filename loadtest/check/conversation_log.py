"""What is known of one conversation's log: by sight of anybody in this process, and by acknowledgements.

A compacted replay leaves out what a later change has overtaken; whether it was right to is asked here. It
believes no single witness: what contradicts another is told to whoever asks it to note.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

UNREAD_MAX: Final = 1000


class ConversationLog:
    __slots__ = ("_changes", "_deleted", "_ids", "_sorted", "_texts", "head")

    def __init__(self) -> None:
        self.head = 0
        """The greatest seq that was acknowledged."""

        self._ids: dict[int, str] = {}
        self._changes: dict[str, list[tuple[int, int]]] = {}
        self._texts: dict[int, str] = {}
        self._deleted: set[int] = set()
        self._sorted: list[int] | None = None

    def record_message(self, seq: int, message_id: str) -> str | None:
        """Note which message stands at a seq; answers the other one where another was known to."""
        known = self._ids.setdefault(seq, message_id)
        return None if known == message_id else known

    def record_change(self, seq: int, message_id: str, at_us: int) -> None:
        """Note that the entry at `seq` is a change of that message, and since when that is known."""
        self._changes.setdefault(message_id, []).append((seq, at_us))

    def record_text(self, seq: int, sender_id: str) -> None:
        """Note that at `seq` somebody said something."""
        self._texts[seq] = sender_id
        self._sorted = None

    def record_deletion(self, seq: int) -> None:
        """Note that the message made at `seq` was deleted."""
        self._deleted.add(seq)

    def knows(self, seq: int) -> bool:
        return seq in self._ids

    def is_superseded(self, seq: int, through: int, until_us: int) -> bool:
        """Whether a later change has made the entry at `seq` needless in a replay up to `through`.

        One behind `through` may have, where it was made before the replay was read: it is told live then.
        It was, as far as can be known from outside, where somebody had seen it until that moment.
        """
        changes = self._changes.get(self._ids.get(seq, ""), ())
        return any(
            change > seq and (change <= through or known_us <= until_us) for change, known_us in changes
        )

    def unread_count(self, user_id: str, read_seq: int, through: int) -> int:
        """How many messages up to `through` that user has not read, as the contract counts them."""
        if self._sorted is None:
            self._sorted = sorted(self._texts)
        count = 0
        for seq in self._sorted[bisect_right(self._sorted, read_seq) :]:
            if seq > through:
                break
            if self._texts[seq] != user_id and seq not in self._deleted:
                count += 1
                if count == UNREAD_MAX:
                    break
        return count

    def missing_from_replay(self, seqs: Iterable[int], through: int, until_us: int) -> list[int]:
        """Those of the seqs that a replay up to `through` should have told, as `overtaken` says."""
        return [seq for seq in seqs if self.knows(seq) and not self.is_superseded(seq, through, until_us)]
