"""Probe messages that this instance publishes to itself, to measure latency and detect dead connections.

A connection may be dead without an error on either end; a probe that does not return shows it.
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
        """Publish the next probe and return its number."""
        self._number += 1
        self._sent[self._number] = time.monotonic()
        self._publish(self.topic, b"%d" % self._number)
        return self._number

    def on_message(self, message: bytes) -> None:
        number = int(message)
        # Also for a probe that `discard_in_flight` has forgotten: it arrived.
        waiter = self._waiters.get(number)
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
        sent_at = self._sent.get(number)
        if sent_at is None:
            return
        self._lag_s = time.monotonic() - sent_at
        # Earlier probes were lost with a connection; it works again, so forget them.
        self._sent = {later: at for later, at in self._sent.items() if later > number}

    async def check(self, timeout_s: float) -> None:
        """Send a probe and wait for it. Raises `Unavailable` after `timeout_s`."""
        number = self.send()
        waiter = self._waiters[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout_s):
                await waiter
        except TimeoutError:
            raise Unavailable("redis: probe message not received") from None
        finally:
            del self._waiters[number]

    def in_flight_s(self) -> float:
        """Return how long the oldest probe has been in flight; 0 if there is none."""
        if not self._sent:
            return 0.0
        return time.monotonic() - next(iter(self._sent.values()))

    def lag_ms(self) -> float:
        """Return the time of the last probe that came back, or of the oldest in flight if that is longer."""
        return max(self._lag_s, self.in_flight_s()) * 1000

    def discard_in_flight(self) -> None:
        """Forget all probes in flight."""
        self._sent.clear()
