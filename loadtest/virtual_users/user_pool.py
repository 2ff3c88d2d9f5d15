"""All guests of a process: they come spread over time, and leave together.

It never asks anything for them.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence

from loadtest.run_plan import Assignment
from loadtest.virtual_users.connection_lifecycle import ConnectionState
from loadtest.virtual_users.virtual_user import VirtualUser
from loadtest.virtual_users.worker_context import WorkerContext

POLL_S = 0.02


class UserPool:
    def __init__(self, assignments: Sequence[Assignment], context: WorkerContext) -> None:
        self._assignments = assignments
        self.users = [VirtualUser(seat, context) for seat in assignments]
        self.senders = [guest for guest, seat in zip(self.users, assignments, strict=True) if seat.sends]

    async def connect_all(self, deadline_s: float) -> None:
        """Connect everybody, each at the moment of its seat; waits for them so long after the last one."""
        began = time.monotonic()
        for seat, guest in sorted(zip(self._assignments, self.users, strict=True), key=_connect_time):
            ahead_s = began + seat.connect_at_s - time.monotonic()
            if ahead_s > 0:
                await asyncio.sleep(ahead_s)
            guest.connection.connect()
        end = time.monotonic() + deadline_s
        while self.ready_count + self.closed_count < len(self.users) and time.monotonic() < end:  # noqa: ASYNC110 - rare
            await asyncio.sleep(POLL_S)

    @property
    def ready_count(self) -> int:
        return sum(guest.state is ConnectionState.READY for guest in self.users)

    @property
    def closed_count(self) -> int:
        return sum(guest.state is ConnectionState.CLOSED for guest in self.users)

    @property
    def unanswered_count(self) -> int:
        """How much was asked and not answered."""
        return sum(guest.unanswered_count for guest in self.users)

    def disconnect_all(self, reconnect_spread_s: float) -> None:
        """Cut everybody off at once; they come back spread over so long."""
        count = max(1, len(self.users))
        for number, guest in enumerate(self.users):
            guest.connection.disconnect(reconnect_spread_s * number / count)

    def ready_users(self) -> Iterator[VirtualUser]:
        """Those who are connected."""
        return (guest for guest in self.users if guest.state is ConnectionState.READY)

    def close_all(self) -> None:
        for guest in self.users:
            guest.connection.close()


def _connect_time(pair: tuple[Assignment, VirtualUser]) -> float:
    return pair[0].connect_at_s
