"""Forwards drafts to the instance that writes a conversation, when two instances compete for its seqs.

    origin -- ForwardDrafts --> conversation on the writing instance -- DraftForwarded --> origin -> reply

Forwarding is an optimization for a few seconds, not a lock. If no outcome arrives in time, the origin appends
the same drafts itself, and the log stores each once.
"""

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
from storage.contracts.messaging import MessageEntry

RESULT_TIMEOUT_S: Final = 1.0
DRAFTS_PER_FRAME: Final = 20


class ForwardDrafts(Struct, frozen=True, tag=1, array_like=True):
    origin: str
    conversation_id: str
    drafts: list[Draft]


class DraftForwarded(Struct, frozen=True, tag=2, array_like=True):
    conversation_id: str
    outcome: DraftOutcome


forward_encoder = msgspec.msgpack.Encoder()
forward_decoder: msgspec.msgpack.Decoder[ForwardDrafts | DraftForwarded] = msgspec.msgpack.Decoder(
    ForwardDrafts | DraftForwarded
)


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
        self._forwarder.publish(self._origin, DraftForwarded(self._conversation_id, outcome))


class ForwardingHandler(Protocol):
    """Receives the drafts and results that arrive at this instance."""

    def on_draft_received(self, conversation_id: str, command: Send) -> None:
        """Append a draft of another instance. Raises `MailboxFull` or `Stopped` if it is not accepted."""

    def on_forward_result(
        self, conversation_id: str, pending: PendingAppend, outcome: DraftOutcome | None
    ) -> None:
        """Handle the outcome of a forwarded draft; None if it timed out. Must not raise."""


class DraftForwarder:
    """Sends drafts to other instances and receives theirs."""

    def __init__(self, bus: Bus, wheel: TimerWheel, instance: str, handler: ForwardingHandler) -> None:
        self._bus = bus
        self._wheel = wheel
        self._instance = instance
        self._handler = handler
        self._in_flight: dict[int, PendingAppend] = {}

    @property
    def topic(self) -> str:
        return instance_topic(self._instance)

    def forward(self, target: str, conversation_id: str, pending_appends: Sequence[PendingAppend]) -> None:
        """Send drafts to another instance, in order. Each is passed once to `on_forward_result`."""
        for start in range(0, len(pending_appends), DRAFTS_PER_FRAME):
            chunk = pending_appends[start : start + DRAFTS_PER_FRAME]
            drafts = []
            for pending in chunk:
                assert isinstance(pending.command, Send)
                self._in_flight[pending.command.draft.attempt_id] = pending
                drafts.append(pending.command.draft)
            self.publish(target, ForwardDrafts(self._instance, conversation_id, drafts))
        attempt_ids = [draft.attempt_id for draft in _drafts(pending_appends)]
        self._wheel.call_later(RESULT_TIMEOUT_S, lambda: self._on_timeout(conversation_id, attempt_ids))

    def publish(self, target: str, frame: ForwardDrafts | DraftForwarded) -> None:
        self._bus.publish(instance_topic(target), forward_encoder.encode(frame))

    def on_bus_message(self, payload: bytes) -> None:
        """Handle a frame from this instance's topic."""
        frame = forward_decoder.decode(payload)
        if isinstance(frame, DraftForwarded):
            pending = self._in_flight.pop(frame.outcome.attempt_id, None)
            if pending is not None:
                self._handler.on_forward_result(frame.conversation_id, pending, frame.outcome)
            return
        is_full = False
        for draft in frame.drafts:
            reply = ForwardedReply(self, frame.origin, frame.conversation_id, draft.attempt_id)
            try:
                if not is_full:
                    self._handler.on_draft_received(frame.conversation_id, Send(draft, reply, forwarded=True))
            except (MailboxFull, Stopped):
                is_full = True
            if is_full:
                # Refuse instead of dropping: drafts forwarded later would overtake these.
                reply.refused(busy())

    def _on_timeout(self, conversation_id: str, attempt_ids: Sequence[int]) -> None:
        for attempt_id in attempt_ids:
            pending = self._in_flight.pop(attempt_id, None)
            if pending is not None:
                self._handler.on_forward_result(conversation_id, pending, None)


def _drafts(pending_appends: Sequence[PendingAppend]) -> list[Draft]:
    return [pending.command.draft for pending in pending_appends if isinstance(pending.command, Send)]
