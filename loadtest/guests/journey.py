"""One client's way to the servers: it comes, is lost, and comes back, perhaps to another one.

    AWAY -> COMING -> READY -> (lost) -> AWAY -> ...             GONE: not to come back

It obeys the servers' words about coming back. It never looks at what is said on a connection.
"""

import asyncio
from enum import Enum
from typing import Final, Protocol

from client.backoff import Backoff
from client.closing import Closing
from loadtest.figures.clock import now_us
from loadtest.guests.ground import Ground
from loadtest.wire.heard import Event
from loadtest.wire.socket import Socket

BACKOFF_BASE_S: Final = 1.0
BACKOFF_CAP_S: Final = 8.0
OPEN_S: Final = 30.0
TRIES: Final = 20


class State(Enum):
    AWAY = "away"
    COMING = "coming"
    READY = "ready"
    GONE = "gone"


class Traveller(Protocol):
    """Whose journey it is."""

    def introduction(self) -> bytes:
        """The first frame to say."""

    def hear(self, events: list[Event]) -> None:
        """What came in one piece, in order."""

    def cut_off(self) -> None:
        """The connection is gone, with all that was on its way."""


class Journey:
    """Implements `loadtest.wire.socket.Owner`. `came_us` is when it set out, 0 once it has arrived."""

    __slots__ = (
        "_backoff",
        "_ground",
        "_not_before_ms",
        "_opening",
        "_socket",
        "_timer",
        "_told_to_come",
        "_traveller",
        "_tries",
        "came_us",
        "state",
        "url",
    )

    def __init__(self, traveller: Traveller, url: int, ground: Ground) -> None:
        self.state = State.AWAY
        self.url = url
        self.came_us = 0
        self._traveller = traveller
        self._ground = ground
        self._backoff = Backoff(BACKOFF_BASE_S, BACKOFF_CAP_S, ground.dice.random)
        self._socket: Socket | None = None
        self._opening: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._not_before_ms: int | None = None
        self._told_to_come = False
        self._tries = 0

    # --- what the traveller wants

    def come(self) -> None:
        """Connect, now; goes on trying until it is ready or not wanted."""
        if self.state is State.AWAY:
            self.state = State.COMING
            self.came_us = self.came_us or now_us()
            self._opening = asyncio.create_task(self._open())

    def arrived(self) -> None:
        """The server has said `ready`."""
        self._cancel()
        self.state = State.READY
        self._tries = 0
        self._backoff.reset()
        self._ground.tally.connects += 1

    def say(self, payload: bytes) -> None:
        assert self._socket is not None
        self._socket.say(payload)

    def wait_ms(self, retry_after_ms: int | None) -> None:
        """The server said from when on it may come back."""
        self._not_before_ms = retry_after_ms

    def drop(self, back_in_s: float) -> None:
        """Break the connection off, and come back after so long."""
        if self.state is State.READY:
            self._hang_up()
            self.state = State.AWAY
            self._cancel()
            self._traveller.cut_off()
            self.url = self._ground.dice.randrange(len(self._ground.addresses))
            self._come_in(back_in_s)

    def leave(self) -> None:
        """Go for good."""
        self.state = State.GONE
        self._cancel()
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.leave()

    # --- what the socket says

    def opened(self) -> None:
        self._not_before_ms = None
        self.say(self._traveller.introduction())

    def refused(self, status: int, retry_after_s: float | None) -> None:
        self._ground.tally.refused += 1
        if status not in {429, 503}:
            self._ground.tally.errors[f"upgrade: {status}"] += 1
        self._not_before_ms = round((retry_after_s or 0) * 1000)
        self._told_to_come = retry_after_s is not None

    def lost(self, code: int | None, reason: str) -> None:
        self._socket = None
        if self.state is State.READY:
            self._ground.tally.lost += 1
        if self.state is State.READY or code is not None:
            self._ground.tally.errors[f"closed: {code or reason}"] += 1
        self._traveller.cut_off()
        if Closing(code, reason).may_return:
            self._try_again()
        else:
            self.state = State.GONE
            self._cancel()

    def hear(self, events: list[Event]) -> None:
        self._traveller.hear(events)

    # --- inside

    async def _open(self) -> None:
        address = self._ground.addresses[self.url]
        socket = self._socket = Socket(self, address, self._ground.hearing)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(OPEN_S, self._too_late)
        try:
            await loop.create_connection(lambda: socket, address.host, address.port, ssl=address.tls or None)
        except OSError as error:
            self._ground.tally.errors[f"connect: {type(error).__name__}"] += 1
            self._try_again()

    def _too_late(self) -> None:
        self._ground.tally.errors["connect: not ready in time"] += 1
        self._hang_up()
        self._try_again()

    def _try_again(self) -> None:
        self.state = State.AWAY
        self._cancel()
        self._tries += 1
        if self._tries > TRIES:
            self.state = State.GONE
            self._ground.tally.errors["connect: given up"] += 1
            return
        if self._told_to_come:
            # A full server has said when there is room for this one: that is where it has a place.
            self._told_to_come = False
        else:
            self._elsewhere()
        self._come_in(self._backoff.delay_s(self._not_before_ms))

    def _come_in(self, delay_s: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(delay_s, self.come)

    def _elsewhere(self) -> None:
        """To any other server, where there is one: the one that was lost may be lost for long."""
        count = len(self._ground.addresses)
        if count > 1:
            self.url = (self.url + self._ground.dice.randrange(1, count)) % count

    def _hang_up(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.cut()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        opening, self._opening = self._opening, None
        if opening is not None and not opening.done() and opening is not asyncio.current_task():
            opening.cancel()
