"""One virtual user: checks every frame it receives, and sends the requests of the workload.

    ConnectionLifecycle -> on_events -> DeliveryChecker    replies -> PendingRequests
    send_request -> PendingRequests -> ConnectionLifecycle, or queued while disconnected

Requests keep their scheduled time while queued, so time spent disconnected counts as latency.
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
    """Implements `ConnectionOwner`. The workload uses `conversation_ids`; the user may join others."""

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
        """The highest read seq that the server acknowledged, by conversation."""

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
        """The server of the current or next connection."""
        return self.connection.url_index

    @property
    def unanswered_count(self) -> int:
        """The number of requests without a reply."""
        return len(self._requests) + self._retrying

    # --- called by the connection

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
        checker, counters, now = self.checker, self._context.counters, now_us()
        positions = checker.positions
        counters.received += len(events)
        latencies = self._delivery_counts()
        for event in events:
            if type(event) is DurableEvent:
                counters.deliveries += 1
                if checker.in_sequence and positions.get(event.conversation_id) == event.previous_seq:
                    positions[event.conversation_id] = event.seq
                else:
                    checker.receive(event)
                if event.intended_us:
                    record_latency(latencies, now - event.intended_us)
            elif type(event) is EphemeralEvent:
                counters.ephemeral_events += 1
            elif type(event) is ReceivedFrame:
                self._handle_frame(event, now)
                latencies = self._delivery_counts()

    def _delivery_counts(self) -> dict[int, int]:
        """Return the latency counts for deliveries; replayed frames are late because of the client."""
        return self._context.latencies.counts_of("delivery" if self.checker.in_sequence else "replay")

    # --- frames to this user

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
        for request in self._requests.take_queued():
            self._send(request)

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

    # --- requests

    def next_request_id(self) -> int:
        self._next_id += 1
        return self._next_id

    def send(self, conversation_id: str, content: str, intended_us: int) -> None:
        """Send a message scheduled for `intended_us`."""
        request_id = self.next_request_id()
        client_id = f"{self._context.run_id}-{self.number}-{request_id}-{intended_us}"
        payload = _encoder.encode(SendMessage(request_id, conversation_id, client_id, content))
        self._context.counters.sent += 1
        request = PendingRequest(request_id, "send", payload, intended_us, resend=True)
        request.conversation_id, request.client_id = conversation_id, client_id
        self.send_request(request)

    def send_request(self, request: PendingRequest) -> None:
        """Send now, or after the reconnect if the request may be resent."""
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
        request, result = self._requests.pop_answered(frame.id), frame.result
        if request is None or result is None:
            self._context.counters.errors["reply to unknown request"] += 1
            return
        self._context.latencies.add(request.operation, now - request.intended_us)
        if request.operation == "send":
            self._context.counters.acknowledged += 1
            self._context.observer.record_acknowledgement(
                request.conversation_id, result.seq, result.message_id, request.client_id, self.number
            )
            self._check_order(request, result.seq)
            self._record_read(request.conversation_id, result.seq)
        elif request.operation == "read":
            self._record_read(request.conversation_id, result.read_seq)
        elif result.seq and request.conversation_id:
            self._context.observer.observe_head(request.conversation_id, result.seq)

    def _record_read(self, conversation_id: str, seq: int) -> None:
        if seq > self.read_seqs.get(conversation_id, 0):
            self.read_seqs[conversation_id] = seq

    def _check_order(self, request: PendingRequest, seq: int) -> None:
        """Check that messages of one connection to one conversation keep their order; resent ones may not."""
        if request.attempts > 1:
            return
        last_id, last_seq = self._last_sent.get(request.conversation_id, (0, 0))
        if (request.id > last_id) != (seq > last_seq):
            detail = f"sent as request {request.id}, but request {last_id} is at seq {last_seq}"
            self._context.faults.add(
                FaultKind.REORDERED, request.conversation_id, self.checker.client, [seq], detail
            )
        if request.id > last_id:
            self._last_sent[request.conversation_id] = (request.id, seq)

    def _on_error(self, frame: ReceivedFrame, now: int) -> None:
        if frame.id == AUTHENTICATE_ID:
            self._context.counters.errors[f"authenticate: {frame.code}"] += 1
            return
        request = self._requests.pop_answered(frame.id)
        if request is None:
            self._context.counters.errors["reply to unknown request"] += 1
            return
        self._context.counters.rejected += 1
        if frame.retry and request.resend:
            self._retrying += 1
            delay_s = (frame.retry_after_ms or RETRY_DELAY_MS) / 1000
            asyncio.get_running_loop().call_later(delay_s, self._retry, request)
        else:
            self._context.latencies.add(f"{request.operation} rejected", now - request.intended_us)
            self._context.counters.errors[f"{request.operation}: {frame.code}"] += 1

    def _retry(self, request: PendingRequest) -> None:
        self._retrying -= 1
        self.send_request(request)
