"""The realtime core of one instance: conversations, rooms and sessions, wired to the given stores.

    socket -> Session -> ConversationActor -> LogWriter -> store
                 ^            |
                 +-- Room <---+--> bus <--> the other instances

This module constructs the components, starts them and stops them in order. `BusRouter` passes bus messages to
them. The caller opens and closes the stores and the sockets.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from actors.accounts.authenticator import Authenticator
from actors.bus_router import BusRouter
from actors.conversations.command_sender import CommandSender
from actors.conversations.commands import (
    ConversationCommand,
    DraftOutcome,
    ForwardResult,
    PendingAppend,
    RemoteAppend,
    Send,
)
from actors.conversations.conversation_actor import ConversationActor
from actors.conversations.conversation_dependencies import ConversationDependencies
from actors.conversations.conversation_queries import ConversationQueries
from actors.conversations.conversation_views import ConversationViews, LoadCards
from actors.conversations.conversations import Conversations
from actors.conversations.draft_forwarder import DraftForwarder
from actors.conversations.entry_publisher import EntryPublisher
from actors.conversations.errors import busy
from actors.conversations.log_reader import LogReader
from actors.conversations.log_writer import LogWriter
from actors.conversations.membership_notifier import MembershipNotifier
from actors.conversations.moderated_messages import ModeratedMessages
from actors.conversations.peer_checker import PeerChecker
from actors.conversations.pending_effect_sweeper import PendingEffectSweeper
from actors.conversations.pending_effects import PendingEffectRecorder
from actors.conversations.read_marks import ReadMarks
from actors.conversations.summary_writer import SummaryWriter
from actors.conversations.unanswered_commands import UnansweredCommands
from actors.delivery.bus_events import ConversationBus, EntryAppended, HeadAnnounced
from actors.delivery.control_events import CONTROL_TOPIC
from actors.delivery.flusher import Flusher
from actors.delivery.head_comparison import HeadComparison
from actors.delivery.rooms import Rooms
from actors.delivery.stream_loss_record import StreamLossRecord
from actors.delivery.stream_writer import StreamWriter
from actors.diagnostics.local_answers import LocalAnswers
from actors.diagnostics.operator_channel import OperatorChannel
from actors.instance_control import InstanceControl
from actors.posts.post_subscriptions import PostSubscriptions
from actors.presence.local_presence import LocalPresence
from actors.presence.presence_service import PresenceService
from actors.presence.presence_subscriptions import PresenceSubscriptions
from actors.protocol.server_frames import server_frame_encoder
from actors.runtime.actor import MailboxFull, Stopped
from actors.runtime.black_box import BlackBoxes
from actors.runtime.registry import Registry, RestartPolicy
from actors.runtime.run_queue import RunQueue
from actors.runtime.timer_wheel import TimerWheel
from actors.runtime.tracing import MessageTracing
from actors.service_hooks import ServiceHooks
from actors.sessions.ephemeral_user_events import EphemeralUserEvents
from actors.sessions.online_users import OnlineUsers
from actors.sessions.session_dependencies import SessionDependencies
from actors.sessions.stream_recovery import StreamRecovery
from actors.sessions.token_expiry import TokenExpiryChecker
from actors.sessions.typing_indicators import TypingIndicators
from config.limits import Limits
from storage.contracts.bus import POST_TOPIC_PREFIX, PRESENCE_TOPIC_PREFIX, Bus
from storage.contracts.messaging import MessagingStore
from storage.contracts.presence import LastSeenStore, PresenceStore
from storage.contracts.user_streams import UserStreams

_log = logging.getLogger(__name__)


class PresenceStores(msgspec.Struct, frozen=True):
    store: PresenceStore
    last_seen: LastSeenStore


class CoreStores(msgspec.Struct, frozen=True):
    messaging: MessagingStore
    bus: Bus
    streams: UserStreams
    presence: PresenceStores | None = None


class CoreOptions(msgspec.Struct, frozen=True):
    """`name` identifies the instance on the bus. `encode_frame` turns a payload into framed bytes.

    With `has_black_boxes` the last events of sessions and conversations are kept for operators.
    """

    name: str
    limits: Limits
    encode_frame: Callable[[bytes], bytes]
    has_black_boxes: bool = True
    tracing: MessageTracing | None = None


class Core:
    """Conversations, rooms, sessions and presence of one instance, without HTTP and the services.

    `server.composition.components.ServerComponents` adds those, and `server.instance.Instance` is the process
    with its listeners. Implements `RoomsHandler` and `ForwardingHandler`.
    """

    def __init__(
        self,
        stores: CoreStores,
        authenticator: Authenticator,
        load_cards: LoadCards,
        options: CoreOptions,
        hooks: ServiceHooks | None = None,
    ) -> None:
        hooks = hooks or ServiceHooks()
        name, limits, encode_frame = options.name, options.limits, options.encode_frame
        loop = asyncio.get_running_loop()
        self._bus = stores.bus
        self._name = name
        self._limits = limits
        messaging = self._messaging = stores.messaging
        self.timer_wheel = TimerWheel(loop)
        self.run_queue = RunQueue(loop)
        self.flusher = Flusher(loop)
        boxes_max = limits.black_boxes if options.has_black_boxes else 0
        self.session_boxes = BlackBoxes(boxes_max, limits.black_box_bytes // 2)
        self.conversation_boxes = BlackBoxes(boxes_max, limits.black_box_bytes // 2)
        log_reader = LogReader(messaging, load_cards, encode_frame)
        self.rooms = Rooms(
            ConversationBus(stores.bus, name),
            log_reader,
            self.flusher,
            self.timer_wheel,
            limits,
            self,
            self.conversation_boxes,
            options.tracing,
        )
        self.head_comparison = HeadComparison(self.rooms, log_reader)
        views = ConversationViews(messaging, load_cards)
        self.stream_writer = hooks.stream_writer or StreamWriter(stores.streams)
        self.pending_effects = PendingEffectRecorder(messaging, self.timer_wheel, name)
        self.membership_notifier = MembershipNotifier(
            self.stream_writer,
            messaging,
            load_cards,
            self.pending_effects,
            self.publish_visibility_change,
        )
        self.read_marks = ReadMarks(messaging, views, self.rooms, self.membership_notifier, encode_frame)
        self.summary_writer = SummaryWriter(messaging, self.timer_wheel, limits)
        self.log_writer = LogWriter(messaging, limits)
        publisher = EntryPublisher(self.rooms, encode_frame, name)
        self.draft_forwarder = DraftForwarder(stores.bus, self.timer_wheel, name, self)
        conversation_dependencies = ConversationDependencies(
            messaging,
            self.log_writer,
            publisher,
            self.summary_writer,
            limits,
            self.membership_notifier,
            self.draft_forwarder,
            hooks.mentions,
            PeerChecker(hooks.block_checker, load_cards),
            self.pending_effects,
            self.conversation_boxes,
            is_tracing=options.tracing is not None,
        )
        self.conversation_actors: Registry[str, ConversationCommand] = Registry(
            lambda conversation_id: ConversationActor(
                conversation_id, conversation_dependencies, self.conversation_actors.get_active
            ),
            self.run_queue,
            self.timer_wheel,
            mailbox_limit=limits.mailbox_messages,
            idle_s=limits.actor_idle_s,
            restart_policy=RestartPolicy(limits.actor_restarts, limits.actor_restart_window_s),
            log_field="conversation_id",
        )
        self.unanswered_commands = UnansweredCommands(
            self.timer_wheel, limits.command_timeout_ms / 1000, self.conversation_boxes
        )
        command_sender = CommandSender(
            self.conversation_actors, self.unanswered_commands, limits, options.tracing
        )
        self.conversations = Conversations(
            messaging,
            command_sender,
            self.membership_notifier,
            ConversationQueries(messaging, command_sender, views, self.read_marks, log_reader, load_cards),
            load_cards,
            hooks.consent,
            hooks.find_existing_users,
        )
        self.moderated_messages = ModeratedMessages(messaging, command_sender)
        self.pending_effect_sweeper = PendingEffectSweeper(
            messaging,
            self.conversation_actors,
            self.membership_notifier,
            hooks.mentions,
            self.stream_writer,
            self.pending_effects,
            self.timer_wheel,
        )
        self.online_users = OnlineUsers(
            stores.bus, stores.streams, self.rooms, messaging, limits, encode_frame
        )
        self._ephemeral_user_events = EphemeralUserEvents(stores.bus, self.online_users)
        stream_recovery = StreamRecovery(stores.streams, log_reader)
        self.presence = self._create_presence(stores, hooks, limits, encode_frame)
        self.post_subscriptions = PostSubscriptions(
            stores.bus, self.timer_wheel, hooks.load_post_counts, encode_frame
        )
        self._control = InstanceControl(
            stores.bus, name, authenticator, self.online_users, self.presence, hooks
        )
        self.local_answers = LocalAnswers(
            name,
            stores.bus,
            self.rooms,
            self.online_users,
            self.conversation_actors,
            (self.session_boxes, self.conversation_boxes),
        )
        self.operator_channel = OperatorChannel(
            stores.bus, name, self.local_answers.answer, self._renew_lease_and_list
        )
        self.bus_router = self._create_bus_router(hooks, encode_frame)
        self.token_expiry = TokenExpiryChecker(
            self.online_users, authenticator.session_states, self.timer_wheel, limits.token_check_s
        )
        typing = TypingIndicators(
            self.rooms, self.conversations.get_info, self.timer_wheel, encode_frame, loop.time
        )
        self.session_dependencies = SessionDependencies(
            authenticator,
            self.conversations,
            self.online_users,
            stream_recovery,
            self.presence,
            self.post_subscriptions,
            typing,
            hooks.count_unread,
            limits,
            encode_frame,
            self.session_boxes,
        )

    def _create_presence(
        self, stores: CoreStores, hooks: ServiceHooks, limits: Limits, encode_frame: Callable[[bytes], bytes]
    ) -> PresenceService | None:
        if stores.presence is None:
            return None
        store, last_seen = stores.presence.store, stores.presence.last_seen
        return PresenceService(
            LocalPresence(store, last_seen, self.timer_wheel, self._name, limits.presence_grace_s),
            PresenceSubscriptions(store, last_seen, stores.bus, self.timer_wheel, self._name, encode_frame),
            hooks.visible_users,
        )

    def _create_bus_router(self, hooks: ServiceHooks, encode_frame: Callable[[bytes], bytes]) -> BusRouter:
        on_changed: dict[str, Callable[[str], None]] = {
            POST_TOPIC_PREFIX: self.post_subscriptions.mark_changed
        }
        on_lost = [
            self.head_comparison.compare_now,
            self.online_users.check_positions,
            self.post_subscriptions.recheck_all,
        ]
        if self.presence is not None:
            on_changed[PRESENCE_TOPIC_PREFIX] = self.presence.subscriptions.mark_changed
            on_lost += [
                self.presence.local.republish,
                self.presence.subscriptions.recheck_all,
                self._control.on_messages_lost,
            ]
        handlers = {
            CONTROL_TOPIC: self._control.on_bus_message,
            self._ephemeral_user_events.topic: self._ephemeral_user_events.on_bus_message,
            self.draft_forwarder.topic: self.draft_forwarder.on_bus_message,
            **dict.fromkeys(self.operator_channel.topics, self.operator_channel.on_bus_message),
            **{topic: _pass_topic(hooks.on_outbox_message, topic) for topic in hooks.outbox_topics},
        }
        return BusRouter(self.rooms, self.online_users, encode_frame, on_changed, handlers, on_lost)

    async def start(self) -> None:
        """Subscribe to the bus and start the periodic tasks. Raises `Unavailable`."""
        self._bus.set_message_callback(self.bus_router.on_message)
        self._bus.set_loss_callback(self.bus_router.on_messages_lost)
        self.stream_writer.set_loss_callbacks(
            self.online_users.resync,
            self._control.publish_streams_reset,
            StreamLossRecord(self._messaging, self._name),
        )
        await self._bus.subscribe(self.bus_router.topics)
        self.online_users.start()
        self.head_comparison.start()
        self.pending_effect_sweeper.start()
        self.token_expiry.start()
        if self.presence is not None:
            self.presence.start()

    async def stop(self) -> None:
        """Finish running work and write what is queued. Has no timeout; the caller sets the deadline."""
        await self.head_comparison.close()
        await self.pending_effect_sweeper.close()
        await self.token_expiry.close()
        if self.presence is not None:
            await self.presence.close()
        await self.post_subscriptions.close()
        await self.conversations.drain()
        await self.conversation_actors.close(self._limits.shutdown_ms / 2000)
        await self.log_writer.drain()
        await self.pending_effects.close(self._limits.shutdown_ms / 2000)
        await self.summary_writer.close()
        await self.read_marks.close()
        await self.stream_writer.close()
        await self.online_users.close()
        await self.rooms.close()
        self.timer_wheel.close()

    def publish_revocation(self, session_ids: Sequence[str]) -> None:
        """Make the end of these login sessions effective on every instance: see `InstanceControl`."""
        self._control.publish_revocation(session_ids)

    def publish_restrictions_change(
        self, user_id: str, session_ids: Sequence[str], silenced_until: datetime | None
    ) -> None:
        """Make a changed role or silence of a user effective on every instance."""
        self._control.publish_restrictions_change(user_id, session_ids, silenced_until)

    def publish_block_change(self, user_id: str, other_id: str) -> None:
        """Drop the cached block between two users, and their presence watches, on every instance."""
        self._control.publish_block_change(user_id, other_id)

    def apply_block_change(self, user_id: str, other_id: str) -> None:
        """Drop a cached block and the presence watches here, if the message of another instance was lost."""
        self._control.apply_block_change(user_id, other_id)

    def publish_visibility_change(self, user_ids: Sequence[str]) -> None:
        """Check the presence watches of users who may see fewer others, on every instance."""
        self._control.publish_visibility_change(user_ids)

    def publish_ephemeral(self, user_ids: Sequence[str], frame: msgspec.Struct) -> None:
        """Send a frame to all sessions of these users, on every instance. At most once."""
        self._ephemeral_user_events.publish(user_ids, server_frame_encoder.encode(frame))

    async def _renew_lease_and_list(self) -> Sequence[str]:
        """Renew the lease of this instance; return the instances that hold one. Raises `Unavailable`."""
        return [self._name] if self.presence is None else await self.presence.subscriptions.renew_lease()

    def unstored_command_counts(self) -> Sequence[int]:
        """Return for each active conversation how many commands wait for their entry."""
        return [
            ref.actor.unstored_count
            for _, ref in self.conversation_actors.items()
            if isinstance(ref.actor, ConversationActor)
        ]

    # --- RoomsHandler

    def on_members_left(self, conversation_id: str, user_ids: Sequence[str], seq: int) -> None:
        self.online_users.remove_from_room(conversation_id, user_ids, seq)

    def on_remote_append(self, conversation_id: str, event: EntryAppended | HeadAnnounced) -> None:
        ref = self.conversation_actors.get_active(conversation_id)
        if ref is None:
            return
        # A dropped event is harmless: the next write reads the log.
        with contextlib.suppress(MailboxFull, Stopped):
            if isinstance(event, EntryAppended):
                ref.tell(RemoteAppend(event.origin, event.seq, event.is_plain_message))
            else:
                ref.tell(RemoteAppend(event.origin, event.seq, is_plain_message=False))

    # --- ForwardingHandler

    def on_draft_received(self, conversation_id: str, command: Send) -> None:
        self.conversations.send(conversation_id, command)

    def on_forward_result(
        self, conversation_id: str, pending: PendingAppend, outcome: DraftOutcome | None
    ) -> None:
        ref = self.conversation_actors.get_active(conversation_id)
        if ref is not None:
            ref.deliver_reply(ForwardResult(pending, outcome))
        else:
            pending.refused(busy())


def _pass_topic(handle: Callable[[str], None], topic: str) -> Callable[[bytes], None]:
    """Return a handler of bus messages without content, which passes only their topic on."""
    return lambda _message: handle(topic)
