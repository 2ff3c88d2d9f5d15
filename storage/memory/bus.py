"""An in-memory bus. Buses attached to one broker act as the instances of one system.

A test can disconnect the broker, reconnect it, or drop single messages. Messages arrive in a later iteration
of the event loop, as from a server.
"""

import asyncio
from collections.abc import Callable, Sequence

from storage.contracts.bus import BusStatistics
from storage.errors import Unavailable


class MemoryBroker:
    """The broker that buses share. `should_drop` decides which messages are lost."""

    def __init__(self) -> None:
        self._buses: list[MemoryBus] = []
        self._connected = True
        self.should_drop: Callable[[str, bytes], bool] = lambda _topic, _message: False

    @property
    def connected(self) -> bool:
        return self._connected

    def attach(self, bus: "MemoryBus") -> None:
        self._buses.append(bus)

    def detach(self, bus: "MemoryBus") -> None:
        if bus in self._buses:
            self._buses.remove(bus)

    def disconnect(self) -> None:
        """Disconnect all buses; messages published from now on are dropped."""
        self._connected = False

    def reconnect(self) -> None:
        """Reconnect all buses, which report that messages may be lost."""
        self._connected = True
        for bus in self._buses:
            bus.on_reconnect()

    def publish(self, topic: str, message: bytes) -> bool:
        """Deliver a message to every subscriber. Returns False while disconnected."""
        if not self._connected:
            return False
        if not self.should_drop(topic, message):
            for bus in self._buses:
                bus.deliver(topic, message)
        return True


class MemoryBus:
    """Implements `storage.contracts.bus.Bus`."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker
        self._topics: set[str] = set()
        self._message_callback: Callable[[str, bytes], None] = lambda _topic, _message: None
        self._lost_callback: Callable[[], None] = lambda: None
        self._published = self._received = self._dropped = self._reconnects = 0
        broker.attach(self)

    async def close(self) -> None:
        self._broker.detach(self)

    async def check(self) -> None:
        """Raise `Unavailable` while the broker is disconnected."""
        await asyncio.sleep(0)
        if not self._broker.connected:
            raise Unavailable("memory: not connected")

    def publish(self, topic: str, message: bytes) -> None:
        if self._broker.publish(topic, message):
            self._published += 1
        else:
            self._dropped += 1

    async def subscribe(self, topics: Sequence[str]) -> None:
        self._topics.update(topics)
        await self.check()

    def unsubscribe(self, topics: Sequence[str]) -> None:
        self._topics.difference_update(topics)

    def set_message_callback(self, callback: Callable[[str, bytes], None]) -> None:
        self._message_callback = callback

    def set_loss_callback(self, callback: Callable[[], None]) -> None:
        self._lost_callback = callback

    def statistics(self) -> BusStatistics:
        return BusStatistics(
            connected=self._broker.connected,
            topics=len(self._topics),
            waiting=0,
            published=self._published,
            received=self._received,
            dropped=self._dropped,
            reconnects=self._reconnects,
            lag_ms=0.0,
        )

    def deliver(self, topic: str, message: bytes) -> None:
        """Dispatch a message in the next loop tick, if its topic is still subscribed then."""
        if topic in self._topics:
            asyncio.get_running_loop().call_soon(self._dispatch, topic, message)

    def on_reconnect(self) -> None:
        self._reconnects += 1
        asyncio.get_running_loop().call_soon(self._report_gap)

    def _dispatch(self, topic: str, message: bytes) -> None:
        if topic in self._topics:
            self._received += 1
            self._message_callback(topic, message)

    def _report_gap(self) -> None:
        self._lost_callback()
