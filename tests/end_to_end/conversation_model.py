"""Reference model of a conversation: the expected state after a sequence of steps.

Concurrent sends may be stored in any order, so the model takes their seqs from the replies and checks that
they are the next ones, each used once.
"""

from actors.protocol.results import ReadResult, SendResult


class ConversationModel:
    """Users are numbers, with a device on each instance; messages are keyed by sender and `client_id`."""

    def __init__(self, users: int) -> None:
        self.log: list[tuple[int, str, str]] = []
        self._results: dict[tuple[int, str], SendResult] = {}
        self._read = [0] * users
        self._away = [{0: False, 1: False} for _ in range(users)]

    @property
    def head(self) -> int:
        return len(self.log)

    def record_sent(self, stored: dict[tuple[int, str, str], SendResult]) -> None:
        """Record new messages that were sent concurrently."""
        in_order = sorted(stored.items(), key=lambda item: item[1].seq)
        seqs = [result.seq for _, result in in_order]
        assert seqs == list(range(self.head + 1, self.head + 1 + len(seqs))), seqs
        assert not any(result.duplicate for result in stored.values())
        for (user, client_id, content), result in in_order:
            self.log.append((user, client_id, content))
            self._results[user, client_id] = result
            self._read[user] = max(self._read[user], result.seq)

    def check_duplicate(self, user: int, client_id: str, result: SendResult) -> None:
        """Check that a repeated send returned the first result, marked as a duplicate."""
        first = self._results[user, client_id]
        assert (result.message_id, result.seq, result.created_at, result.duplicate) == (
            first.message_id,
            first.seq,
            first.created_at,
            True,
        )

    def record_read(self, user: int, seq: int, result: ReadResult) -> None:
        """Record a read mark, which only moves forward and not past the head."""
        self._read[user] = max(self._read[user], min(seq, self.head))
        assert (result.read_seq, result.unread_count) == (self._read[user], self.unread_count(user))

    def set_away(self, user: int, device: int, *, away: bool) -> None:
        self._away[user][device] = away

    def presence(self, user: int) -> str:
        """Return the presence over all devices: away if every device is away."""
        return "away" if all(self._away[user].values()) else "online"

    def unread_count(self, user: int) -> int:
        return sum(1 for sender, _, _ in self.log[self._read[user] :] if sender != user)

    def read_seq(self, user: int) -> int:
        return self._read[user]
