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
from actors.conversation.answers import busy
from actors.conversation.conversation import Conversation
from actors.conversation.conversations import Conversations
from actors.conversation.house import House
from actors.conversation.letters import Grown, Letter, Returned, Written
from actors.conversation.log_writer import LogWriter
from actors.conversation.pending import Pending
from actors.conversation.publisher import Publisher
from actors.conversation.reading import Reading
from actors.conversation.relay import Outcome, Relay
from actors.conversation.replay import Replay
from actors.conversation.summaries import Summaries
from actors.conversation.sweeper import Sweeper
from actors.conversation.views import Cards, Views
from actors.delivery.control import CONTROL_TOPIC, Parted, Renewed, Revoked, control_decoder, control_encoder
from actors.delivery.flusher import Flusher
from actors.delivery.news import HeadNews, LogNews
from actors.delivery.rooms import Rooms
from actors.delivery.stream_writer import StreamWriter
from actors.neighbours import Neighbours
from actors.presence.attendance import Attendance
from actors.presence.presences import Presences
from actors.presence.watching import Watching
from actors.runtime.actor import MailboxFull, Stopped
from actors.runtime.registry import Budget, Registry
from actors.runtime.run_queue import RunQueue
from actors.runtime.wheel import Wheel
from actors.session.directory import Directory
from actors.session.expiry import Expiry
from actors.session.hall import Hall
from actors.session.link import CloseCode
from actors.session.resuming import Resuming
from actors.session.typing_board import TypingBoard
from actors.wire.frames import frame_encoder
from config.limits import Limits
from storage.contracts.bus import Bus, UserStreams, user_topic
from storage.contracts.messaging import MessagingStore
from storage.contracts.presence import LastSeenStore, PresenceBoard
from storage.records.stream import encode_hint


class PresenceStores(msgspec.Struct, frozen=True):
    board: PresenceBoard
    seen: LastSeenStore


class CoreStores(msgspec.Struct, frozen=True):
    messaging: MessagingStore
    bus: Bus
    streams: UserStreams
    presence: PresenceStores | None = None


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
        neighbours: Neighbours | None = None,
    ) -> None:
        neighbours = neighbours or Neighbours()
        self._neighbours = neighbours
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
        self.streams = neighbours.streams or StreamWriter(stores.streams)
        self.announcer = announcer = Announcer(self.streams, messaging, cards)
        self.reading = Reading(messaging, views, self.rooms, announcer, framed)
        self.summaries = Summaries(messaging, self.wheel, limits)
        self.log = LogWriter(messaging, limits)
        publisher = Publisher(self.rooms, framed, name)
        self.relay = Relay(stores.bus, self.wheel, name)
        house = House(
            messaging,
            self.log,
            publisher,
            self.summaries,
            limits,
            announcer,
            self.relay,
            neighbours.mentions,
            neighbours.barrier,
            name,
        )
        self.actors: Registry[str, Letter] = Registry(
            lambda conversation_id: Conversation(conversation_id, house, self._answer),
            self.queue,
            self.wheel,
            mailbox=limits.mailbox_messages,
            idle_s=limits.actor_idle_s,
            budget=Budget(limits.actor_restarts, limits.actor_restart_window_s),
        )
        self.conversations = Conversations(
            messaging, self.actors, views, self.reading, replay, announcer, cards, neighbours.hidden, limits
        )
        self.sweeper = Sweeper(messaging, self.actors, announcer, neighbours.mentions, self.wheel)
        self.directory = Directory(stores.bus, stores.streams, self.rooms, messaging, limits, framed)
        resuming = Resuming(stores.streams, replay)
        self.presences = self._presences(stores, neighbours, limits, framed)
        self.expiry = Expiry(self.directory, authenticator.expires_at, self.wheel, limits.token_check_s)
        typing = TypingBoard(self.rooms, self.conversations.sight, self.wheel, framed, loop.time)
        self.hall = Hall(
            authenticator,
            self.conversations,
            self.directory,
            resuming,
            self.presences,
            typing,
            neighbours.unread,
            limits,
            framed,
        )

    def _presences(
        self, stores: CoreStores, neighbours: Neighbours, limits: Limits, framed: Callable[[bytes], bytes]
    ) -> Presences | None:
        if stores.presence is None:
            return None
        board, seen = stores.presence.board, stores.presence.seen
        return Presences(
            Attendance(board, seen, self.wheel, self._name, limits.presence_grace_s),
            Watching(board, seen, stores.bus, self.wheel, self._name, framed),
            neighbours.acquainted,
        )

    async def start(self) -> None:
        """Listen to the other instances. Raises `Unavailable`."""
        self.rooms.on_news(self._grown)
        self.rooms.on_left(self.directory.dismiss)
        self._bus.on_frame(self._heard)
        self._bus.on_gap(self._missed)
        self.streams.on_loss(self.directory.resync, self._renewed)
        self.relay.on_drafts(self.conversations.send)
        self.relay.on_outcome(self._returned)
        await self._bus.subscribe([CONTROL_TOPIC, self.relay.topic, *self._neighbours.topics])
        self.directory.start()
        self.sweeper.start()
        self.expiry.start()
        if self.presences is not None:
            self.presences.start()

    async def stop(self) -> None:
        """Finish what was begun and write what is due. Ended by its caller's deadline."""
        await self.sweeper.close()
        await self.expiry.close()
        if self.presences is not None:
            await self.presences.close()
        await self.conversations.drain()
        await self.actors.close(self._limits.shutdown_ms / 2000)
        await self.log.drain()
        await self.summaries.close()
        await self.reading.close()
        await self.streams.close()
        await self.directory.close()
        await self.rooms.close()
        self.wheel.close()

    def revoked(self, session_ids: Sequence[str]) -> None:
        """Those sessions have ended: their sockets close, here and on every instance."""
        self._revoke(session_ids)
        told = Revoked(self._name, list(session_ids))
        self._bus.publish(CONTROL_TOPIC, control_encoder.encode(told))

    def parted(self, one: str, other: str) -> None:
        """Between those two a block came or went: no instance goes by what it remembers."""
        self._part(one, other)
        self._bus.publish(CONTROL_TOPIC, control_encoder.encode(Parted(self._name, one, other)))

    def _part(self, one: str, other: str) -> None:
        self._neighbours.forget(one, other)
        if self.presences is not None:
            self.presences.watching.part(one, other)

    def hint(self, user_ids: Sequence[str], frame: msgspec.Struct) -> None:
        """Tell those of them who are online anywhere; may be missed."""
        hint = encode_hint(frame_encoder.encode(frame))
        for user_id in user_ids:
            self._bus.publish(user_topic(user_id), hint)

    def _renewed(self) -> None:
        self.directory.check_positions()
        self._bus.publish(CONTROL_TOPIC, control_encoder.encode(Renewed(self._name)))

    def _revoke(self, session_ids: Sequence[str]) -> None:
        for session in self.directory.of_sessions(session_ids):
            session.link.close(CloseCode.SESSION_REVOKED, "the session was revoked")
        for listener in self.directory.listeners_of(session_ids):
            listener.end("the session was revoked")

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
                cell.tell(Grown(news.origin, news.seq, news.plain))
            else:
                cell.tell(Grown(news.origin, news.seq, plain=False))

    def _returned(self, conversation_id: str, pending: Pending, outcome: Outcome | None) -> None:
        cell = self.actors.awake(conversation_id)
        if cell is not None:
            cell.answer(Returned(pending, outcome))
        else:
            pending.refused(busy())

    def _heard(self, topic: str, frame: bytes) -> None:
        if topic.startswith("c:"):
            self.rooms.heard(topic[2:], frame, self._framed)
        elif topic.startswith("u:"):
            self.directory.heard(topic[2:], frame)
        elif topic.startswith("p:") and self.presences is not None:
            self.presences.watching.heard(topic[2:])
        elif topic == self.relay.topic:
            self.relay.heard(frame)
        elif topic == CONTROL_TOPIC:
            self._told(control_decoder.decode(frame))
        elif topic in self._neighbours.topics:
            self._neighbours.heard(topic)

    def _told(self, told: Revoked | Renewed | Parted) -> None:
        if told.origin == self._name:
            return
        match told:
            case Revoked(session_ids=session_ids):
                for session_id in session_ids:
                    self._authenticator.forget(session_id)
                self._revoke(session_ids)
            case Renewed():
                self.directory.check_positions()
            case Parted(one=one, other=other):
                self._part(one, other)

    def _missed(self) -> None:
        self.rooms.check_heads()
        self.directory.check_positions()
        if self.presences is not None:
            self.presences.attendance.say_all()
            self.presences.watching.look_at_all()
