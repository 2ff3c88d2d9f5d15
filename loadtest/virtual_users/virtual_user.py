"""One client: it looks at everything it is told, and asks what it is told to ask.

    journey -> hear -> eyes (frames of conversations, stream)     answers -> asks
    ask -> asks -> journey, or waits for it

What it asks while away waits with the moment at which it was meant, so that time spent away counts. It
never decides by itself what to ask.
"""

import asyncio
from typing import Final

import msgspec

from actors.protocol.commands import Authenticate, Resume, SendMessage
from loadtest.check.delivery_checker import DeliveryChecker
from loadtest.check.faults import FaultKind
from loadtest.metrics.clock import now_us
from loadtest.metrics.latencies import record_latency
from loadtest.run_plan import Assignment
from loadtest.virtual_users.connection_lifecycle import ConnectionLifecycle, ConnectionState
from loadtest.virtual_users.pending_requests import PendingRequest, PendingRequests
from loadtest.virtual_users.worker_context import WorkerContext
from loadtest.websocket.frames import STREAM_TYPES, DurableEvent, EphemeralEvent, ReceivedEvent, ReceivedFrame

RESUME_CONVERSATIONS: Final = 1500
RETRY_DELAY_MS: Final = 100
AUTHENTICATE_ID: Final = 0
_encoder = msgspec.json.Encoder()


class VirtualUser:
    """A `Traveller`. `homes` are the conversations that it has for certain; others may come and go."""

    __slots__ = (
        "_context",
        "_epoch",
        "_last_sent",
        "_next_id",
        "_requests",
        "_resuming",
        "_retrying",
        "_session_id",
        "checker",
        "connection",
        "conversation_ids",
        "number",
        "read_seqs",
        "token",
        "user_id",
    )

    def __init__(self, assignment: Assignment, context: WorkerContext) -> None:
        self.number = assignment.number
        self.user_id = assignment.user_id
        self.token = assignment.token
        self.conversation_ids = tuple(assignment.conversations)
        self.connection = ConnectionLifecycle(self, assignment.url_index, context)
        name = f"client {assignment.number} (user {assignment.user_id})"
        self.checker = DeliveryChecker(
            name,
            assignment.conversations | assignment.passive_conversations,
            context.observer,
            context.faults,
        )
        self.read_seqs: dict[str, int] = {}
        """Up to which seq the server said that it has read."""

        self._context = context
        self._requests = PendingRequests()
        self._retrying = 0
        self._epoch = ""
        self._session_id = ""
        self._resuming = False
        self._next_id = AUTHENTICATE_ID
        self._last_sent: dict[str, tuple[int, int]] = {}

    @property
    def state(self) -> ConnectionState:
        return self.connection.state

    @property
    def url_index(self) -> int:
        """The server that it is at, or goes to."""
        return self.connection.url_index

    @property
    def unanswered_count(self) -> int:
        """How much it has asked and not been answered."""
        return len(self._requests) + self._retrying

    # --- its journey

    def authentication_frame(self) -> bytes:
        resume = None
        if self._session_id:
            listed = dict(list(self.checker.positions.items())[:RESUME_CONVERSATIONS])
            resume = Resume(self._session_id, self._epoch, self.checker.stream_position, listed)
        self._resuming = resume is not None
        return _encoder.encode(Authenticate(AUTHENTICATE_ID, self.token, None, resume))

    def on_disconnect(self) -> None:
        self._context.counters.dropped += self._requests.on_connection_lost()

    def on_events(self, events: list[ReceivedEvent]) -> None:
        eyes, tally, now = self.checker, self._context.counters, now_us()
        positions = eyes.positions
        tally.received += len(events)
        delivered = self._delivery_counts()
        for event in events:
            if type(event) is DurableEvent:
                tally.deliveries += 1
                if eyes.in_sequence and positions.get(event.conversation_id) == event.previous_seq:
                    positions[event.conversation_id] = event.seq
                else:
                    eyes.receive(event)
                if event.intended_us:
                    record_latency(delivered, now - event.intended_us)
            elif type(event) is EphemeralEvent:
                tally.ephemeral_events += 1
            elif type(event) is ReceivedFrame:
                self._handle_frame(event, now)
                delivered = self._delivery_counts()

    def _delivery_counts(self) -> dict[int, int]:
        """Where deliveries are counted: what comes late because one was away says nothing of the server."""
        return self._context.latencies.counts_of("delivery" if self.checker.in_sequence else "replay")

    # --- what is said to it alone

    def _handle_frame(self, frame: ReceivedFrame, now: int) -> None:
        kind = frame.type
        if kind == "ok":
            self._on_ok(frame, now)
        elif kind in STREAM_TYPES:
            self._on_stream_event(frame)
        elif kind == "error":
            self._on_error(frame, now)
        elif kind == "ready":
            self._on_ready(frame, now)
        elif kind == "resumed":
            self._context.counters.resumed += 1
            self.checker.on_resumed(frame.last_seqs or {})
            self._record_connect_latency("resume", now)
        elif kind == "resync":
            self._on_resync(frame)
        elif kind == "lagged":
            self._context.counters.lagged += 1
            self.checker.on_lagged(frame.conversation_id, frame.from_seq, frame.to_seq)
            self._context.fetch(self.number, frame.conversation_id, frame.from_seq - 1, True)
        elif kind == "goodbye":
            self.connection.set_retry_after(frame.retry_after_ms)
        elif kind != "hello":
            self._context.counters.errors[f"frame: {kind[:40]}"] += 1

    def _on_ready(self, frame: ReceivedFrame, now: int) -> None:
        self.connection.on_ready()
        self._session_id, self._epoch = frame.session_id, frame.epoch
        if self._resuming:
            self.checker.on_replay_start()
        else:
            self.checker.start_stream(frame.position)
            self._record_connect_latency("connect", now)
        for ask in self._requests.take_queued():
            self._send(ask)

    def _record_connect_latency(self, operation: str, now: int) -> None:
        if self.connection.connect_started_us:
            self._context.latencies.add(operation, now - self.connection.connect_started_us)
            self.connection.connect_started_us = 0

    def _on_resync(self, frame: ReceivedFrame) -> None:
        self._context.counters.resyncs += 1
        self._epoch = frame.epoch
        self.connection.connect_started_us = 0
        for conversation_id, after in self.checker.on_resync(frame.position):
            self._context.fetch(self.number, conversation_id, after, False)

    def _on_stream_event(self, frame: ReceivedFrame) -> None:
        self._context.counters.stream_events += 1
        self.checker.on_stream_position(frame.position)
        if frame.type == "conversation.joined" and frame.conversation is not None:
            self.checker.on_joined(frame.conversation.id, frame.conversation.last_seq)
        elif frame.type == "conversation.left":
            self.checker.on_left(frame.conversation_id)

    # --- asking

    def next_request_id(self) -> int:
        """The id of the next command."""
        self._next_id += 1
        return self._next_id

    def send(self, conversation_id: str, content: str, intended_us: int) -> None:
        """Send a message that was meant to be sent at that moment."""
        number = self.next_request_id()
        client_id = f"{self._context.run_id}-{self.number}-{number}-{intended_us}"
        payload = _encoder.encode(SendMessage(number, conversation_id, client_id, content))
        self._context.counters.sent += 1
        ask = PendingRequest(number, "send", payload, intended_us, resend=True)
        ask.conversation_id, ask.client_id = conversation_id, client_id
        self.send_request(ask)

    def send_request(self, request: PendingRequest) -> None:
        """Say it now, or once there is a connection where it may wait for one."""
        if self.state is ConnectionState.READY:
            self._send(request)
        elif not request.resend:
            self._context.counters.dropped += 1
        elif self.state is ConnectionState.CLOSED or not self._requests.enqueue(request):
            self._context.counters.unsent += 1

    def _send(self, request: PendingRequest) -> None:
        self._requests.mark_sent(request)
        self.connection.send(request.payload)

    def _on_ok(self, frame: ReceivedFrame, now: int) -> None:
        ask, result = self._requests.pop_answered(frame.id), frame.result
        if ask is None or result is None:
            self._context.counters.errors["an answer to nothing"] += 1
            return
        self._context.latencies.add(ask.operation, now - ask.intended_us)
        if ask.operation == "send":
            self._context.counters.acknowledged += 1
            self._context.observer.record_acknowledgement(
                ask.conversation_id, result.seq, result.message_id, ask.client_id, self.number
            )
            self._check_order(ask, result.seq)
            self._record_read(ask.conversation_id, result.seq)
        elif ask.operation == "read":
            self._record_read(ask.conversation_id, result.read_seq)
        elif result.seq and ask.conversation_id:
            self._context.observer.observe_head(ask.conversation_id, result.seq)

    def _record_read(self, conversation_id: str, seq: int) -> None:
        if seq > self.read_seqs.get(conversation_id, 0):
            self.read_seqs[conversation_id] = seq

    def _check_order(self, request: PendingRequest, seq: int) -> None:
        """What one socket sends to one conversation keeps its order; what was said again has no claim."""
        if request.attempts > 1:
            return
        last_id, last_seq = self._last_sent.get(request.conversation_id, (0, 0))
        if (request.id > last_id) != (seq > last_seq):
            said = f"sent as {request.id}, and what was sent as {last_id} stands at {last_seq}"
            self._context.faults.add(
                FaultKind.REORDERED, request.conversation_id, self.checker.client, [seq], said
            )
        if request.id > last_id:
            self._last_sent[request.conversation_id] = (request.id, seq)

    def _on_error(self, frame: ReceivedFrame, now: int) -> None:
        if frame.id == AUTHENTICATE_ID:
            self._context.counters.errors[f"authenticate: {frame.code}"] += 1
            return
        ask = self._requests.pop_answered(frame.id)
        if ask is None:
            self._context.counters.errors["an answer to nothing"] += 1
            return
        self._context.counters.rejected += 1
        if frame.retry and ask.resend:
            self._retrying += 1
            delay_s = (frame.retry_after_ms or RETRY_DELAY_MS) / 1000
            asyncio.get_running_loop().call_later(delay_s, self._retry, ask)
        else:
            self._context.latencies.add(f"{ask.operation} refused", now - ask.intended_us)
            self._context.counters.errors[f"{ask.operation}: {frame.code}"] += 1

    def _retry(self, request: PendingRequest) -> None:
        self._retrying -= 1
        self.send_request(request)
