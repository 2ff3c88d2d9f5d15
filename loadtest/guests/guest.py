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
from loadtest.check.eyes import Eyes
from loadtest.check.faults import Kind
from loadtest.figures.clock import now_us
from loadtest.figures.latencies import count
from loadtest.guests.asks import Ask, Asks
from loadtest.guests.ground import Ground
from loadtest.guests.journey import Journey, State
from loadtest.process.letters import Seat
from loadtest.wire.heard import STREAM, Event, Heard, Hint, Told

RESUME_CONVERSATIONS: Final = 1500
RETRY_MS: Final = 100
AUTHENTICATE_ID: Final = 0
_encoder = msgspec.json.Encoder()


class Guest:
    """A `Traveller`. `homes` are the conversations that it has for certain; others may come and go."""

    __slots__ = (
        "_asks",
        "_delayed",
        "_epoch",
        "_ground",
        "_next_id",
        "_order",
        "_resuming",
        "_session_id",
        "eyes",
        "homes",
        "journey",
        "number",
        "read_seqs",
        "token",
        "user_id",
    )

    def __init__(self, seat: Seat, ground: Ground) -> None:
        self.number = seat.number
        self.user_id = seat.user_id
        self.token = seat.token
        self.homes = tuple(seat.conversations)
        self.journey = Journey(self, seat.url, ground)
        name = f"client {seat.number} (user {seat.user_id})"
        self.eyes = Eyes(name, seat.conversations | seat.others, ground.ledger, ground.faults)
        self.read_seqs: dict[str, int] = {}
        """Up to which seq the server said that it has read."""

        self._ground = ground
        self._asks = Asks()
        self._delayed = 0
        self._epoch = ""
        self._session_id = ""
        self._resuming = False
        self._next_id = AUTHENTICATE_ID
        self._order: dict[str, tuple[int, int]] = {}

    @property
    def state(self) -> State:
        return self.journey.state

    @property
    def url(self) -> int:
        """The server that it is at, or goes to."""
        return self.journey.url

    @property
    def waiting(self) -> int:
        """How much it has asked and not been answered."""
        return len(self._asks) + self._delayed

    # --- its journey

    def introduction(self) -> bytes:
        resume = None
        if self._session_id:
            listed = dict(list(self.eyes.positions.items())[:RESUME_CONVERSATIONS])
            resume = Resume(self._session_id, self._epoch, self.eyes.stream_position, listed)
        self._resuming = resume is not None
        return _encoder.encode(Authenticate(AUTHENTICATE_ID, self.token, None, resume))

    def cut_off(self) -> None:
        self._ground.tally.dropped += self._asks.lost()

    def hear(self, events: list[Event]) -> None:
        eyes, tally, now = self.eyes, self._ground.tally, now_us()
        positions = eyes.positions
        tally.received += len(events)
        delivered = self._delivered()
        for event in events:
            if type(event) is Told:
                tally.deliveries += 1
                if eyes.calm and positions.get(event.conversation_id) == event.before:
                    positions[event.conversation_id] = event.seq
                else:
                    eyes.see(event)
                if event.intended_us:
                    count(delivered, now - event.intended_us)
            elif type(event) is Hint:
                tally.hints += 1
            elif type(event) is Heard:
                self._control(event, now)
                delivered = self._delivered()

    def _delivered(self) -> dict[int, int]:
        """Where deliveries are counted: what comes late because one was away says nothing of the server."""
        return self._ground.latencies.of("delivery" if self.eyes.calm else "replay")

    # --- what is said to it alone

    def _control(self, heard: Heard, now: int) -> None:
        kind = heard.type
        if kind == "ok":
            self._ok(heard, now)
        elif kind in STREAM:
            self._stream(heard)
        elif kind == "error":
            self._error(heard, now)
        elif kind == "ready":
            self._ready(heard, now)
        elif kind == "resumed":
            self._ground.tally.resumed += 1
            self.eyes.resumed(heard.last_seqs or {})
            self._arrived("resume", now)
        elif kind == "resync":
            self._resync(heard)
        elif kind == "lagged":
            self._ground.tally.lagged += 1
            self.eyes.lagged(heard.conversation_id, heard.from_seq, heard.to_seq)
            self._ground.fetch(self.number, heard.conversation_id, heard.from_seq - 1, True)
        elif kind == "goodbye":
            self.journey.wait_ms(heard.retry_after_ms)
        elif kind != "hello":
            self._ground.tally.errors[f"frame: {kind[:40]}"] += 1

    def _ready(self, heard: Heard, now: int) -> None:
        self.journey.arrived()
        self._session_id, self._epoch = heard.session_id, heard.epoch
        if self._resuming:
            self.eyes.begin_replay()
        else:
            self.eyes.begin_stream(heard.position)
            self._arrived("connect", now)
        for ask in self._asks.due():
            self._say(ask)

    def _arrived(self, kind: str, now: int) -> None:
        if self.journey.came_us:
            self._ground.latencies.add(kind, now - self.journey.came_us)
            self.journey.came_us = 0

    def _resync(self, heard: Heard) -> None:
        self._ground.tally.resyncs += 1
        self._epoch = heard.epoch
        self.journey.came_us = 0
        for conversation_id, after in self.eyes.resync(heard.position):
            self._ground.fetch(self.number, conversation_id, after, False)

    def _stream(self, heard: Heard) -> None:
        self._ground.tally.stream_frames += 1
        self.eyes.see_stream(heard.position)
        if heard.type == "conversation.joined" and heard.conversation is not None:
            self.eyes.joined(heard.conversation.id, heard.conversation.last_seq)
        elif heard.type == "conversation.left":
            self.eyes.left(heard.conversation_id)

    # --- asking

    def next_id(self) -> int:
        """The id of the next command."""
        self._next_id += 1
        return self._next_id

    def send(self, conversation_id: str, content: str, intended_us: int) -> None:
        """Send a message that was meant to be sent at that moment."""
        number = self.next_id()
        client_id = f"{self._ground.run}-{self.number}-{number}-{intended_us}"
        payload = _encoder.encode(SendMessage(number, conversation_id, client_id, content))
        self._ground.tally.sent += 1
        ask = Ask(number, "send", payload, intended_us, again=True)
        ask.conversation_id, ask.client_id = conversation_id, client_id
        self.ask(ask)

    def ask(self, ask: Ask) -> None:
        """Say it now, or once there is a connection where it may wait for one."""
        if self.state is State.READY:
            self._say(ask)
        elif not ask.again:
            self._ground.tally.dropped += 1
        elif self.state is State.GONE or not self._asks.wait(ask):
            self._ground.tally.unsent += 1

    def _say(self, ask: Ask) -> None:
        self._asks.said(ask)
        self.journey.say(ask.payload)

    def _ok(self, heard: Heard, now: int) -> None:
        ask, result = self._asks.answered(heard.id), heard.result
        if ask is None or result is None:
            self._ground.tally.errors["an answer to nothing"] += 1
            return
        self._ground.latencies.add(ask.kind, now - ask.intended_us)
        if ask.kind == "send":
            self._ground.tally.acknowledged += 1
            self._ground.ledger.acknowledge(
                ask.conversation_id, result.seq, result.message_id, ask.client_id, self.number
            )
            self._in_order(ask, result.seq)
            self._has_read(ask.conversation_id, result.seq)
        elif ask.kind == "read":
            self._has_read(ask.conversation_id, result.read_seq)
        elif result.seq and ask.conversation_id:
            self._ground.ledger.reached(ask.conversation_id, result.seq)

    def _has_read(self, conversation_id: str, seq: int) -> None:
        if seq > self.read_seqs.get(conversation_id, 0):
            self.read_seqs[conversation_id] = seq

    def _in_order(self, ask: Ask, seq: int) -> None:
        """What one socket sends to one conversation keeps its order; what was said again has no claim."""
        if ask.tries > 1:
            return
        last_id, last_seq = self._order.get(ask.conversation_id, (0, 0))
        if (ask.id > last_id) != (seq > last_seq):
            said = f"sent as {ask.id}, and what was sent as {last_id} stands at {last_seq}"
            self._ground.faults.add(Kind.REORDERED, ask.conversation_id, self.eyes.name, [seq], said)
        if ask.id > last_id:
            self._order[ask.conversation_id] = (ask.id, seq)

    def _error(self, heard: Heard, now: int) -> None:
        if heard.id == AUTHENTICATE_ID:
            self._ground.tally.errors[f"authenticate: {heard.code}"] += 1
            return
        ask = self._asks.answered(heard.id)
        if ask is None:
            self._ground.tally.errors["an answer to nothing"] += 1
            return
        self._ground.tally.refused += 1
        if heard.retry and ask.again:
            self._delayed += 1
            delay_s = (heard.retry_after_ms or RETRY_MS) / 1000
            asyncio.get_running_loop().call_later(delay_s, self._ask_again, ask)
        else:
            self._ground.latencies.add(f"{ask.kind} refused", now - ask.intended_us)
            self._ground.tally.errors[f"{ask.kind}: {heard.code}"] += 1

    def _ask_again(self, ask: Ask) -> None:
        self._delayed -= 1
        self.ask(ask)
