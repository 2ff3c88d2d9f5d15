"""Connections that are there: heartbeats, and at the given rate somebody asks for a sign of life."""

import msgspec

from actors.protocol.commands import Ping
from loadtest.scenarios.workload import ScenarioContext
from loadtest.virtual_users.pending_requests import PendingRequest


class IdleWorkload:
    """A `Play`."""

    def __init__(self, context: ScenarioContext) -> None:
        self._context = context

    def perform(self, intended_us: int) -> None:
        guest = self._context.rng.choice(self._context.user_pool.users)
        number = guest.next_request_id()
        guest.send_request(
            PendingRequest(number, "ping", msgspec.json.encode(Ping(number)), intended_us, resend=True)
        )

    async def run_background(self, begin_us: int, end_us: int) -> None:
        """Nothing happens besides."""
