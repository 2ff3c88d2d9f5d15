"""Hears topics, on a connection of its own; what is wanted outlives the connection.

Changes of one loop tick leave together. After every new connection all wanted topics are asked for
again, and once the last is confirmed a gap is told. It never tells a frame of a topic no longer wanted.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence

from storage.errors import Unavailable
from storage.redis.address import Address
from storage.redis.connection import Connection, Reply, packed
from storage.redis.link import Link
from storage.redis.patience import Patience
from storage.redis.topic import Topic, Waiter

_log = logging.getLogger(__name__)
TOPICS_PER_COMMAND = 500


class Subscriber:
    def __init__(
        self,
        address: Address,
        patience: Patience,
        heard: Callable[[str, bytes], None],
        gap: Callable[[], None],
    ) -> None:
        self.link = Link(address, patience, "subscriber", self._opened, self._lost)
        self._patience = patience
        self._heard = heard
        self._gap = gap
        self._connection: Connection | None = None
        self._topics: dict[bytes, Topic] = {}
        self._changed: dict[bytes, Topic] = {}
        self._scheduled = False
        self._opened_before = False
        self._restoring = 0
        self._gap_owed = False

    @property
    def whole(self) -> bool:
        """Connected, and everything that was wanted at the time is heard again."""
        return self._connection is not None and self._restoring == 0

    def __len__(self) -> int:
        return len(self._topics)

    async def subscribe(self, names: Sequence[str]) -> None:
        """Listen; gives up with `Unavailable` after a while (at once in a long outage); they stay wanted."""
        unheard = [topic for topic in map(self._want, dict.fromkeys(names)) if not topic.heard]
        if not unheard:
            return
        waiter = Waiter(len(unheard))
        for topic in unheard:
            topic.wait(waiter)
        within_s = self._patience.reply_s
        if not self.link.connected:
            within_s -= asyncio.get_running_loop().time() - self.link.lost_at
        try:
            async with asyncio.timeout(max(0.0, within_s)):
                await waiter.heard
        except TimeoutError:
            waiter.given_up = True
            raise Unavailable("redis: topics are not confirmed") from None

    def unsubscribe(self, names: Iterable[str]) -> None:
        for name in names:
            key = name.encode()
            topic = self._topics.get(key)
            if topic is not None and topic.wanted:
                topic.wanted = False
                # Who still waits wanted what is now unwanted: nothing keeps them.
                for waiter in topic.release():
                    self._gap_owed |= waiter.one_less()
                self._change(key, topic)

    def _want(self, name: str) -> Topic:
        key = name.encode()
        topic = self._topics.get(key)
        if topic is None:
            topic = self._topics[key] = Topic(name)
        if not topic.wanted:
            topic.wanted = True
            self._change(key, topic)
        return topic

    def _change(self, key: bytes, topic: Topic) -> None:
        self._changed[key] = topic
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._scheduled = False
        changed, self._changed = self._changed, {}
        wanted = {key: topic for key, topic in changed.items() if topic.wanted and not topic.asked}
        unwanted = {key: topic for key, topic in changed.items() if topic.asked and not topic.wanted}
        if self._connection is not None:
            self._ask(b"UNSUBSCRIBE", unwanted)
            self._ask(b"SUBSCRIBE", wanted)
        for key, topic in changed.items():
            self._forget_unwanted(key, topic)

    def _ask(self, command: bytes, topics: dict[bytes, Topic]) -> None:
        assert self._connection is not None
        keys = list(topics)
        for start in range(0, len(keys), TOPICS_PER_COMMAND):
            some = keys[start : start + TOPICS_PER_COMMAND]
            self._connection.send(packed(command, *some), len(some))
        for topic in topics.values():
            topic.asked = command == b"SUBSCRIBE"
            topic.pending += 1

    def _forget_unwanted(self, key: bytes, topic: Topic) -> None:
        if not topic.wanted and not topic.asked and topic.pending == 0:
            self._topics.pop(key, None)

    def _reply(self, reply: Reply) -> None:
        if not isinstance(reply, list):
            # An error names no topic: which one it was about is found out by asking for all again.
            _log.warning("redis subscriber: refused; its connection is remade")
            self.link.abort()
            return
        topic = self._topics.get(reply[1])
        if reply[0] == b"message":
            if topic is not None and topic.wanted:
                self._tell(topic.name, reply[2])
            return
        assert self._connection is not None
        self._connection.unanswered -= 1
        if topic is not None:
            self._confirm(reply[1], topic)
        if self._restoring:
            self._restoring -= 1
        if self._gap_owed and not self._restoring:
            self._gap_owed = False
            self._gap()

    def _confirm(self, key: bytes, topic: Topic) -> None:
        topic.pending -= 1
        if topic.heard:
            for waiter in topic.release():
                self._gap_owed |= waiter.one_less()
        else:
            self._forget_unwanted(key, topic)

    def _tell(self, name: str, frame: bytes) -> None:
        try:
            self._heard(name, frame)
        except Exception:  # noqa: BLE001 - the connection must live on
            _log.exception("a frame of the bus could not be handled")

    def _opened(self, connection: Connection) -> None:
        connection.on_reply = self._reply
        self._connection = connection
        # Replies come in the order of the commands, so these are the first ones.
        self._restoring = len(self._topics)
        self._gap_owed = self._opened_before
        self._opened_before = True
        self._ask(b"SUBSCRIBE", self._topics)
        if self._gap_owed and not self._restoring:
            self._gap_owed = False
            self._gap()

    def _lost(self) -> None:
        self._connection = None
        self._restoring = 0
        for key, topic in list(self._topics.items()):
            topic.asked = False
            topic.pending = 0
            self._forget_unwanted(key, topic)
