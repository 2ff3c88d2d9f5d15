"""Records what was sent to a conversation and what each client received, and finds violated guarantees.

lost        acknowledged, but missing from the log, at another seq, or with other content
duplicate   a client_id twice in the log, or a seq delivered twice to one client
forked      two messages at one seq
gap         a seq was skipped, or is missing from the log
reordered   a seq delivered after a higher one
"""

import time
from collections.abc import Sequence

from actors.protocol.objects import Message, MessageType
from actors.protocol.results import SendResult
from actors.protocol.server_frames import LogFrame, ServerFrame

Key = tuple[str, str]


class ClientView:
    """What one client received of the conversation; `on_frame` is the client's callback."""

    def __init__(self, oracle: "Oracle", name: str, after: int) -> None:
        self._oracle = oracle
        self._after = after
        self.name = name
        self.seqs: list[int] = []
        self.received_at: dict[int, float] = {}

    @property
    def position(self) -> int:
        return self.seqs[-1] if self.seqs else self._after

    def on_frame(self, frame: ServerFrame) -> None:
        if not isinstance(frame, LogFrame) or frame.conversation_id != self._oracle.conversation_id:
            return
        expected = self.position + 1
        if frame.seq in self.seqs[-1000:]:
            self._oracle.faults.append(f"duplicate: {self.name} received {frame.seq} twice")
            return
        if frame.seq < expected:
            self._oracle.faults.append(f"reordered: {self.name} received {frame.seq} after {expected - 1}")
            return
        if frame.seq > expected:
            self._oracle.faults.append(f"gap: {self.name} received {frame.seq} after {expected - 1}")
        self.seqs.append(frame.seq)
        self.received_at[frame.seq] = time.monotonic()
        self._oracle.record_message(frame.seq, frame.message.id, self.name)


class Oracle:
    def __init__(self, conversation_id: str) -> None:
        self.conversation_id = conversation_id
        self.faults: list[str] = []
        self.views: list[ClientView] = []
        self._sent: dict[Key, str] = {}
        self._acknowledged: dict[Key, SendResult] = {}
        self._ids: dict[int, str] = {}
        self._stored_at: dict[int, float] = {}

    @property
    def slowest_s(self) -> float:
        """The longest time from an acknowledgement to the receipt of that message by a client."""
        return max(
            view.received_at[seq] - stored_at
            for seq, stored_at in self._stored_at.items()
            for view in self.views
            if seq in view.received_at
        )

    @property
    def acknowledged(self) -> int:
        """The number of acknowledged messages."""
        return len(self._acknowledged)

    def results(self) -> list[SendResult]:
        """The acknowledgements so far."""
        return list(self._acknowledged.values())

    def add_view(self, name: str, after: int = 0) -> ClientView:
        """Add a client that must receive everything after `after`."""
        view = ClientView(self, name, after)
        self.views.append(view)
        return view

    def record_sending(self, sender_id: str, client_id: str, content: str) -> None:
        """Record that a message is about to be sent, for the first time or again."""
        self._sent[sender_id, client_id] = content

    def record_stored(self, sender_id: str, client_id: str, result: SendResult) -> None:
        """Record an acknowledgement: the message is durable."""
        first = self._acknowledged.setdefault((sender_id, client_id), result)
        if (first.seq, first.message_id) != (result.seq, result.message_id):
            self.faults.append(f"forked: {client_id} was acknowledged at {first.seq} and at {result.seq}")
        self._stored_at.setdefault(result.seq, time.monotonic())
        self.record_message(result.seq, result.message_id, "an acknowledgement")

    def record_message(self, seq: int, message_id: str, source: str) -> None:
        """Record which message `source` has at a seq."""
        known = self._ids.setdefault(seq, message_id)
        if known != message_id:
            self.faults.append(f"forked: {source} has {message_id} at {seq}, others {known}")

    def all_received(self, seq: int) -> bool:
        """Whether every client has received everything up to `seq`."""
        return all(view.position >= seq for view in self.views)

    def check(self, log: Sequence[Message], source: str = "the log") -> None:
        """Check a complete log, oldest first, against everything recorded.

        Raises:
            AssertionError: with the list of violated guarantees.
        """
        self._check_order(log, source)
        by_key: dict[Key, Message] = {}
        for message in log:
            self.record_message(message.seq, message.id, source)
            if message.message_type is not MessageType.TEXT or message.client_id is None:
                continue
            key = (message.sender_id, message.client_id)
            if key in by_key:
                self.faults.append(f"duplicate: {key[1]} is at {by_key[key].seq} and at {message.seq}")
            by_key[key] = message
            if self._sent.get(key) != message.content:
                self.faults.append(f"lost: {key[1]} was stored with other content")
        for key, result in self._acknowledged.items():
            stored = by_key.get(key)
            if stored is None:
                self.faults.append(f"lost: {key[1]} was acknowledged at {result.seq}")
            elif (stored.seq, stored.id) != (result.seq, result.message_id):
                self.faults.append(f"forked: {key[1]} is at {stored.seq}, acknowledged at {result.seq}")
        head = log[-1].seq if log else 0
        for view in self.views:
            if view.position != head:
                self.faults.append(f"lost: {view.name} received up to {view.position} of {head}")
        assert not self.faults, f"{len(self.faults)} violated guarantees:\n" + "\n".join(self.faults[:20])

    def _check_order(self, log: Sequence[Message], source: str) -> None:
        for expected, message in enumerate(log, 1):
            if message.seq != expected:
                self.faults.append(f"gap: {source} has {message.seq} where {expected} should be")
                return
