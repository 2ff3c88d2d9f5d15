"""Everything that one process knows about the conversations of a run: sent, acknowledged and received.

    acknowledgements ---+
    distinct frames ----+--> logs --> completeness of replays, expected heads, unread counts

Each distinct frame is observed once, not once per member.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

from loadtest.check.conversation_log import ConversationLog
from loadtest.check.faults import FaultKind, FaultRecorder
from loadtest.metrics.clock import now_us
from loadtest.websocket.frames import FrameMessage, ReceivedFrame

ANY_CLIENT: Final = "all members"
RECENT_MESSAGES_MAX: Final = 200
DELIVERY_DEADLINE_US: Final = 7_000_000
"""A change made before a replay was read is delivered within this time: the protocol allows 6 s."""


class Replay(msgspec.Struct, frozen=True):
    """What one client received of the range (after, through], if not every seq."""

    client: str
    conversation_id: str
    after: int
    through: int
    delivered: frozenset[int]
    at_us: int


class Acknowledged(msgspec.Struct, frozen=True):
    """An acknowledgement that other processes need: the message at that seq."""

    conversation_id: str
    seq: int
    message_id: str


class RecentMessage(msgspec.Struct, frozen=True):
    """A recently acknowledged message; `client` is the number of its sender."""

    conversation_id: str
    message_id: str
    client: int


class LogObserver:
    """Every `client_id` of the run starts with `run_id`."""

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
        """Conversations with members in other processes."""

    def log(self, conversation_id: str) -> ConversationLog:
        log = self._logs.get(conversation_id)
        if log is None:
            log = self._logs[conversation_id] = ConversationLog()
        return log

    def observe(self, frame: ReceivedFrame) -> int:
        """Record a durable frame. Returns when its message was intended to be sent, in us, or 0."""
        message = frame.message
        if message is None:
            self._faults.add(
                FaultKind.MALFORMED,
                frame.conversation_id,
                ANY_CLIENT,
                [frame.seq],
                "the frame has no message",
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
        """Record that the server stored a message; `client` is the number of its sender."""
        log = self.log(conversation_id)
        log.head = max(log.head, seq)
        self._check_message_at(log, conversation_id, seq, message_id, f"the acknowledgement of {client_id}")
        self._check_stored_once(conversation_id, client_id, seq)
        self.recent.append(RecentMessage(conversation_id, message_id, client))
        if conversation_id in self.shared_conversations:
            self.acknowledged.append(Acknowledged(conversation_id, seq, message_id))

    def observe_head(self, conversation_id: str, seq: int) -> None:
        """Record that the log reaches `seq`."""
        log = self.log(conversation_id)
        log.head = max(log.head, seq)

    def add_acknowledgements(self, acknowledged: list[Acknowledged]) -> None:
        """Add acknowledgements received by other processes."""
        for acknowledgement in acknowledged:
            log = self.log(acknowledgement.conversation_id)
            log.head = max(log.head, acknowledgement.seq)
            self._check_message_at(
                log,
                acknowledgement.conversation_id,
                acknowledgement.seq,
                acknowledgement.message_id,
                "an acknowledgement",
            )

    def record_replay(self, replay: Replay) -> None:
        """Note an incomplete replay, to be checked at the end of the run."""
        self._replays.append(replay)

    def heads(self) -> dict[str, int]:
        """Return the highest acknowledged seq of each conversation."""
        return {conversation_id: log.head for conversation_id, log in self._logs.items() if log.head}

    def check_replays(self) -> None:
        """Report entries that replays omitted though no later change superseded them."""
        replays, self._replays = self._replays, []
        for replay in replays:
            omitted = (
                seq for seq in range(replay.after + 1, replay.through + 1) if seq not in replay.delivered
            )
            missing = self.log(replay.conversation_id).missing_from_replay(
                omitted, replay.through, replay.at_us + DELIVERY_DEADLINE_US
            )
            if missing:
                detail = f"missing from the replay of {replay.after + 1} to {replay.through}"
                self._faults.add(FaultKind.LOST, replay.conversation_id, replay.client, missing, detail)

    def _intended_us(self, frame: ReceivedFrame, message: FrameMessage) -> int:
        client_id = message.client_id
        if client_id is None or not client_id.startswith(self._client_id_prefix):
            return 0
        self._check_stored_once(frame.conversation_id, client_id, message.seq)
        intended = client_id.rpartition("-")[2]
        # The frame of a later change is no measure of the delivery time.
        return int(intended) if message.seq == frame.seq and intended.isdecimal() else 0

    def _check_message_at(
        self, log: ConversationLog, conversation_id: str, seq: int, message_id: str, source: str
    ) -> None:
        recorded = log.record_message(seq, message_id)
        if recorded is not None:
            detail = f"{source} has message {message_id}, recorded before was {recorded}"
            self._faults.add(FaultKind.FORKED, conversation_id, ANY_CLIENT, [seq], detail)

    def _check_stored_once(self, conversation_id: str, client_id: str, seq: int) -> None:
        first = self._seqs_by_client_id.setdefault(client_id, seq)
        if first != seq:
            detail = f"client_id {client_id} is stored at both"
            self._faults.add(FaultKind.DUPLICATED, conversation_id, ANY_CLIENT, [first, seq], detail)
