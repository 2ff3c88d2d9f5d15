"""The log of one conversation, reconstructed from received frames and acknowledgements of all clients.

Decides whether a compacted replay was allowed to omit an entry, and how many messages are unread.
Contradictions are returned to the caller, which reports them.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

UNREAD_MAX: Final = 1000


class ConversationLog:
    __slots__ = ("_changes", "_deleted", "_ids", "_sorted", "_texts", "head")

    def __init__(self) -> None:
        self.head = 0
        """The highest acknowledged seq."""

        self._ids: dict[int, str] = {}
        self._changes: dict[str, list[tuple[int, int]]] = {}
        self._texts: dict[int, str] = {}
        self._deleted: set[int] = set()
        self._sorted: list[int] | None = None

    def record_message(self, seq: int, message_id: str) -> str | None:
        """Note the message at a seq; return the id noted before if it is a different one."""
        known = self._ids.setdefault(seq, message_id)
        return None if known == message_id else known

    def record_change(self, seq: int, message_id: str, at_us: int) -> None:
        """Note that the entry at `seq` changes that message, and when it was first received."""
        self._changes.setdefault(message_id, []).append((seq, at_us))

    def record_text(self, seq: int, sender_id: str) -> None:
        """Note that the entry at `seq` is a text message."""
        self._texts[seq] = sender_id
        self._sorted = None

    def record_deletion(self, seq: int) -> None:
        """Note that the message at `seq` was deleted."""
        self._deleted.add(seq)

    def knows(self, seq: int) -> bool:
        return seq in self._ids

    def is_superseded(self, seq: int, through: int, until_us: int) -> bool:
        """Whether a later change allowed a replay up to `through` to omit the entry at `seq`.

        A change after `through` counts if it was made before the replay was read, because it is delivered
        live. From outside, this is assumed for changes received by `until_us`.
        """
        changes = self._changes.get(self._ids.get(seq, ""), ())
        return any(
            change > seq and (change <= through or known_us <= until_us) for change, known_us in changes
        )

    def unread_count(self, user_id: str, read_seq: int, through: int) -> int:
        """Return the messages up to `through` that the user has not read, counted as the API does."""
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
        """Return the seqs that a replay up to `through` must not omit, see `is_superseded`."""
        return [seq for seq in seqs if self.knows(seq) and not self.is_superseded(seq, through, until_us)]
