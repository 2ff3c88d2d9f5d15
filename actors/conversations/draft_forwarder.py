"""Handing drafts to the instance that writes a conversation most, when two write it at once.

    loser -- Forward(drafts) --> winner's conversation -- Forwarded(outcomes) --> loser's senders

A preference for some seconds, not a lock: whoever gets no answer in time sends the very same drafts into
the log itself, and the log stores each once. It never answers for the store.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from actors.conversations.commands import Draft, Send
from actors.conversations.errors import busy
from actors.conversations.pending_append import PendingAppend
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


class DraftOutcome(Struct, frozen=True, array_like=True):
    """How one draft fared: stored as `entry`, or refused with `code`."""

    attempt_id: int
    entry: MessageEntry | None
    duplicate: bool
    code: str
    detail: str
    retry_after_ms: int | None
    retry: bool


class DraftForwarded(Struct, frozen=True, tag=2, array_like=True):
    conversation_id: str
    outcome: DraftOutcome


forward_encoder = msgspec.msgpack.Encoder()
forward_decoder = msgspec.msgpack.Decoder(ForwardDrafts | DraftForwarded)


def instance_topic(name: str) -> str:
    return f"i:{name}"


class ForwardedReply:
    """Answers the instance that forwarded a draft."""

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
        """Messages always change something."""

    def refused(self, error: ApiError) -> None:
        self._send_outcome(
            DraftOutcome(
                self._attempt_id, None, False, error.code, error.detail, error.retry_after_ms, error.retry
            )
        )

    def _send_outcome(self, outcome: DraftOutcome) -> None:
        self._forwarder.publish(self._origin, DraftForwarded(self._conversation_id, outcome))


class DraftForwarder:
    """`take` hands a forwarded draft to its conversation here; `lost` gets back what nobody answered for."""

    def __init__(self, bus: Bus, wheel: TimerWheel, instance: str) -> None:
        self._bus = bus
        self._wheel = wheel
        self._instance = instance
        self._in_flight: dict[int, PendingAppend] = {}
        self._on_draft: Callable[[str, Send], None] = lambda _id, _send: None
        self._on_result: Callable[[str, PendingAppend, DraftOutcome | None], None] = (
            lambda _id, _pending, _outcome: None
        )

    @property
    def topic(self) -> str:
        return instance_topic(self._instance)

    def on_draft(self, callback: Callable[[str, Send], None]) -> None:
        """Who gets drafts that another instance handed over."""
        self._on_draft = callback

    def on_result(self, callback: Callable[[str, PendingAppend, DraftOutcome | None], None]) -> None:
        """Who gets each draft that was handed over with its outcome, or None when there was no answer."""
        self._on_result = callback

    def forward(self, target: str, conversation_id: str, pending_appends: Sequence[PendingAppend]) -> None:
        """Give drafts to another instance, in order. Each comes back through `on_outcome`, once."""
        for start in range(0, len(pending_appends), DRAFTS_PER_FRAME):
            some = pending_appends[start : start + DRAFTS_PER_FRAME]
            drafts = []
            for pending in some:
                assert isinstance(pending.command, Send)
                self._in_flight[pending.command.draft.attempt_id] = pending
                drafts.append(pending.command.draft)
            self.publish(target, ForwardDrafts(self._instance, conversation_id, drafts))
        handed = [draft.attempt_id for draft in _drafts(pending_appends)]
        self._wheel.call_later(RESULT_TIMEOUT_S, lambda: self._on_timeout(conversation_id, handed))

    def publish(self, target: str, frame: ForwardDrafts | DraftForwarded) -> None:
        self._bus.publish(instance_topic(target), forward_encoder.encode(frame))

    def on_bus_message(self, payload: bytes) -> None:
        """A frame of this instance's own topic."""
        frame = forward_decoder.decode(payload)
        if isinstance(frame, DraftForwarded):
            pending = self._in_flight.pop(frame.outcome.attempt_id, None)
            if pending is not None:
                self._on_result(frame.conversation_id, pending, frame.outcome)
            return
        full = False
        for draft in frame.drafts:
            reply = ForwardedReply(self, frame.origin, frame.conversation_id, draft.draft)
            try:
                if not full:
                    self._on_draft(frame.conversation_id, Send(draft, reply, forwarded=True))
            except (MailboxFull, Stopped):
                full = True
            if full:
                # Said rather than left to be found out: what is handed over next would go before it.
                reply.refused(busy())

    def _on_timeout(self, conversation_id: str, attempt_ids: Sequence[int]) -> None:
        for draft in attempt_ids:
            pending = self._in_flight.pop(draft, None)
            if pending is not None:
                self._on_result(conversation_id, pending, None)


def _drafts(pending_appends: Sequence[PendingAppend]) -> list[Draft]:
    return [pending.command.draft for pending in pending_appends if isinstance(pending.command, Send)]
