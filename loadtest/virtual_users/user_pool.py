"""All virtual users of a worker process."""

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
        self.users = [VirtualUser(assignment, context) for assignment in assignments]
        self.senders = [
            user for user, assignment in zip(self.users, assignments, strict=True) if assignment.sends
        ]

    async def connect_all(self, deadline_s: float) -> None:
        """Start all connections at their assigned times; wait up to `deadline_s` after the last one."""
        started = time.monotonic()
        for assignment, user in sorted(zip(self._assignments, self.users, strict=True), key=_connect_time):
            delay_s = started + assignment.connect_at_s - time.monotonic()
            if delay_s > 0:
                await asyncio.sleep(delay_s)
            user.connection.connect()
        end = time.monotonic() + deadline_s
        while self.ready_count + self.closed_count < len(self.users) and time.monotonic() < end:  # noqa: ASYNC110 - rare
            await asyncio.sleep(POLL_S)

    @property
    def ready_count(self) -> int:
        return sum(user.state is ConnectionState.READY for user in self.users)

    @property
    def closed_count(self) -> int:
        return sum(user.state is ConnectionState.CLOSED for user in self.users)

    @property
    def unanswered_count(self) -> int:
        """The number of requests without a reply."""
        return sum(user.unanswered_count for user in self.users)

    def disconnect_all(self, reconnect_spread_s: float) -> None:
        """Disconnect all users at once; they reconnect spread over `reconnect_spread_s`."""
        count = max(1, len(self.users))
        for number, user in enumerate(self.users):
            user.connection.disconnect(reconnect_spread_s * number / count)

    def ready_users(self) -> Iterator[VirtualUser]:
        """Iterate over the connected users."""
        return (user for user in self.users if user.state is ConnectionState.READY)

    def close_all(self) -> None:
        for user in self.users:
            user.connection.close()


def _connect_time(pair: tuple[Assignment, VirtualUser]) -> float:
    return pair[0].connect_at_s
