"""Forwards drafts to the instance that writes a conversation, when two instances compete for its seqs.

    origin --ForwardDrafts---> writer: the conversation on the instance that writes it
    origin <--DraftsReceived-- writer, at once
    origin <--DraftResolved--- writer, when a draft is stored or refused

Forwarding is an optimization for a few seconds, not a lock. The other instance acknowledges drafts at once;
until their outcome arrives the origin sends them again each second, as long as the other instance has
acknowledged anything since. So a slow instance is not overtaken. A draft that arrives again after its outcome
gets the same outcome, and is not appended again. If the other instance acknowledges nothing for a second, the
origin recalls the drafts and appends them itself; the log stores each once. At the deadline of a draft it
recalls those that were forwarded with it, and refuses the expired ones.
"""

import asyncio
import math
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec
from msgspec import Struct

from actors.conversations.commands import Draft, DraftOutcome, PendingAppend, Send
from actors.conversations.errors import busy
from actors.protocol.errors import ApiError
from actors.runtime.actor import MailboxFull, Stopped
from actors.runtime.timer_wheel import TimerWheel
from storage.contracts.bus import Bus
from storage.contracts.message_log import MessageEntry

RESEND_INTERVAL_S: Final = 1.0
"""Time after which drafts without an outcome are sent again, or recalled from a silent instance."""

DRAFTS_PER_BUS_MESSAGE: Final = 20
OUTCOMES_KEPT_MAX: Final = 2000
"""Outcomes of received drafts kept for drafts that are sent again; under load, those of the last seconds."""


class ForwardDrafts(Struct, frozen=True, tag=1, array_like=True):
    """`timeout_ms` is the longest time that a sender of these drafts still waits; 0 if it is not known."""

    origin: str
    conversation_id: str
    drafts: list[Draft]
    timeout_ms: int = 0


class DraftResolved(Struct, frozen=True, tag=2, array_like=True):
    """The outcome of a forwarded draft."""

    conversation_id: str
    outcome: DraftOutcome


class DraftsReceived(Struct, frozen=True, tag=3, array_like=True):
    """Instance `target` has received drafts and works on them."""

    target: str


ForwardingMessage = ForwardDrafts | DraftResolved | DraftsReceived
forward_encoder = msgspec.msgpack.Encoder()
forward_decoder: msgspec.msgpack.Decoder[ForwardingMessage] = msgspec.msgpack.Decoder(ForwardingMessage)


def instance_topic(name: str) -> str:
    return f"i:{name}"


class ForwardedReply:
    """A `CommandReply` that sends the outcome to the instance that forwarded the draft."""

    __slots__ = ("_attempt_id", "_conversation_id", "_forwarder", "_origin")

    def __init__(
        self, forwarder: "DraftForwarder", origin: str, conversation_id: str, attempt_id: int
    ) -> None:
        self._forwarder = forwarder
        self._origin = origin
        self._conversation_id = conversation_id
        self._attempt_id = attempt_id

    def stored(self, entry: MessageEntry, *, duplicate: bool) -> None:
        self._send_outcome(DraftOutcome(self._attempt_id, entry, duplicate, "", "", None, retry=False))

    def unchanged(self) -> None:
        """Unused: a message always stores an entry."""

    def refused(self, error: ApiError) -> None:
        self._send_outcome(
            DraftOutcome(
                self._attempt_id, None, False, error.code, error.detail, error.retry_after_ms, error.retry
            )
        )

    def _send_outcome(self, outcome: DraftOutcome) -> None:
        self._forwarder.resolve(self._origin, DraftResolved(self._conversation_id, outcome))


class ForwardingHandler(Protocol):
    """Receives the drafts and results that arrive at this instance."""

    def on_draft_received(self, conversation_id: str, command: Send) -> None:
        """Append a draft of another instance. Raises `MailboxFull` or `Stopped` if it is not accepted."""

    def on_forward_result(
        self, conversation_id: str, pending: PendingAppend, outcome: DraftOutcome | None
    ) -> None:
        """Handle the outcome of a forwarded draft; None if it is recalled. Must not raise."""


class DraftForwarder:
    """Sends drafts to other instances, and receives the drafts of others."""

    def __init__(self, bus: Bus, wheel: TimerWheel, instance: str, handler: ForwardingHandler) -> None:
        self._bus = bus
        self._wheel = wheel
        self._instance = instance
        self._handler = handler
        self._time = asyncio.get_running_loop().time
        self._in_flight: dict[int, PendingAppend] = {}
        # When each instance with drafts of this one acknowledged them last.
        self._acknowledged_at: dict[str, float] = {}
        # Of drafts of others, by attempt id, the oldest first.
        self._outcomes: dict[int, DraftResolved] = {}

    @property
    def topic(self) -> str:
        return instance_topic(self._instance)

    def forward(self, target: str, conversation_id: str, pending_appends: Sequence[PendingAppend]) -> None:
        """Send drafts to another instance, in order. Each is passed once to `on_forward_result`."""
        for pending in pending_appends:
            assert isinstance(pending.command, Send)
            self._in_flight[pending.command.draft.attempt_id] = pending
        self._send(target, conversation_id, pending_appends)

    def publish(self, target: str, message: ForwardingMessage) -> None:
        self._bus.publish(instance_topic(target), forward_encoder.encode(message))

    def resolve(self, origin: str, resolved: DraftResolved) -> None:
        """Report the outcome of a received draft, and keep it for a while."""
        if len(self._outcomes) >= OUTCOMES_KEPT_MAX:
            del self._outcomes[next(iter(self._outcomes))]
        self._outcomes[resolved.outcome.attempt_id] = resolved
        self.publish(origin, resolved)

    def on_bus_message(self, payload: bytes) -> None:
        """Handle a bus message on the topic of this instance. Raises `msgspec.DecodeError`."""
        message = forward_decoder.decode(payload)
        match message:
            case DraftsReceived(target=target):
                self._acknowledged_at[target] = self._time()
            case DraftResolved(conversation_id=conversation_id, outcome=outcome):
                pending = self._in_flight.pop(outcome.attempt_id, None)
                if pending is not None:
                    self._handler.on_forward_result(conversation_id, pending, outcome)
            case ForwardDrafts():
                self._receive(message)

    def _send(self, target: str, conversation_id: str, pending_appends: Sequence[PendingAppend]) -> None:
        now = self._time()
        for start in range(0, len(pending_appends), DRAFTS_PER_BUS_MESSAGE):
            sends = _sends(pending_appends[start : start + DRAFTS_PER_BUS_MESSAGE])
            latest = max(send.deadline for send in sends)
            timeout_ms = 0 if latest == math.inf else max(1, int((latest - now) * 1000))
            drafts = [send.draft for send in sends]
            self.publish(target, ForwardDrafts(self._instance, conversation_id, drafts, timeout_ms))
        self._wheel.call_later(
            RESEND_INTERVAL_S, lambda: self._check(target, conversation_id, pending_appends, now)
        )

    def _check(
        self, target: str, conversation_id: str, pending_appends: Sequence[PendingAppend], sent_at: float
    ) -> None:
        """Send drafts without an outcome again, or recall them."""
        waiting = [
            pending
            for pending in pending_appends
            if isinstance(pending.command, Send) and pending.command.draft.attempt_id in self._in_flight
        ]
        if not waiting:
            return
        now = self._time()
        is_alive = self._acknowledged_at.get(target, 0.0) >= sent_at
        if is_alive and all(send.deadline > now for send in _sends(waiting)):
            self._send(target, conversation_id, waiting)
            return
        if not is_alive:
            self._acknowledged_at.pop(target, None)
        for pending, send in zip(waiting, _sends(waiting), strict=True):
            del self._in_flight[send.draft.attempt_id]
            self._handler.on_forward_result(conversation_id, pending, None)

    def _receive(self, message: ForwardDrafts) -> None:
        """Pass drafts of another instance to their conversation."""
        self.publish(message.origin, DraftsReceived(self._instance))
        deadline = self._time() + message.timeout_ms / 1000 if message.timeout_ms else math.inf
        is_full = False
        for draft in message.drafts:
            resolved = self._outcomes.get(draft.attempt_id)
            if resolved is not None:
                # Its outcome is on its way, or was lost.
                self.publish(message.origin, resolved)
                continue
            reply = ForwardedReply(self, message.origin, message.conversation_id, draft.attempt_id)
            try:
                if not is_full:
                    command = Send(draft, reply, forwarded=True, deadline=deadline)
                    self._handler.on_draft_received(message.conversation_id, command)
            except (MailboxFull, Stopped):
                is_full = True
            if is_full:
                # Refuse instead of dropping: drafts forwarded later would overtake these.
                reply.refused(busy())


def _sends(pending_appends: Sequence[PendingAppend]) -> list[Send]:
    return [pending.command for pending in pending_appends if isinstance(pending.command, Send)]
