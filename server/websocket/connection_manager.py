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
from server.websocket.admission_limiter import AdmissionLimiter
from server.websocket.heartbeat import Heartbeat
from server.websocket.inbound import InputScheduler
from server.websocket.outbound_encoder import OutboundEncoders
from storage.contracts.users import Identity

if TYPE_CHECKING:
    from server.websocket.connection import WebSocketConnection

REJECTED_RETRY_MS = 1000
DRAIN_WAVES = 20
UNAUTHENTICATED_FRAMES_PER_S = 0.5


class ConnectionStatistics(msgspec.Struct, frozen=True):
    connections: int
    unauthenticated: int
    opened: int
    rejected: int
    shed_frames: int
    queued_bytes: int
    closes: dict[int, int]


class ConnectionManager:
    def __init__(
        self,
        services: SessionServices,
        run_queue: RunQueue,
        wheel: TimerWheel,
        flusher: Flusher,
        limits: Limits,
    ) -> None:
        self.services = services
        self.wheel = wheel
        self.flusher = flusher
        self.limits = limits
        self.outbound_encoders = OutboundEncoders()
        self._run_queue = run_queue
        self.heartbeat = Heartbeat(wheel, limits.heartbeat_ms / 1000)
        self.input_scheduler = InputScheduler(asyncio.get_running_loop())
        self._admission_limiter = AdmissionLimiter(limits.sockets_new_per_s)
        self._connections: dict[WebSocketConnection, None] = {}
        self._unauthenticated = 0
        self._opened = self._rejected = self._shed_frames = 0
        self._closes: Counter[int] = Counter()
        self._draining = False
        # One for all cells: a bound method made for each would be kept by each.
        self._on_crash = self._stop_crashed_session

    def statistics(self) -> ConnectionStatistics:
        return ConnectionStatistics(
            connections=len(self._connections),
            unauthenticated=self._unauthenticated,
            opened=self._opened,
            rejected=self._rejected,
            shed_frames=self._shed_frames + sum(socket.send_queue.shed_count for socket in self._connections),
            queued_bytes=sum(socket.send_queue.queued_bytes for socket in self._connections),
            closes=dict(self._closes),
        )

    def admit(self) -> None:
        """Let one more connection in.

        Raises:
            Refusal: server.overloaded, with when to come back.
        """
        if self._draining:
            self._rejected += 1
            raise overloaded("The server is stopping.", REJECTED_RETRY_MS)
        if self._unauthenticated >= self.limits.sockets_unauthenticated:
            self._rejected += 1
            raise overloaded("Too many sockets have not authenticated yet.", REJECTED_RETRY_MS)
        wait_ms = self._admission_limiter.admit_or_wait_ms()
        if wait_ms:
            self._rejected += 1
            raise overloaded("Too many new sockets at once.", max(wait_ms, REJECTED_RETRY_MS))

    def create_session_ref(self, session: Session) -> ActorRef[bytes | Identity]:
        return ActorRef(session, self._run_queue, self.limits.mailbox_messages, self._on_crash)

    def frame_token_bucket(self, *, authenticated: bool) -> TokenBucket:
        """Return the budget for the frames of one socket, by whether its client has authenticated."""
        if authenticated:
            return TokenBucket(self.limits.frames_per_s, self.limits.frames_burst)
        return TokenBucket(UNAUTHENTICATED_FRAMES_PER_S, self.limits.frames_unauthenticated)

    def add(self, connection: "WebSocketConnection") -> int:
        self._opened += 1
        self._unauthenticated += 1
        self._connections[connection] = None
        return self.heartbeat.add(connection)

    def on_authenticated(self) -> None:
        self._unauthenticated -= 1

    def remove(self, connection: "WebSocketConnection", bucket: int, *, unauthenticated: bool) -> None:
        if self._connections.pop(connection, connection) is None:
            self._unauthenticated -= unauthenticated
            self._shed_frames += connection.send_queue.shed_count
            self.heartbeat.remove(connection, bucket)

    def count_close(self, code: int) -> None:
        self._closes[code] += 1

    def stop_admitting(self) -> None:
        self._draining = True

    async def drain(self, spread_ms: int, timeout_s: float) -> None:
        """Say goodbye to everybody in waves, each with its own moment to come back."""
        self._draining = True
        waiting = list(self._connections)
        random.shuffle(waiting)
        wave = max(1, len(waiting) // DRAIN_WAVES)
        for start in range(0, len(waiting), wave):
            for socket in waiting[start : start + wave]:
                retry_after_ms = random.randrange(spread_ms + 1)  # noqa: S311 - spreads load, guards nothing
                socket.close(CloseCode.SHUTDOWN, "the server is stopping", retry_after_ms)
            await asyncio.sleep(0)
        end = asyncio.get_running_loop().time() + timeout_s
        while self._connections and asyncio.get_running_loop().time() < end:  # noqa: ASYNC110 - rare, at the end
            await asyncio.sleep(0.02)

    def _stop_crashed_session(self, ref: ActorRef[bytes | Identity], error: Exception) -> None:
        """A session has no storage to start anew from: its socket was told, its client comes back."""
        ref.stop(error)
