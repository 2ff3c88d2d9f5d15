"""Subscribes to topics on a dedicated connection, and again after each reconnect.

Changes of one loop tick are sent together. After a reconnect, once every topic is confirmed,
`on_messages_lost` is called. Messages of unsubscribed topics are discarded.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from contextvars import Context

from storage.errors import Unavailable
from storage.redis.reconnecting_connection import ReconnectingConnection
from storage.redis.redis_address import RedisAddress
from storage.redis.resp_connection import Reply, RespConnection, encode_command
from storage.redis.timeouts import Timeouts


class SubscribeWaiter:
    """A `subscribe` call that waits for confirmations.

    If it times out, messages may be lost until the last confirmation, which then reports the loss.
    """

    __slots__ = ("confirmed", "remaining", "timed_out")

    def __init__(self, topics: int) -> None:
        self.remaining = topics
        self.timed_out = False
        self.confirmed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def confirm_one(self) -> bool:
        """Count a confirmation. Returns True if it was the last one and the call had timed out."""
        self.remaining -= 1
        if self.remaining:
            return False
        if not self.confirmed.done():
            self.confirmed.set_result(None)
        return self.timed_out


class TopicSubscription:
    """`requested`: the last command sent for it was SUBSCRIBE; `unanswered`: commands without a reply.

    Only the reply to the last command counts, because UNSUBSCRIBE may follow SUBSCRIBE.
    """

    __slots__ = ("name", "requested", "unanswered", "waiters", "wanted")

    def __init__(self, name: str) -> None:
        self.name = name
        self.wanted = False
        self.requested = False
        self.unanswered = 0
        self.waiters: list[SubscribeWaiter] | None = None

    @property
    def is_active(self) -> bool:
        return self.wanted and self.requested and self.unanswered == 0

    def add_waiter(self, waiter: SubscribeWaiter) -> None:
        if self.waiters is None:
            self.waiters = [waiter]
        else:
            self.waiters.append(waiter)

    def pop_waiters(self) -> Iterable[SubscribeWaiter]:
        waiters, self.waiters = self.waiters, None
        return waiters or ()


_log = logging.getLogger(__name__)
TOPICS_PER_COMMAND = 500


class Subscriber:
    def __init__(
        self,
        address: RedisAddress,
        timeouts: Timeouts,
        on_message: Callable[[str, bytes], None],
        on_messages_lost: Callable[[], None],
    ) -> None:
        self.connection = ReconnectingConnection(
            address, timeouts, "subscriber", self._on_connected, self._on_lost
        )
        self._timeouts = timeouts
        self._on_message = on_message
        self._on_messages_lost = on_messages_lost
        self._current: RespConnection | None = None
        self._topics: dict[bytes, TopicSubscription] = {}
        self._changed: dict[bytes, TopicSubscription] = {}
        self._scheduled = False
        self._was_connected = False
        self._restoring = 0
        # Whether `on_messages_lost` is still to be called.
        self._loss_pending = False

    @property
    def is_restored(self) -> bool:
        """Whether it is connected and every topic that was wanted when it connected is subscribed."""
        return self._current is not None and self._restoring == 0

    def __len__(self) -> int:
        return len(self._topics)

    async def subscribe(self, names: Sequence[str]) -> None:
        """Subscribe and wait for confirmation.

        Raises:
            Unavailable: not confirmed within `reply_s` (immediately during a long outage). The topics stay
                wanted; once confirmed, `on_messages_lost` is called.
        """
        unconfirmed = [topic for topic in map(self._mark_wanted, dict.fromkeys(names)) if not topic.is_active]
        if not unconfirmed:
            return
        waiter = SubscribeWaiter(len(unconfirmed))
        for topic in unconfirmed:
            topic.add_waiter(waiter)
        timeout_s = self._timeouts.reply_s
        if not self.connection.connected:
            timeout_s -= asyncio.get_running_loop().time() - self.connection.lost_at
        try:
            async with asyncio.timeout(max(0.0, timeout_s)):
                await waiter.confirmed
        except TimeoutError:
            waiter.timed_out = True
            raise Unavailable("redis: topics are not confirmed") from None

    def unsubscribe(self, names: Iterable[str]) -> None:
        for name in names:
            key = name.encode()
            topic = self._topics.get(key)
            if topic is not None and topic.wanted:
                topic.wanted = False
                # Release calls that still wait for this topic.
                for waiter in topic.pop_waiters():
                    self._loss_pending |= waiter.confirm_one()
                self._schedule_flush(key, topic)

    def _mark_wanted(self, name: str) -> TopicSubscription:
        key = name.encode()
        topic = self._topics.get(key)
        if topic is None:
            topic = self._topics[key] = TopicSubscription(name)
        if not topic.wanted:
            topic.wanted = True
            self._schedule_flush(key, topic)
        return topic

    def _schedule_flush(self, key: bytes, topic: TopicSubscription) -> None:
        self._changed[key] = topic
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._flush, context=Context())

    def _flush(self) -> None:
        self._scheduled = False
        changed, self._changed = self._changed, {}
        wanted = {key: topic for key, topic in changed.items() if topic.wanted and not topic.requested}
        unwanted = {key: topic for key, topic in changed.items() if topic.requested and not topic.wanted}
        if self._current is not None:
            self._send_command(b"UNSUBSCRIBE", unwanted)
            self._send_command(b"SUBSCRIBE", wanted)
        for key, topic in changed.items():
            self._drop_unwanted(key, topic)

    def _send_command(self, command: bytes, topics: dict[bytes, TopicSubscription]) -> None:
        assert self._current is not None
        keys = list(topics)
        for start in range(0, len(keys), TOPICS_PER_COMMAND):
            batch = keys[start : start + TOPICS_PER_COMMAND]
            self._current.send(encode_command(command, *batch), len(batch))
        for topic in topics.values():
            topic.requested = command == b"SUBSCRIBE"
            topic.unanswered += 1

    def _drop_unwanted(self, key: bytes, topic: TopicSubscription) -> None:
        if not topic.wanted and not topic.requested and topic.unanswered == 0:
            self._topics.pop(key, None)

    def _on_reply(self, reply: Reply) -> None:
        if not isinstance(reply, list):
            # An error names no topic, so reconnect and subscribe to all again.
            self.connection.outage.failed("subscription failed")
            self.connection.abort()
            return
        topic = self._topics.get(reply[1])
        if reply[0] == b"message":
            if topic is not None and topic.wanted:
                self._deliver(topic.name, reply[2])
            return
        assert self._current is not None
        self._current.unanswered -= 1
        if topic is not None:
            self._confirm(reply[1], topic)
        if self._restoring:
            self._restoring -= 1
        if self._loss_pending and not self._restoring:
            self._loss_pending = False
            self._on_messages_lost()

    def _confirm(self, key: bytes, topic: TopicSubscription) -> None:
        topic.unanswered -= 1
        if topic.is_active:
            for waiter in topic.pop_waiters():
                self._loss_pending |= waiter.confirm_one()
        else:
            self._drop_unwanted(key, topic)

    def _deliver(self, name: str, message: bytes) -> None:
        try:
            self._on_message(name, message)
        except Exception:  # noqa: BLE001 - an error must not break the connection
            _log.exception("bus message handler failed")

    def _on_connected(self, connection: RespConnection) -> None:
        connection.on_reply = self._on_reply
        self._current = connection
        # Replies arrive in command order, so the next ones confirm these topics.
        self._restoring = len(self._topics)
        self._loss_pending = self._was_connected
        self._was_connected = True
        self._send_command(b"SUBSCRIBE", self._topics)
        if self._loss_pending and not self._restoring:
            self._loss_pending = False
            self._on_messages_lost()

    def _on_lost(self) -> None:
        self._current = None
        self._restoring = 0
        for key, topic in list(self._topics.items()):
            topic.requested = False
            topic.unanswered = 0
            self._drop_unwanted(key, topic)
