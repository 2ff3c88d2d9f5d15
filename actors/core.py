"""The live part of one instance, put together: conversations, rooms, sessions, on given stores.

    socket -> Session -> Conversation -> LogWriter -> store
                 ^            |
                 +-- Room <---+--> bus <--> the other instances

Here it only says who is given what, and in which order it ends. It opens no store and no socket.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

import msgspec

from actors.accounts.authenticator import Authenticator
from actors.conversation.announcer import Announcer
from actors.conversation.conversation import Conversation, House
from actors.conversation.conversations import Conversations
from actors.conversation.letters import Grown, Letter, Written
from actors.conversation.log_writer import LogWriter
from actors.conversation.publisher import Publisher
from actors.conversation.reading import Reading
from actors.conversation.replay import Replay
from actors.conversation.summaries import Summaries
from actors.conversation.views import Cards, Views
from actors.delivery.flusher import Flusher
from actors.delivery.news import HeadNews, LogNews
from actors.delivery.rooms import Rooms
from actors.runtime.actor import MailboxFull, Stopped
from actors.runtime.registry import Budget, Registry
from actors.runtime.run_queue import RunQueue
from actors.runtime.wheel import Wheel
from actors.session.directory import Directory
from actors.session.link import CloseCode
from actors.session.session import Hall
from config.limits import Limits
from storage.contracts.bus import Bus, UserStreams
from storage.contracts.messaging import MessagingStore

CONTROL_TOPIC = "control"

revocation_decoder = msgspec.msgpack.Decoder(tuple[str, list[str]])


class CoreStores(msgspec.Struct, frozen=True):
    messaging: MessagingStore
    bus: Bus
    streams: UserStreams


class Core:
    """`framed` makes the frame of the socket from an encoded event; `name` is this instance's own."""

    def __init__(
        self,
        stores: CoreStores,
        authenticator: Authenticator,
        cards: Cards,
        limits: Limits,
        framed: Callable[[bytes], bytes],
        name: str,
    ) -> None:
        loop = asyncio.get_running_loop()
        self._authenticator = authenticator
        self._bus = stores.bus
        self._framed = framed
        self._name = name
        self._limits = limits
        messaging = stores.messaging
        self.wheel = Wheel(loop)
        self.queue = RunQueue(loop)
        self.flusher = Flusher(loop)
        replay = Replay(messaging, cards, framed)
        self.rooms = Rooms(stores.bus, replay, self.flusher, self.wheel, limits, name)
        views = Views(messaging, cards)
        announcer = Announcer(stores.streams, messaging, cards)
        self.reading = Reading(messaging, views, self.rooms, announcer, framed)
        self.summaries = Summaries(messaging, self.wheel, limits)
        self.log = LogWriter(messaging, limits)
        publisher = Publisher(self.rooms, framed, name)
        house = House(messaging, self.log, publisher, self.summaries, limits, announcer)
        self.actors: Registry[str, Letter] = Registry(
            lambda conversation_id: Conversation(conversation_id, house, self._answer),
            self.queue,
            self.wheel,
            mailbox=limits.mailbox_messages,
            idle_s=limits.actor_idle_s,
            budget=Budget(limits.actor_restarts, limits.actor_restart_window_s),
        )
        self.conversations = Conversations(
            messaging, self.actors, views, self.reading, replay, announcer, cards, limits
        )
        self.directory = Directory(stores.bus, stores.streams, self.rooms, messaging, limits, framed)
        self.hall = Hall(authenticator, self.conversations, self.directory, limits, framed)

    async def start(self) -> None:
        """Listen to the other instances. Raises `Unavailable`."""
        self.rooms.on_news(self._grown)
        self.rooms.on_left(self.directory.dismiss)
        self._bus.on_frame(self._heard)
        self._bus.on_gap(self._missed)
        await self._bus.subscribe([CONTROL_TOPIC])

    async def stop(self) -> None:
        """Finish what was begun and write what is due. Ended by its caller's deadline."""
        await self.conversations.drain()
        await self.actors.close(self._limits.shutdown_ms / 2000)
        await self.log.drain()
        await self.summaries.close()
        await self.reading.close()
        await self.directory.close()
        await self.rooms.close()
        self.wheel.close()

    def revoked(self, session_ids: Sequence[str]) -> None:
        """Those sessions have ended: their sockets close, here and on every instance."""
        self._revoke(session_ids)
        self._bus.publish(CONTROL_TOPIC, msgspec.msgpack.encode((self._name, list(session_ids))))

    def _revoke(self, session_ids: Sequence[str]) -> None:
        for session in self.directory.of_sessions(session_ids):
            session.link.close(CloseCode.SESSION_REVOKED, "the session was revoked")

    def _answer(self, conversation: Conversation, written: Written) -> None:
        cell = self.actors.awake(conversation.id)
        if cell is not None and cell.actor is conversation:
            cell.answer(written)

    def _grown(self, conversation_id: str, news: LogNews | HeadNews) -> None:
        cell = self.actors.awake(conversation_id)
        if cell is None:
            return
        # Not taken is no harm: the next write finds out from the log.
        with contextlib.suppress(MailboxFull, Stopped):
            if isinstance(news, LogNews):
                cell.tell(Grown(news.seq, news.sender_id, news.membership))
            else:
                cell.tell(Grown(news.seq, "", membership=False))

    def _heard(self, topic: str, frame: bytes) -> None:
        if topic.startswith("c:"):
            self.rooms.heard(topic[2:], frame, self._framed)
        elif topic.startswith("u:"):
            self.directory.heard(topic[2:], frame)
        elif topic == CONTROL_TOPIC:
            origin, session_ids = revocation_decoder.decode(frame)
            if origin != self._name:
                for session_id in session_ids:
                    self._authenticator.forget(session_id)
                self._revoke(session_ids)

    def _missed(self) -> None:
        self.rooms.check_heads()
        self.directory.check_positions()
