"""All that one process knows of the conversations of a run: what was sent, acknowledged, seen by anybody.

    acknowledgements ---+
    distinct frames ----+--> logs --> were replays whole? what must everybody see? what is unread?

It is shown each distinct frame once, not once for every member. It never talks to a server.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

from loadtest.check.faults import Faults, Kind
from loadtest.check.log import Log
from loadtest.figures.clock import now_us
from loadtest.wire.heard import Heard, HeardMessage

SOMEBODY: Final = "every client that was told it"
RECENT: Final = 200
TOLD_WITHIN_US: Final = 7_000_000
"""A change that was made before a replay was read has been told by then: the contract says 6 s at most."""


class Replay(msgspec.Struct, frozen=True):
    """What one client was told of (after, through], where that was not every seq."""

    client: str
    conversation_id: str
    after: int
    through: int
    told: frozenset[int]
    at_us: int


class Acknowledged(msgspec.Struct, frozen=True):
    """What other processes are to know: at that seq stands that message."""

    conversation_id: str
    seq: int
    message_id: str


class Recent(msgspec.Struct, frozen=True):
    """A message that was acknowledged lately, and the number of the client that sent it."""

    conversation_id: str
    message_id: str
    client: int


class Ledger:
    """`run` is what every `client_id` of the run begins with."""

    def __init__(self, run: str, faults: Faults, clock: Callable[[], int] = now_us) -> None:
        self.clock = clock
        self._run = f"{run}-"
        self._faults = faults
        self._logs: dict[str, Log] = {}
        self._clients: dict[str, int] = {}
        self._replays: list[Replay] = []
        self.acknowledged: list[Acknowledged] = []
        self.recent: deque[Recent] = deque(maxlen=RECENT)
        self.shared: frozenset[str] = frozenset()
        """Conversations that have members in other processes too."""

    def log(self, conversation_id: str) -> Log:
        log = self._logs.get(conversation_id)
        if log is None:
            log = self._logs[conversation_id] = Log()
        return log

    def witness(self, heard: Heard) -> int:
        """Take note of a durable frame; answers when its message was to be sent, in us, or 0."""
        message = heard.message
        if message is None:
            self._faults.add(
                Kind.FORKED, heard.conversation_id, SOMEBODY, [heard.seq], "a frame without message"
            )
            return 0
        log = self.log(heard.conversation_id)
        self._stands(log, heard.conversation_id, heard.seq, message.id, "a frame")
        if message.seq != heard.seq:
            log.changed(heard.seq, message.id, self.clock())
            self._stands(log, heard.conversation_id, message.seq, message.id, "a frame")
            if message.deleted_at is not None:
                log.deleted(message.seq)
        if message.message_type == "TEXT":
            log.text(message.seq, message.sender_id)
        return self._of_this_run(heard, message)

    def acknowledge(
        self, conversation_id: str, seq: int, message_id: str, client_id: str, client: int = 0
    ) -> None:
        """The server said that this is durable; `client` is the number of who sent it."""
        log = self.log(conversation_id)
        log.head = max(log.head, seq)
        self._stands(log, conversation_id, seq, message_id, f"the acknowledgement of {client_id}")
        self._stored_once(conversation_id, client_id, seq)
        self.recent.append(Recent(conversation_id, message_id, client))
        if conversation_id in self.shared:
            self.acknowledged.append(Acknowledged(conversation_id, seq, message_id))

    def reached(self, conversation_id: str, seq: int) -> None:
        """The server said that the log goes so far."""
        log = self.log(conversation_id)
        log.head = max(log.head, seq)

    def hear_of(self, acknowledged: list[Acknowledged]) -> None:
        """What was acknowledged to other processes."""
        for one in acknowledged:
            log = self.log(one.conversation_id)
            log.head = max(log.head, one.seq)
            self._stands(log, one.conversation_id, one.seq, one.message_id, "an acknowledgement")

    def replayed(self, replay: Replay) -> None:
        """Somebody was told less than every seq of a range: to be looked at once everything is known."""
        self._replays.append(replay)

    def heads(self) -> dict[str, int]:
        """Up to which seq each conversation was acknowledged."""
        return {conversation_id: log.head for conversation_id, log in self._logs.items() if log.head}

    def judge_replays(self) -> None:
        """Find what replays left out though no later change had overtaken it."""
        replays, self._replays = self._replays, []
        for one in replays:
            silent = (seq for seq in range(one.after + 1, one.through + 1) if seq not in one.told)
            missing = self.log(one.conversation_id).missing(silent, one.through, one.at_us + TOLD_WITHIN_US)
            if missing:
                said = f"what was missed of {one.after + 1} to {one.through} came without it"
                self._faults.add(Kind.LOST, one.conversation_id, one.client, missing, said)

    def _of_this_run(self, heard: Heard, message: HeardMessage) -> int:
        client_id = message.client_id
        if client_id is None or not client_id.startswith(self._run):
            return 0
        self._stored_once(heard.conversation_id, client_id, message.seq)
        intended = client_id.rpartition("-")[2]
        # A change of an old message says nothing of how long it took.
        return int(intended) if message.seq == heard.seq and intended.isdecimal() else 0

    def _stands(self, log: Log, conversation_id: str, seq: int, message_id: str, witness: str) -> None:
        other = log.stands(seq, message_id)
        if other is not None:
            said = f"{witness} has message {message_id} there, others {other}"
            self._faults.add(Kind.FORKED, conversation_id, SOMEBODY, [seq], said)

    def _stored_once(self, conversation_id: str, client_id: str, seq: int) -> None:
        first = self._clients.setdefault(client_id, seq)
        if first != seq:
            said = f"client_id {client_id} stands at both"
            self._faults.add(Kind.DUPLICATED, conversation_id, SOMEBODY, [first, seq], said)
