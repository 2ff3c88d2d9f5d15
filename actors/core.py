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
from actors.conversations.commands import AppendResult, ConversationCommand, ForwardResult, RemoteAppend
from actors.conversations.conversation import Conversation
from actors.conversations.conversation_services import ConversationServices
from actors.conversations.conversation_views import ConversationViews, LoadCards
from actors.conversations.conversations import Conversations
from actors.conversations.draft_forwarder import DraftForwarder, DraftOutcome
from actors.conversations.errors import busy
from actors.conversations.log_reader import LogReader
from actors.conversations.log_writer import LogWriter
from actors.conversations.membership_notifier import MembershipNotifier
from actors.conversations.pending_append import PendingAppend
from actors.conversations.pending_effect_sweeper import PendingEffectSweeper
from actors.conversations.publisher import Publisher
from actors.conversations.read_marks import ReadMarks
from actors.conversations.summary_writer import SummaryWriter
from actors.delivery.bus_events import EntryAppended, HeadAnnounced
from actors.delivery.control_events import (
    CONTROL_TOPIC,
    BlockChanged,
    SessionsRevoked,
    StreamsReset,
    control_event_decoder,
    control_event_encoder,
)
from actors.delivery.flusher import Flusher
from actors.delivery.rooms import Rooms
from actors.delivery.stream_writer import StreamWriter
from actors.hooks import ServiceHooks
from actors.presence.local_presence import LocalPresence
from actors.presence.presence_service import PresenceService
from actors.presence.presence_subscriptions import PresenceSubscriptions
from actors.protocol.server_frames import server_frame_encoder
from actors.runtime.actor import MailboxFull, Stopped
from actors.runtime.registry import Registry, RestartPolicy
from actors.runtime.run_queue import RunQueue
from actors.runtime.timer_wheel import TimerWheel
from actors.sessions.online_users import OnlineUsers
from actors.sessions.session_services import SessionServices
from actors.sessions.stream_recovery import StreamRecovery
from actors.sessions.token_expiry import TokenExpiryChecker
from actors.sessions.transport import CloseCode
from actors.sessions.typing_indicators import TypingIndicators
from config.limits import Limits
from storage.contracts.bus import Bus
from storage.contracts.messaging import MessagingStore
from storage.contracts.presence import LastSeenStore, PresenceStore
from storage.contracts.user_streams import UserStreams, encode_ephemeral, user_topic


class PresenceStores(msgspec.Struct, frozen=True):
    store: PresenceStore
    last_seen: LastSeenStore


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
        load_cards: LoadCards,
        limits: Limits,
        encode_frame: Callable[[bytes], bytes],
        name: str,
        hooks: ServiceHooks | None = None,
    ) -> None:
        hooks = hooks or ServiceHooks()
        self._hooks = hooks
        loop = asyncio.get_running_loop()
        self._authenticator = authenticator
        self._bus = stores.bus
        self._encode_frame = encode_frame
        self._name = name
        self._limits = limits
        messaging = stores.messaging
        self.timer_wheel = TimerWheel(loop)
        self.run_queue = RunQueue(loop)
        self.flusher = Flusher(loop)
        replay = LogReader(messaging, load_cards, encode_frame)
        self.rooms = Rooms(stores.bus, replay, self.flusher, self.timer_wheel, limits, name)
        views = ConversationViews(messaging, load_cards)
        self.stream_writer = hooks.stream_writer or StreamWriter(stores.streams)
        self.membership_notifier = announcer = MembershipNotifier(self.stream_writer, messaging, load_cards)
        self.read_marks = ReadMarks(messaging, views, self.rooms, announcer, encode_frame)
        self.summary_writer = SummaryWriter(messaging, self.timer_wheel, limits)
        self.log_writer = LogWriter(messaging, limits)
        publisher = Publisher(self.rooms, encode_frame, name)
        self.draft_forwarder = DraftForwarder(stores.bus, self.timer_wheel, name)
        house = ConversationServices(
            messaging,
            self.log_writer,
            publisher,
            self.summary_writer,
            limits,
            announcer,
            self.draft_forwarder,
            hooks.mentions,
            hooks.block_checker,
            name,
        )
        self.conversation_actors: Registry[str, ConversationCommand] = Registry(
            lambda conversation_id: Conversation(conversation_id, house, self._deliver_append_result),
            self.run_queue,
            self.timer_wheel,
            mailbox_limit=limits.mailbox_messages,
            idle_s=limits.actor_idle_s,
            restart_policy=RestartPolicy(limits.actor_restarts, limits.actor_restart_window_s),
        )
        self.conversations = Conversations(
            messaging,
            self.conversation_actors,
            views,
            self.read_marks,
            replay,
            announcer,
            load_cards,
            hooks.list_blocked_users,
            limits,
        )
        self.pending_effect_sweeper = PendingEffectSweeper(
            messaging, self.conversation_actors, announcer, hooks.mentions, self.timer_wheel
        )
        self.online_users = OnlineUsers(
            stores.bus, stores.streams, self.rooms, messaging, limits, encode_frame
        )
        resuming = StreamRecovery(stores.streams, replay)
        self.presence = self._create_presence(stores, hooks, limits, encode_frame)
        self.token_expiry = TokenExpiryChecker(
            self.online_users, authenticator.expires_at, self.timer_wheel, limits.token_check_s
        )
        typing = TypingIndicators(
            self.rooms, self.conversations.get_info, self.timer_wheel, encode_frame, loop.time
        )
        self.session_services = SessionServices(
            authenticator,
            self.conversations,
            self.online_users,
            resuming,
            self.presence,
            typing,
            hooks.count_unread,
            limits,
            encode_frame,
        )

    def _create_presence(
        self, stores: CoreStores, hooks: ServiceHooks, limits: Limits, encode_frame: Callable[[bytes], bytes]
    ) -> PresenceService | None:
        if stores.presence is None:
            return None
        board, seen = stores.presence.store, stores.presence.last_seen
        return PresenceService(
            LocalPresence(board, seen, self.timer_wheel, self._name, limits.presence_grace_s),
            PresenceSubscriptions(board, seen, stores.bus, self.timer_wheel, self._name, encode_frame),
            hooks.visible_users,
        )

    async def start(self) -> None:
        """Listen to the other instances. Raises `Unavailable`."""
        self.rooms.on_bus_event(self._on_remote_append)
        self.rooms.on_members_left(self.online_users.remove_from_room)
        self._bus.on_frame(self._on_bus_message)
        self._bus.on_gap(self._on_bus_gap)
        self.stream_writer.on_loss(self.online_users.resync, self._on_streams_reset)
        self.draft_forwarder.on_draft(self.conversations.send)
        self.draft_forwarder.on_result(self._on_forward_result)
        await self._bus.subscribe([CONTROL_TOPIC, self.draft_forwarder.topic, *self._hooks.bus_topics])
        self.online_users.start()
        self.pending_effect_sweeper.start()
        self.token_expiry.start()
        if self.presence is not None:
            self.presence.start()

    async def stop(self) -> None:
        """Finish what was begun and write what is due. Ended by its caller's deadline."""
        await self.pending_effect_sweeper.close()
        await self.token_expiry.close()
        if self.presence is not None:
            await self.presence.close()
        await self.conversations.drain()
        await self.conversation_actors.close(self._limits.shutdown_ms / 2000)
        await self.log_writer.drain()
        await self.summary_writer.close()
        await self.read_marks.close()
        await self.stream_writer.close()
        await self.online_users.close()
        await self.rooms.close()
        self.timer_wheel.close()

    def revoke_sessions(self, session_ids: Sequence[str]) -> None:
        """Those sessions have ended: their sockets close, here and on every instance."""
        self._close_sessions(session_ids)
        told = SessionsRevoked(self._name, list(session_ids))
        self._bus.publish(CONTROL_TOPIC, control_event_encoder.encode(told))

    def publish_block_change(self, user_id: str, other_id: str) -> None:
        """Between those two a block came or went: no instance goes by what it remembers."""
        self._on_block_changed(user_id, other_id)
        self._bus.publish(
            CONTROL_TOPIC, control_event_encoder.encode(BlockChanged(self._name, user_id, other_id))
        )

    def _on_block_changed(self, user_id: str, other_id: str) -> None:
        self._hooks.invalidate_block(user_id, other_id)
        if self.presence is not None:
            self.presence.subscriptions.unwatch_blocked(user_id, other_id)

    def publish_ephemeral(self, user_ids: Sequence[str], frame: msgspec.Struct) -> None:
        """Tell those of them who are online anywhere; may be missed."""
        hint = encode_ephemeral(server_frame_encoder.encode(frame))
        for user_id in user_ids:
            self._bus.publish(user_topic(user_id), hint)

    def _on_streams_reset(self) -> None:
        self.online_users.check_positions()
        self._bus.publish(CONTROL_TOPIC, control_event_encoder.encode(StreamsReset(self._name)))

    def _close_sessions(self, session_ids: Sequence[str]) -> None:
        for session in self.online_users.sessions_by_id(session_ids):
            session.transport.close(CloseCode.SESSION_REVOKED, "the session was revoked")
        for listener in self.online_users.subscribers_by_session_id(session_ids):
            listener.close("the session was revoked")

    def _deliver_append_result(self, conversation: Conversation, result: AppendResult) -> None:
        cell = self.conversation_actors.get_active(conversation.id)
        if cell is not None and cell.actor is conversation:
            cell.deliver_reply(result)

    def _on_remote_append(self, conversation_id: str, event: EntryAppended | HeadAnnounced) -> None:
        cell = self.conversation_actors.get_active(conversation_id)
        if cell is None:
            return
        # Not taken is no harm: the next write finds out from the log.
        with contextlib.suppress(MailboxFull, Stopped):
            if isinstance(event, EntryAppended):
                cell.tell(RemoteAppend(event.origin, event.seq, event.is_plain_message))
            else:
                cell.tell(RemoteAppend(event.origin, event.seq, is_plain_message=False))

    def _on_forward_result(
        self, conversation_id: str, pending: PendingAppend, outcome: DraftOutcome | None
    ) -> None:
        cell = self.conversation_actors.get_active(conversation_id)
        if cell is not None:
            cell.deliver_reply(ForwardResult(pending, outcome))
        else:
            pending.refused(busy())

    def _on_bus_message(self, topic: str, frame: bytes) -> None:
        if topic.startswith("c:"):
            self.rooms.on_bus_message(topic[2:], frame, self._encode_frame)
        elif topic.startswith("u:"):
            self.online_users.on_bus_message(topic[2:], frame)
        elif topic.startswith("p:") and self.presence is not None:
            self.presence.subscriptions.mark_changed(topic[2:])
        elif topic == self.draft_forwarder.topic:
            self.draft_forwarder.on_bus_message(frame)
        elif topic == CONTROL_TOPIC:
            self._on_control_event(control_event_decoder.decode(frame))
        elif topic in self._hooks.bus_topics:
            self._hooks.on_bus_message(topic)

    def _on_control_event(self, event: SessionsRevoked | StreamsReset | BlockChanged) -> None:
        if event.origin == self._name:
            return
        match event:
            case SessionsRevoked(session_ids=session_ids):
                for session_id in session_ids:
                    self._authenticator.invalidate(session_id)
                self._close_sessions(session_ids)
            case StreamsReset():
                self.online_users.check_positions()
            case BlockChanged(user_id=one, other_id=other):
                self._on_block_changed(one, other)

    def _on_bus_gap(self) -> None:
        self.rooms.check_heads()
        self.online_users.check_positions()
        if self.presence is not None:
            self.presence.local.republish()
            self.presence.subscriptions.recheck_all()
