"""All that one process knows of the conversations of a run: what was sent, acknowledged, seen by anybody.

    acknowledgements ---+
    distinct frames ----+--> logs --> were replays whole? what must everybody see? what is unread?

It is shown each distinct frame once, not once for every member. It never talks to a server.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

from loadtest.check.conversation_log import ConversationLog
from loadtest.check.faults import FaultKind, FaultRecorder
from loadtest.metrics.clock import now_us
from loadtest.websocket.frames import FrameMessage, ReceivedFrame

ANY_CLIENT: Final = "every client that was told it"
RECENT_MESSAGES_MAX: Final = 200
DELIVERY_DEADLINE_US: Final = 7_000_000
"""A change that was made before a replay was read has been told by then: the contract says 6 s at most."""


class Replay(msgspec.Struct, frozen=True):
    """What one client was told of (after, through], where that was not every seq."""

    client: str
    conversation_id: str
    after: int
    through: int
    delivered: frozenset[int]
    at_us: int


class Acknowledged(msgspec.Struct, frozen=True):
    """What other processes are to know: at that seq stands that message."""

    conversation_id: str
    seq: int
    message_id: str


class RecentMessage(msgspec.Struct, frozen=True):
    """A message that was acknowledged lately, and the number of the client that sent it."""

    conversation_id: str
    message_id: str
    client: int


class LogObserver:
    """`run` is what every `client_id` of the run begins with."""

    def __init__(self, run_id: str, faults: FaultRecorder, clock: Callable[[], int] = now_us) -> None:
        self.clock = clock
        self._client_id_prefix = f"{run_id}-"
        self._faults = faults
        self._logs: dict[str, ConversationLog] = {}
        self._seqs_by_client_id: dict[str, int] = {}
        self._replays: list[Replay] = []
        self.acknowledged: list[Acknowledged] = []
        self.recent: deque[RecentMessage] = deque(maxlen=RECENT_MESSAGES_MAX)
        self.shared_conversations: frozenset[str] = frozenset()
        """Conversations that have members in other processes too."""

    def log(self, conversation_id: str) -> ConversationLog:
        log = self._logs.get(conversation_id)
        if log is None:
            log = self._logs[conversation_id] = ConversationLog()
        return log

    def observe(self, frame: ReceivedFrame) -> int:
        """Take note of a durable frame; answers when its message was to be sent, in us, or 0."""
        message = frame.message
        if message is None:
            self._faults.add(
                FaultKind.FORKED, frame.conversation_id, ANY_CLIENT, [frame.seq], "a frame without message"
            )
            return 0
        log = self.log(frame.conversation_id)
        self._check_message_at(log, frame.conversation_id, frame.seq, message.id, "a frame")
        if message.seq != frame.seq:
            log.record_change(frame.seq, message.id, self.clock())
            self._check_message_at(log, frame.conversation_id, message.seq, message.id, "a frame")
            if message.deleted_at is not None:
                log.record_deletion(message.seq)
        if message.message_type == "TEXT":
            log.record_text(message.seq, message.sender_id)
        return self._intended_us(frame, message)

    def record_acknowledgement(
        self, conversation_id: str, seq: int, message_id: str, client_id: str, client: int = 0
    ) -> None:
        """The server said that this is durable; `client` is the number of who sent it."""
        log = self.log(conversation_id)
        log.head = max(log.head, seq)
        self._check_message_at(log, conversation_id, seq, message_id, f"the acknowledgement of {client_id}")
        self._check_stored_once(conversation_id, client_id, seq)
        self.recent.append(RecentMessage(conversation_id, message_id, client))
        if conversation_id in self.shared_conversations:
            self.acknowledged.append(Acknowledged(conversation_id, seq, message_id))

    def observe_head(self, conversation_id: str, seq: int) -> None:
        """The server said that the log goes so far."""
        log = self.log(conversation_id)
        log.head = max(log.head, seq)

    def add_acknowledgements(self, acknowledged: list[Acknowledged]) -> None:
        """What was acknowledged to other processes."""
        for one in acknowledged:
            log = self.log(one.conversation_id)
            log.head = max(log.head, one.seq)
            self._check_message_at(log, one.conversation_id, one.seq, one.message_id, "an acknowledgement")

    def record_replay(self, replay: Replay) -> None:
        """Somebody was told less than every seq of a range: to be looked at once everything is known."""
        self._replays.append(replay)

    def heads(self) -> dict[str, int]:
        """Up to which seq each conversation was acknowledged."""
        return {conversation_id: log.head for conversation_id, log in self._logs.items() if log.head}

    def check_replays(self) -> None:
        """Find what replays left out though no later change had overtaken it."""
        replays, self._replays = self._replays, []
        for one in replays:
            silent = (seq for seq in range(one.after + 1, one.through + 1) if seq not in one.delivered)
            missing = self.log(one.conversation_id).missing_from_replay(
                silent, one.through, one.at_us + DELIVERY_DEADLINE_US
            )
            if missing:
                said = f"what was missed of {one.after + 1} to {one.through} came without it"
                self._faults.add(FaultKind.LOST, one.conversation_id, one.client, missing, said)

    def _intended_us(self, frame: ReceivedFrame, message: FrameMessage) -> int:
        client_id = message.client_id
        if client_id is None or not client_id.startswith(self._client_id_prefix):
            return 0
        self._check_stored_once(frame.conversation_id, client_id, message.seq)
        intended = client_id.rpartition("-")[2]
        # A change of an old message says nothing of how long it took.
        return int(intended) if message.seq == frame.seq and intended.isdecimal() else 0

    def _check_message_at(
        self, log: ConversationLog, conversation_id: str, seq: int, message_id: str, source: str
    ) -> None:
        other = log.record_message(seq, message_id)
        if other is not None:
            said = f"{source} has message {message_id} there, others {other}"
            self._faults.add(FaultKind.FORKED, conversation_id, ANY_CLIENT, [seq], said)

    def _check_stored_once(self, conversation_id: str, client_id: str, seq: int) -> None:
        first = self._seqs_by_client_id.setdefault(client_id, seq)
        if first != seq:
            said = f"client_id {client_id} stands at both"
            self._faults.add(FaultKind.DUPLICATED, conversation_id, ANY_CLIENT, [first, seq], said)
