"""A conversation: who may speak in it, and what is asked of it, one letter at a time.

    Send, Amend -> a member? -> Writing -> log writer -> Written -> room, replies

What it knows stands in its ledger, what is on its way into the log in its writing. A crash loses neither
stored entries nor an answer: whoever waits is told. It never answers for what it has not read.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from actors.conversations.append_pipeline import AppendPipeline
from actors.conversations.commands import (
    AddByRule,
    AppendResult,
    ChangeMembership,
    ChangeMessage,
    ConversationCommand,
    ConversationInfo,
    ForwardResult,
    GetInfo,
    RemoteAppend,
    RemoveByRule,
    Send,
)
from actors.conversations.conversation_services import ConversationServices
from actors.conversations.conversation_state import ConversationState
from actors.conversations.errors import blocked, not_found, to_api_error
from actors.protocol.errors import ApiError
from storage.contracts.identifiers import entry_id, is_id
from storage.errors import Unavailable


class Conversation:
    """Implements `Wakeful[Letter]`. `answer` delivers the log writer's word to its cell."""

    __slots__ = ("_id", "_loaded", "_pipeline", "_services", "_state")

    def __init__(
        self,
        conversation_id: str,
        services: ConversationServices,
        deliver_result: "Callable[[Conversation, AppendResult], None]",
    ) -> None:
        self._id = conversation_id
        self._services = services
        self._state = ConversationState(
            conversation_id, services.store, services.publisher, services.summary_writer
        )
        self._pipeline = AppendPipeline(
            conversation_id,
            services,
            self._state,
            lambda appended: deliver_result(self, AppendResult(appended)),
        )
        self._loaded = False

    # --- its life

    async def activate(self) -> None:
        try:
            self._loaded = await self._state.load()
        except Unavailable:
            # Not a crash of ours: each letter tries again, and is refused while the store is away.
            self._loaded = False

    async def passivate(self) -> None:
        await self._state.flush_projection()

    def on_crash(self, reason: Exception) -> None:
        self._pipeline.fail_all(reason)

    @property
    def id(self) -> str:
        return self._id

    @property
    def busy(self) -> bool:
        return self._pipeline.busy

    # --- its mail

    def receive(self, command: ConversationCommand) -> Coroutine[Any, Any, None] | None:
        if not self._loaded:
            return self._load_and_receive(command)
        match command:
            case Send():
                return self._handle_send(command)
            case AppendResult(appended=appended):
                return self._pipeline.on_append_result(appended)
            case RemoteAppend():
                self._on_remote_append(command)
                return None
            case GetInfo():
                return self._get_info(command)
            case ChangeMembership() | ChangeMessage():
                return self._handle_change(command)
            case ForwardResult():
                return self._pipeline.on_forward_result(command)

    def refuse(self, command: ConversationCommand, reason: Exception) -> None:
        match command:
            case Send(reply=reply) | ChangeMembership(reply=reply) | ChangeMessage(reply=reply):
                reply.refused(to_api_error(reason))
            case GetInfo(reply=look):
                if not look.done():
                    look.set_exception(to_api_error(reason))
            case ForwardResult(pending=pending):
                pending.refused(to_api_error(reason))
            case RemoteAppend() | AppendResult():
                pass

    async def _load_and_receive(self, command: ConversationCommand) -> None:
        try:
            self._loaded = await self._state.load()
        except Unavailable as error:
            self.refuse(command, error)
            return
        if not self._loaded:
            self.refuse(command, not_found())
            return
        work = self.receive(command)
        if work is not None:
            await work

    def _handle_send(self, command: Send) -> Coroutine[Any, Any, None] | None:
        draft = command.draft
        if not self._state.is_member(draft.sender_id):
            return self._recheck_membership(draft.sender_id, command)
        peer = self._state.direct_peer(draft.sender_id)
        if peer is not None:
            apart = self._services.block_checker.cached_is_blocked(draft.sender_id, peer)
            if apart is None:
                return self._check_block(peer, command)
            if apart:
                command.reply.refused(blocked())
                return None
        return self._handle_allowed_send(command)

    async def _check_block(self, peer: str, command: Send) -> None:
        try:
            apart = await self._services.block_checker.load_is_blocked(command.draft.sender_id, peer)
        except (Unavailable, ApiError) as error:
            command.reply.refused(to_api_error(error))
            return
        if apart:
            command.reply.refused(blocked())
            return
        work = self._handle_allowed_send(command)
        if work is not None:
            await work

    def _handle_allowed_send(self, command: Send) -> Coroutine[Any, Any, None] | None:
        if command.draft.reply_to is not None:
            return self._check_reply_target(command, command.draft.reply_to)
        return self._enqueue_send(command)

    def _enqueue_send(self, command: Send) -> Coroutine[Any, Any, None] | None:
        return (
            self._pipeline.enqueue_send_with_mentions(command)
            if command.draft.mentions
            else self._pipeline.enqueue_send(command)
        )

    async def _recheck_membership(
        self, user_id: str, command: Send | ChangeMessage | ChangeMembership
    ) -> None:
        """Somebody unknown: perhaps taken in by another instance a moment ago. Only the log knows."""
        try:
            await self._state.catch_up()
        except Unavailable as error:
            command.reply.refused(to_api_error(error))
            return
        if not self._state.is_member(user_id):
            command.reply.refused(not_found())
            return
        work = self.receive(command)
        if work is not None:
            await work

    async def _check_reply_target(self, command: Send, reply_to: str) -> None:
        """A draft that answers a message: admitted once that message is seen to be of this conversation."""
        ours = is_id(reply_to) and reply_to[:16] == entry_id(self._id, 0)[:16]
        try:
            if not ours or not await self._services.store.find_messages([reply_to]):
                detail = "The message to reply to is not in this conversation."
                command.reply.refused(ApiError("message.not_found", detail))
                return
        except Unavailable as error:
            command.reply.refused(to_api_error(error))
            return
        work = self._enqueue_send(command)
        if work is not None:
            await work

    def _handle_change(self, command: ChangeMembership | ChangeMessage) -> Coroutine[Any, Any, None] | None:
        user_id = command.change.actor.id if isinstance(command, ChangeMembership) else command.user_id
        ruled = isinstance(command, ChangeMembership) and isinstance(command.change, AddByRule | RemoveByRule)
        if not ruled and not self._state.is_member(user_id):
            return self._recheck_membership(user_id, command)
        return (
            self._pipeline.enqueue_membership_change(command)
            if isinstance(command, ChangeMembership)
            else self._pipeline.enqueue_message_change(command)
        )

    def _on_remote_append(self, event: RemoteAppend) -> None:
        """Another instance wrote. While nothing of ours is under way, follow it without reading."""
        ledger = self._state
        if event.is_plain_message and event.seq == ledger.head + 1 and not self._pipeline.is_writing:
            ledger.head = event.seq
        ledger.observe_head(event.seq)
        self._pipeline.on_remote_append(event.origin)

    async def _get_info(self, command: GetInfo) -> None:
        ledger = self._state
        try:
            if (
                ledger.needs_catch_up
                or command.at_least > ledger.head
                or not ledger.is_member(command.user_id)
            ):
                await ledger.catch_up()
        except Unavailable as error:
            self.refuse(command, error)
            return
        if not command.reply.done():
            count = len(ledger.roster.members) if ledger.roster is not None else 0
            command.reply.set_result(ConversationInfo(ledger.is_member(command.user_id), ledger.head, count))
