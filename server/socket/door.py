"""The door of the socket: who may come in, and who is in.

It counts strangers and new connections before any work is done for them, holds every open socket, and
says goodbye to all of them when the server stops. It never looks at what they say.
"""

import asyncio
import random
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from actors.delivery.flusher import Flusher
from actors.protocol.errors import overloaded
from actors.runtime.actor_ref import ActorRef
from actors.runtime.run_queue import RunQueue
from actors.runtime.timer_wheel import TimerWheel
from actors.runtime.token_bucket import TokenBucket
from actors.sessions.session import Session
from actors.sessions.session_services import SessionServices
from actors.sessions.transport import CloseCode
from config.limits import Limits
from server.socket.heartbeat import Heartbeat
from server.socket.inbound import InputScheduler
from server.socket.rendition import Renditions
from server.socket.turnstile import Turnstile
from storage.records.users import Identity

if TYPE_CHECKING:
    from server.socket.socket import Socket

FULL_RETRY_MS = 1000
DRAIN_STEPS = 20
UNAUTHENTICATED_FRAMES_PER_S = 0.5


class DoorStatistics(msgspec.Struct, frozen=True):
    sockets: int
    strangers: int
    opened: int
    refused: int
    shed_frames: int
    held_bytes: int
    closes: dict[int, int]


class Door:
    def __init__(
        self, hall: SessionServices, queue: RunQueue, wheel: TimerWheel, flusher: Flusher, limits: Limits
    ) -> None:
        self.hall = hall
        self.wheel = wheel
        self.flusher = flusher
        self.limits = limits
        self.renditions = Renditions()
        self._queue = queue
        self.heartbeat = Heartbeat(wheel, limits.heartbeat_ms / 1000)
        self.input_scheduler = InputScheduler(asyncio.get_running_loop())
        self._turnstile = Turnstile(limits.sockets_new_per_s)
        self._sockets: dict[Socket, None] = {}
        self._strangers = 0
        self._opened = self._refused = self._shed = 0
        self._closes: Counter[int] = Counter()
        self._draining = False
        # One for all cells: a bound method made for each would be kept by each.
        self._crashed = self._failed

    def statistics(self) -> DoorStatistics:
        return DoorStatistics(
            sockets=len(self._sockets),
            strangers=self._strangers,
            opened=self._opened,
            refused=self._refused,
            shed_frames=self._shed + sum(socket.send_queue.shed_count for socket in self._sockets),
            held_bytes=sum(socket.send_queue.queued_bytes for socket in self._sockets),
            closes=dict(self._closes),
        )

    def admit(self) -> None:
        """Let one more connection in.

        Raises:
            Refusal: server.overloaded, with when to come back.
        """
        if self._draining:
            self._refused += 1
            raise overloaded("The server is stopping.", FULL_RETRY_MS)
        if self._strangers >= self.limits.sockets_unauthenticated:
            self._refused += 1
            raise overloaded("Too many sockets have not authenticated yet.", FULL_RETRY_MS)
        wait_ms = self._turnstile.wait_ms()
        if wait_ms:
            self._refused += 1
            raise overloaded("Too many new sockets at once.", max(wait_ms, FULL_RETRY_MS))

    def cell(self, session: Session) -> ActorRef[bytes | Identity]:
        return ActorRef(session, self._queue, self.limits.mailbox_messages, self._crashed)

    def frame_budget(self, *, known: bool) -> TokenBucket:
        """Return the budget for the frames of one socket, by whether its client has authenticated."""
        if known:
            return TokenBucket(self.limits.frames_per_s, self.limits.frames_burst)
        return TokenBucket(UNAUTHENTICATED_FRAMES_PER_S, self.limits.frames_unauthenticated)

    def opened(self, socket: "Socket") -> int:
        self._opened += 1
        self._strangers += 1
        self._sockets[socket] = None
        return self.heartbeat.add(socket)

    def admitted(self) -> None:
        self._strangers -= 1

    def closed(self, socket: "Socket", bucket: int, *, stranger: bool) -> None:
        if self._sockets.pop(socket, socket) is None:
            self._strangers -= stranger
            self._shed += socket.send_queue.shed_count
            self.heartbeat.remove(socket, bucket)

    def count_close(self, code: int) -> None:
        self._closes[code] += 1

    def stop_admitting(self) -> None:
        self._draining = True

    async def drain(self, spread_ms: int, deadline_s: float) -> None:
        """Say goodbye to everybody in waves, each with its own moment to come back."""
        self._draining = True
        waiting = list(self._sockets)
        random.shuffle(waiting)
        wave = max(1, len(waiting) // DRAIN_STEPS)
        for start in range(0, len(waiting), wave):
            for socket in waiting[start : start + wave]:
                retry_after_ms = random.randrange(spread_ms + 1)  # noqa: S311 - spreads load, guards nothing
                socket.close(CloseCode.SHUTDOWN, "the server is stopping", retry_after_ms)
            await asyncio.sleep(0)
        end = asyncio.get_running_loop().time() + deadline_s
        while self._sockets and asyncio.get_running_loop().time() < end:  # noqa: ASYNC110 - rare, at the end
            await asyncio.sleep(0.02)

    def _failed(self, cell: ActorRef[bytes | Identity], error: Exception) -> None:
        """A session has no storage to start anew from: its socket was told, its client comes back."""
        cell.stop(error)
