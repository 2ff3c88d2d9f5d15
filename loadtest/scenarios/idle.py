"""Workload of idle connections; at the given rate a random one sends a ping."""

import msgspec

from actors.protocol.commands import Ping
from loadtest.scenarios.workload import ScenarioContext
from loadtest.virtual_users.pending_requests import PendingRequest


class IdleWorkload:
    def __init__(self, context: ScenarioContext) -> None:
        self._context = context

    def perform(self, intended_us: int) -> None:
        user = self._context.rng.choice(self._context.user_pool.users)
        request_id = user.next_request_id()
        user.send_request(
            PendingRequest(
                request_id, "ping", msgspec.json.encode(Ping(request_id)), intended_us, resend=True
            )
        )

    async def run_background(self, begin_us: int, end_us: int) -> None:
        """Do nothing."""
