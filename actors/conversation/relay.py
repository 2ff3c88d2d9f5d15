"""Handing drafts to the instance that writes a conversation most, when two write it at once.

    loser -- Forward(drafts) --> winner's conversation -- Forwarded(outcomes) --> loser's senders

A preference for some seconds, not a lock: whoever gets no answer in time sends the very same drafts into
the log itself, and the log stores each once. It never answers for the store.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from actors.conversation.answers import busy
from actors.conversation.letters import Draft, Send
from actors.conversation.pending import Pending
from actors.runtime.actor import MailboxFull, Stopped
from actors.runtime.wheel import Wheel
from actors.wire.refusal import Refusal
from storage.contracts.bus import Bus
from storage.records.messaging import MessageEntry

ANSWER_S: Final = 1.0
DRAFTS_A_FRAME: Final = 20


class Forward(Struct, frozen=True, tag=1, array_like=True):
    origin: str
    conversation_id: str
    drafts: list[Draft]


class Outcome(Struct, frozen=True, array_like=True):
    """How one draft fared: stored as `entry`, or refused with `code`."""

    draft: int
    entry: MessageEntry | None
    duplicate: bool
    code: str
    detail: str
    retry_after_ms: int | None
    retry: bool


class Forwarded(Struct, frozen=True, tag=2, array_like=True):
    conversation_id: str
    outcome: Outcome


relay_encoder = msgspec.msgpack.Encoder()
relay_decoder = msgspec.msgpack.Decoder(Forward | Forwarded)


def instance_topic(name: str) -> str:
    return f"i:{name}"


class RelayReply:
    """Answers the instance that forwarded a draft."""

    __slots__ = ("_conversation_id", "_draft", "_relay", "_to")

    def __init__(self, relay: "Relay", to: str, conversation_id: str, draft: int) -> None:
        self._relay = relay
        self._to = to
        self._conversation_id = conversation_id
        self._draft = draft

    def stored(self, entry: MessageEntry, *, duplicate: bool) -> None:
        self._answer(Outcome(self._draft, entry, duplicate, "", "", None, retry=False))

    def unchanged(self) -> None:
        """Messages always change something."""

    def refused(self, refusal: Refusal) -> None:
        self._answer(
            Outcome(
                self._draft, None, False, refusal.code, refusal.detail, refusal.retry_after_ms, refusal.retry
            )
        )

    def _answer(self, outcome: Outcome) -> None:
        self._relay.say(self._to, Forwarded(self._conversation_id, outcome))


class Relay:
    """`take` hands a forwarded draft to its conversation here; `lost` gets back what nobody answered for."""

    def __init__(self, bus: Bus, wheel: Wheel, name: str) -> None:
        self._bus = bus
        self._wheel = wheel
        self._name = name
        self._out: dict[int, Pending] = {}
        self._take: Callable[[str, Send], None] = lambda _id, _send: None
        self._back: Callable[[str, Pending, Outcome | None], None] = lambda _id, _pending, _outcome: None

    @property
    def topic(self) -> str:
        return instance_topic(self._name)

    def on_drafts(self, take: Callable[[str, Send], None]) -> None:
        """Who gets drafts that another instance handed over."""
        self._take = take

    def on_outcome(self, back: Callable[[str, Pending, Outcome | None], None]) -> None:
        """Who gets each draft that was handed over with its outcome, or None when there was no answer."""
        self._back = back

    def hand(self, to: str, conversation_id: str, pendings: Sequence[Pending]) -> None:
        """Give drafts to another instance, in order. Each comes back through `on_outcome`, once."""
        for start in range(0, len(pendings), DRAFTS_A_FRAME):
            some = pendings[start : start + DRAFTS_A_FRAME]
            drafts = []
            for pending in some:
                assert isinstance(pending.letter, Send)
                self._out[pending.letter.draft.draft] = pending
                drafts.append(pending.letter.draft)
            self.say(to, Forward(self._name, conversation_id, drafts))
        handed = [draft.draft for draft in _drafts(pendings)]
        self._wheel.after(ANSWER_S, lambda: self._due(conversation_id, handed))

    def say(self, to: str, frame: Forward | Forwarded) -> None:
        self._bus.publish(instance_topic(to), relay_encoder.encode(frame))

    def heard(self, payload: bytes) -> None:
        """A frame of this instance's own topic."""
        frame = relay_decoder.decode(payload)
        if isinstance(frame, Forwarded):
            pending = self._out.pop(frame.outcome.draft, None)
            if pending is not None:
                self._back(frame.conversation_id, pending, frame.outcome)
            return
        full = False
        for draft in frame.drafts:
            reply = RelayReply(self, frame.origin, frame.conversation_id, draft.draft)
            try:
                if not full:
                    self._take(frame.conversation_id, Send(draft, reply, relayed=True))
            except (MailboxFull, Stopped):
                full = True
            if full:
                # Said rather than left to be found out: what is handed over next would go before it.
                reply.refused(busy())

    def _due(self, conversation_id: str, handed: Sequence[int]) -> None:
        for draft in handed:
            pending = self._out.pop(draft, None)
            if pending is not None:
                self._back(conversation_id, pending, None)


def _drafts(pendings: Sequence[Pending]) -> list[Draft]:
    return [pending.letter.draft for pending in pendings if isinstance(pending.letter, Send)]
