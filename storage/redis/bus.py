"""The bus on Redis pub/sub: a connection to publish, one to subscribe, and a loopback probe through both."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from storage.contracts.bus import BusStatistics
from storage.errors import Unavailable
from storage.redis.loopback_probe import LoopbackProbe
from storage.redis.publisher import Publisher
from storage.redis.redis_address import parse_address
from storage.redis.subscriber import Subscriber
from storage.redis.timeouts import Timeouts

_log = logging.getLogger(__name__)
PROBE_CHECK_INTERVAL_S = 1.0
DRAIN_TIMEOUT_S = 1.0


class RedisBus:
    """Implements `storage.contracts.bus.Bus`."""

    def __init__(self, url: str, queued_messages_max: int, timeouts: Timeouts) -> None:
        address = parse_address(url)
        self._timeouts = timeouts
        self._publisher = Publisher(address, timeouts, queued_messages_max, self._handle_publisher_loss)
        self._subscriber = Subscriber(address, timeouts, self._dispatch, self._handle_loss)
        self._probe = LoopbackProbe(self._publisher.publish)
        self._message_callback: Callable[[str, bytes], None] = lambda _topic, _message: None
        self._lost_callback: Callable[[], None] = lambda: None
        self._received = 0
        self._timer: asyncio.TimerHandle | None = None
        self._probe_checked_at = 0.0
        self._probed_at = 0.0

    @classmethod
    async def open(
        cls, url: str, *, queued_messages_max: int, timeouts: Timeouts | None = None
    ) -> "RedisBus":
        """Connect. Raises `Unavailable`, or `InvalidStoreUrl`."""
        bus = cls(url, queued_messages_max, timeouts or Timeouts())
        try:
            await bus._publisher.connection.open()
            await bus._subscriber.connection.open()
            await bus._subscriber.subscribe([bus._probe.topic])
        except BaseException:
            await bus.close()
            raise
        bus._check_probe()
        return bus

    async def close(self) -> None:
        """Send queued messages for at most `DRAIN_TIMEOUT_S`, then close both connections."""
        if self._timer is not None:
            self._timer.cancel()
        await self._publisher.drain(DRAIN_TIMEOUT_S)
        await self._publisher.connection.close()
        await self._subscriber.connection.close()

    async def check(self) -> None:
        """Publish a probe and wait until it is received. Raises `Unavailable`."""
        if not self.statistics().connected:
            raise Unavailable("redis: not connected")
        await self._probe.check(self._timeouts.reply_s)

    def publish(self, topic: str, message: bytes) -> None:
        self._publisher.publish(topic, message)

    async def subscribe(self, topics: Sequence[str]) -> None:
        await self._subscriber.subscribe(topics)

    def unsubscribe(self, topics: Sequence[str]) -> None:
        self._subscriber.unsubscribe(topics)

    def set_message_callback(self, callback: Callable[[str, bytes], None]) -> None:
        self._message_callback = callback

    def set_loss_callback(self, callback: Callable[[], None]) -> None:
        self._lost_callback = callback

    def statistics(self) -> BusStatistics:
        """Return counters; they include the probe's topic and messages."""
        publisher, subscriber = self._publisher, self._subscriber
        return BusStatistics(
            connected=publisher.connection.connected and subscriber.is_restored,
            topics=len(subscriber),
            waiting=publisher.waiting,
            published=publisher.published,
            received=self._received,
            dropped=publisher.dropped,
            reconnects=publisher.connection.reconnects + subscriber.connection.reconnects,
            lag_ms=self._probe.lag_ms(),
        )

    def _dispatch(self, topic: str, message: bytes) -> None:
        self._received += 1
        if topic == self._probe.topic:
            self._probe.on_message(message)
        else:
            self._message_callback(topic, message)

    def _handle_publisher_loss(self) -> None:
        # Otherwise the subscriber reports the loss, once its topics are subscribed again.
        if self._subscriber.is_restored:
            self._handle_loss()

    def _handle_loss(self) -> None:
        # Probe a new connection at once: it may lead to another server, or receive nothing.
        self._probe.discard_in_flight()
        self._probe_now()
        try:
            self._lost_callback()
        except Exception:  # noqa: BLE001 - an error must not break the connection
            _log.exception("handler of lost bus messages failed")

    def _check_probe(self) -> None:
        """Reconnect if the probe in flight is overdue; send one when the last is `probe_interval_s` old."""
        loop = asyncio.get_running_loop()
        now, before = loop.time(), self._probe_checked_at
        self._probe_checked_at = now
        self._timer = loop.call_later(PROBE_CHECK_INTERVAL_S, self._check_probe)
        publisher, subscriber = self._publisher.connection, self._subscriber.connection
        since_loss_s = now - max(publisher.lost_at, subscriber.lost_at)
        if self._probe.in_flight_s() >= since_loss_s or now - before > 3 * PROBE_CHECK_INTERVAL_S:
            # Sent before the connection was lost or this process paused, so it shows no failure.
            self._probe.discard_in_flight()
        if self._probe.in_flight_s() > self._timeouts.probe_timeout_s:
            self._probe.discard_in_flight()
            publisher.outage.failed("probe message not received")
            publisher.abort()
            subscriber.abort()
        elif now - self._probed_at >= self._timeouts.probe_interval_s:
            self._probe_now()

    def _probe_now(self) -> None:
        self._probed_at = asyncio.get_running_loop().time()
        self._probe.send()
