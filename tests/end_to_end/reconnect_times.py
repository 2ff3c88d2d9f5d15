"""Measures how long clients are disconnected."""

import asyncio
import time
from collections.abc import Sequence

from client.client import Client
from tests.end_to_end.polling import POLL_S


class ReconnectTimes:
    """Times from the loss of a connection to the next `ready`, by polling. `watch` runs until cancelled."""

    def __init__(self, clients: Sequence[Client]) -> None:
        self._clients = clients
        self._lost_at: dict[Client, float] = {}
        self._connects = {client: client.statistics().connects for client in clients}
        self.seconds: list[float] = []

    async def watch(self) -> None:
        while True:
            now = time.monotonic()
            for client in self._clients:
                self._sample(client, now)
            await asyncio.sleep(POLL_S)

    def _sample(self, client: Client, now: float) -> None:
        if not client.connected:
            self._lost_at.setdefault(client, now)
            return
        connects = client.statistics().connects
        if connects > self._connects[client]:
            self._connects[client] = connects
            self.seconds.append(now - self._lost_at.pop(client, now))
