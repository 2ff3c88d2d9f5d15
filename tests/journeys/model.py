"""What a conversation has to be after a story, worked out without a server.

Steps that are taken at once may be stored in any order, so their seqs are learnt from the answers, and
held to be the next ones, each given once. It never asks a server anything.
"""

from actors.protocol.server_frames import ReadResult, SendResult


class Model:
    """People are numbers here, with a device at each instance; messages go by sender and `client_id`."""

    def __init__(self, people: int) -> None:
        self.log: list[tuple[int, str, str]] = []
        self._results: dict[tuple[int, str], SendResult] = {}
        self._read = [0] * people
        self._away = [{0: False, 1: False} for _ in range(people)]

    @property
    def head(self) -> int:
        return len(self.log)

    def sent(self, stored: dict[tuple[int, str, str], SendResult]) -> None:
        """These were new and sent at once."""
        in_order = sorted(stored.items(), key=lambda item: item[1].seq)
        seqs = [result.seq for _, result in in_order]
        assert seqs == list(range(self.head + 1, self.head + 1 + len(seqs))), seqs
        assert not any(result.duplicate for result in stored.values())
        for (person, client_id, content), result in in_order:
            self.log.append((person, client_id, content))
            self._results[person, client_id] = result
            self._read[person] = max(self._read[person], result.seq)

    def sent_again(self, person: int, client_id: str, result: SendResult) -> None:
        """It stood already: the first result, said to be a duplicate."""
        first = self._results[person, client_id]
        assert (result.message_id, result.seq, result.created_at, result.duplicate) == (
            first.message_id,
            first.seq,
            first.created_at,
            True,
        )

    def read(self, person: int, seq: int, result: ReadResult) -> None:
        """Forward only, and never past the head."""
        self._read[person] = max(self._read[person], min(seq, self.head))
        assert (result.read_seq, result.unread_count) == (self._read[person], self.unread(person))

    def be(self, person: int, device: int, *, away: bool) -> None:
        self._away[person][device] = away

    def presence(self, person: int) -> str:
        """Of all devices together: away once none is there."""
        return "away" if all(self._away[person].values()) else "online"

    def unread(self, person: int) -> int:
        return sum(1 for sender, _, _ in self.log[self._read[person] :] if sender != person)

    def read_seq(self, person: int) -> int:
        return self._read[person]
