"""Admission, bookkeeping and draining of the websocket connections of an instance.

Limits are checked before any other work is done for a new connection.
"""

import asyncio
import random
from collections import Counter
from typing import Final, Protocol

import msgspec

from actors.delivery.flusher import Flusher
from actors.delivery.send_queue import SendQueue
from actors.protocol.errors import overloaded
from actors.runtime.actor_ref import ActorRef
from actors.runtime.run_queue import RunQueue
from actors.runtime.timer_wheel import TimerWheel
from actors.runtime.token_bucket import TokenBucket
from actors.sessions.session import Session
from actors.sessions.session_dependencies import SessionDependencies
from actors.sessions.transport import CloseCode
from config.limits import Limits
from server.websocket.admission_limiter import AdmissionLimiter
from server.websocket.heartbeat import Heartbeat, HeartbeatTarget
from server.websocket.input_scheduler import InputScheduler
from server.websocket.outbound_encoder import OutboundEncoders
from storage.contracts.users import Identity

REJECTED_RETRY_MS: Final = 1000
DRAIN_WAVES: Final = 20
UNAUTHENTICATED_FRAMES_PER_S: Final = 0.5


class ManagedConnection(HeartbeatTarget, Protocol):
    """An open connection as its manager uses it."""

    @property
    def send_queue(self) -> SendQueue: ...

    def close(self, code: int, reason: str, retry_after_ms: int | None = None) -> None:
        """Send a goodbye and a Close, and close the transport. Abort it if the client does not read.

        No effect on a closing connection.
        """


class ConnectionStatistics(msgspec.Struct, frozen=True):
    """`rejected` counts upgrades that were not admitted, `closes` by close code.

    `shed_frames` were dropped or skipped because a client was slow.
    """

    connections: int
    unauthenticated: int
    opened: int
    rejected: int
    shed_frames: int
    queued_bytes: int
    queued_bytes_max: int
    closes: dict[int, int]


class ConnectionManager:
    def __init__(
        self,
        session_dependencies: SessionDependencies,
        run_queue: RunQueue,
        wheel: TimerWheel,
        flusher: Flusher,
        limits: Limits,
    ) -> None:
        self.session_dependencies = session_dependencies
        self.wheel = wheel
        self.flusher = flusher
        self.limits = limits
        self.outbound_encoders = OutboundEncoders()
        self._run_queue = run_queue
        self.heartbeat = Heartbeat(wheel, limits.heartbeat_ms / 1000)
        self.input_scheduler = InputScheduler(asyncio.get_running_loop())
        # Separate, so that unauthenticated connections neither keep users out nor delay their reconnects.
        self._authenticated_limiter = AdmissionLimiter(limits.sockets_new_per_s)
        self._unauthenticated_limiter = AdmissionLimiter(limits.sockets_new_per_s)
        self._connections: dict[ManagedConnection, None] = {}
        self._unauthenticated: Counter[str] = Counter()
        self._opened = self._rejected = self._shed_frames = 0
        self._closes: Counter[int] = Counter()
        self._draining = False
        # Shared by all sessions: a bound method per session would cost memory for each.
        self._on_crash = self._stop_crashed_session

    def statistics(self) -> ConnectionStatistics:
        return ConnectionStatistics(
            connections=len(self._connections),
            unauthenticated=self._unauthenticated.total(),
            opened=self._opened,
            rejected=self._rejected,
            shed_frames=self._shed_frames
            + sum(connection.send_queue.shed_count for connection in self._connections),
            queued_bytes=sum(connection.send_queue.queued_bytes for connection in self._connections),
            queued_bytes_max=max(
                (connection.send_queue.queued_bytes for connection in self._connections), default=0
            ),
            closes=dict(self._closes),
        )

    def admit(self, address: str, *, authenticated: bool) -> None:
        """Check the limits for one more connection of a client address.

        An authenticated connection, whose upgrade request had a valid token, needs no unauthenticated slot
        and counts against a separate rate limit.

        Raises:
            ApiError: server.overloaded, with the time after which to retry.
        """
        if self._draining:
            self._rejected += 1
            raise overloaded(
                "The server is shutting down; reconnect after `retry_after_ms`.", REJECTED_RETRY_MS
            )
        if not authenticated and (
            self._unauthenticated.total() >= self.limits.sockets_unauthenticated
            or self._unauthenticated[address] >= self.limits.sockets_unauthenticated_per_address
        ):
            self._rejected += 1
            raise overloaded(
                "Too many unauthenticated connections; reconnect after `retry_after_ms`.", REJECTED_RETRY_MS
            )
        limiter = self._authenticated_limiter if authenticated else self._unauthenticated_limiter
        wait_ms = limiter.admit_or_wait_ms()
        if wait_ms:
            self._rejected += 1
            raise overloaded(
                "Too many new connections; reconnect after `retry_after_ms`.", max(wait_ms, REJECTED_RETRY_MS)
            )

    def create_session_ref(self, session: Session) -> ActorRef[bytes | Identity]:
        return ActorRef(session, self._run_queue, self.limits.mailbox_messages, self._on_crash)

    def frame_token_bucket(self, *, authenticated: bool) -> TokenBucket:
        """Return a new rate limit for the frames of one connection; it is lower before authentication."""
        if authenticated:
            return TokenBucket(self.limits.frames_per_s, self.limits.frames_burst)
        return TokenBucket(UNAUTHENTICATED_FRAMES_PER_S, self.limits.frames_unauthenticated)

    def add(self, connection: ManagedConnection, unauthenticated_address: str | None) -> int:
        """Register an open connection. Returns its heartbeat bucket, for `remove`.

        The address is that of a client which has not authenticated, None for others.
        """
        self._opened += 1
        if unauthenticated_address is not None:
            self._unauthenticated[unauthenticated_address] += 1
        self._connections[connection] = None
        return self.heartbeat.add(connection)

    def free_unauthenticated_slot(self, address: str) -> None:
        """Free the slot of a connection that has authenticated, or was lost before."""
        self._unauthenticated[address] -= 1
        if not self._unauthenticated[address]:
            del self._unauthenticated[address]

    def remove(self, connection: ManagedConnection, bucket: int, unauthenticated_address: str | None) -> None:
        """Remove a connection that was lost. No effect if it was removed before."""
        if connection not in self._connections:
            return
        del self._connections[connection]
        if unauthenticated_address is not None:
            self.free_unauthenticated_slot(unauthenticated_address)
        self._shed_frames += connection.send_queue.shed_count
        self.heartbeat.remove(connection, bucket)

    def count_close(self, code: int) -> None:
        self._closes[code] += 1

    def stop_admitting(self) -> None:
        self._draining = True

    async def drain(self, spread_ms: int, timeout_s: float) -> None:
        """Close all connections in waves, and wait up to `timeout_s` until they are closed.

        Each client gets a random reconnect delay of up to `spread_ms`.
        """
        self._draining = True
        remaining = list(self._connections)
        random.shuffle(remaining)
        wave = max(1, len(remaining) // DRAIN_WAVES)
        for start in range(0, len(remaining), wave):
            for connection in remaining[start : start + wave]:
                retry_after_ms = random.randrange(spread_ms + 1)  # noqa: S311 - spreads load, guards nothing
                connection.close(CloseCode.SHUTDOWN, "the server is shutting down", retry_after_ms)
            await asyncio.sleep(0)
        end = asyncio.get_running_loop().time() + timeout_s
        while self._connections and asyncio.get_running_loop().time() < end:  # noqa: ASYNC110 - rare, at the end
            await asyncio.sleep(0.02)

    def _stop_crashed_session(self, ref: ActorRef[bytes | Identity], error: Exception) -> None:
        """Stop a crashed session: it has no stored state to restart from, and its client resumes."""
        ref.stop(error)
