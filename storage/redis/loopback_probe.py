"""Frames to ourselves: how long the way through the server takes, and whether it is still open.

A connection may be dead without a sign on either end; a probe unheard tells. It never decides what is
done about it.
"""

import asyncio
import secrets
import time
from collections.abc import Callable

from storage.errors import Unavailable


class LoopbackProbe:
    def __init__(self, publish: Callable[[str, bytes], None]) -> None:
        self.topic = f"probe:{secrets.token_hex(8)}"
        self._publish = publish
        self._number = 0
        self._sent: dict[int, float] = {}
        self._waiters: dict[int, asyncio.Future[None]] = {}
        self._lag_s = 0.0

    def send(self) -> int:
        self._number += 1
        self._sent[self._number] = time.monotonic()
        self._publish(self.topic, b"%d" % self._number)
        return self._number

    def on_frame(self, frame: bytes) -> None:
        number = int(frame)
        sent_at = self._sent.get(number)
        if sent_at is None:
            return
        self._lag_s = time.monotonic() - sent_at
        # Earlier ones were lost with a connection: the way is open again all the same.
        self._sent = {later: at for later, at in self._sent.items() if later > number}
        asking = self._waiters.get(number)
        if asking is not None and not asking.done():
            asking.set_result(None)

    async def check(self, timeout_s: float) -> None:
        """Send a frame and hear it. Raises `Unavailable` when it takes longer."""
        number = self.send()
        asking = self._waiters[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout_s):
                await asking
        except TimeoutError:
            raise Unavailable("redis: a frame of our own was not heard") from None
        finally:
            del self._waiters[number]

    def in_flight_s(self) -> float:
        """How long the oldest one is on its way."""
        if not self._sent:
            return 0.0
        return time.monotonic() - next(iter(self._sent.values()))

    def lag_ms(self) -> float:
        return max(self._lag_s, self.in_flight_s()) * 1000

    def discard_in_flight(self) -> None:
        """Expect nothing that is on its way."""
        self._sent.clear()
