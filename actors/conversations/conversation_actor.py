"""The conversation actor: checks permissions and handles one command at a time.

    Send, ChangeMessage, ChangeMembership -> member? -> AppendPipeline -> log writer
    log writer -> AppendResult -> AppendPipeline -> room, replies

`ConversationState` holds what was read from the log, `AppendPipeline` the commands on their way into it. A
crash loses no stored entry. Every pending command is refused, except forwarded drafts: their outcome answers
them.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from actors.conversations.append_pipeline import AppendPipeline
from actors.conversations.commands import (
    AppendResult,
    ChangeByRule,
    ChangeMembership,
    ChangeMessage,
    ConversationCommand,
    ConversationInfo,
    ForwardResult,
    GetInfo,
    MembershipChange,
    RemoteAppend,
    Send,
)
from actors.conversations.conversation_dependencies import ConversationDependencies
from actors.conversations.conversation_state import ConversationState
from actors.conversations.entries import first_entry, is_same_message
from actors.conversations.errors import blocked, not_found, overdue, read_only, to_api_error
from actors.conversations.message_changes import ChangeByModerator, Delete, MessageChange, React
from actors.conversations.peer_checker import PeerState
from actors.protocol.errors import ApiError
from actors.runtime.actor_ref import ActorRef
from storage.contracts.identifiers import entry_id, is_id
from storage.contracts.message_log import Appended
from storage.errors import Unavailable

Proceed = Callable[[], Coroutine[Any, Any, None] | None]


class ConversationActor:
    """Implements `PersistentActor[ConversationCommand]`. `get_active` looks up the actor's own reference."""

    __slots__ = ("_dependencies", "_get_active", "_id", "_loaded", "_pipeline", "_state", "_time")

    def __init__(
        self,
        conversation_id: str,
        dependencies: ConversationDependencies,
        get_active: Callable[[str], ActorRef[ConversationCommand] | None],
    ) -> None:
        self._id = conversation_id
        self._dependencies = dependencies
        self._get_active = get_active
        self._state = ConversationState(
            conversation_id, dependencies.store, dependencies.publisher, dependencies.summary_writer
        )
        self._pipeline = AppendPipeline(
            conversation_id, dependencies, self._state, self._deliver_append_result
        )
        self._loaded = False
        self._time = asyncio.get_running_loop().time

    # --- lifecycle

    async def activate(self) -> None:
        try:
            await self._load()
        except Unavailable:
            # Not a crash. Each command tries to load again, and is refused while the store is unavailable.
            self._loaded = False

    async def passivate(self) -> None:
        box = self._dependencies.black_boxes.find(self._id)
        if box is not None:
            box.add("passivated", "", "", self._state.head)
            self._dependencies.black_boxes.close(box)
        await self._state.flush_projection()

    def on_crash(self, reason: Exception) -> None:
        if self._loaded:
            self._dependencies.black_boxes.open(self._id).add("crashed", "", type(reason).__name__)
        self._pipeline.fail_all(reason)

    @property
    def head(self) -> int:
        """The seq up to which the log is applied."""
        return self._state.head

    @property
    def unstored_count(self) -> int:
        """The number of commands that wait for their entry."""
        return self._pipeline.unstored_count

    @property
    def busy(self) -> bool:
        return self._pipeline.busy

    # --- commands

    def receive(self, command: ConversationCommand) -> Coroutine[Any, Any, None] | None:
        if not self._loaded:
            return self._load_and_receive(command)
        match command:
            case Send() | ChangeMessage() | ChangeMembership() if command.deadline < self._time():
                command.reply.refused(overdue())
                return None
            case Send():
                return self._handle_send(command)
            case AppendResult(appended=appended, submitter=submitter):
                return self._pipeline.on_append_result(appended) if submitter is self else None
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
            case GetInfo(reply=info_reply):
                if not info_reply.done():
                    info_reply.set_exception(to_api_error(reason))
            case ForwardResult(pending=pending):
                pending.refused(to_api_error(reason))
            case RemoteAppend() | AppendResult():
                pass

    def _deliver_append_result(self, appended: Appended | None) -> None:
        """Post the log writer's result to the mailbox. Drop it if this actor crashed and was replaced."""
        ref = self._get_active(self._id)
        if ref is not None and ref.actor is self:
            ref.deliver_reply(AppendResult(appended, self))

    async def _load(self) -> None:
        """Load the state. Raises `Unavailable`."""
        self._loaded = await self._state.load()
        if self._loaded:
            # Only for conversations that exist, so that guessed ids evict no box.
            self._dependencies.black_boxes.open(self._id).add("activated", "", "", self._state.head)

    async def _load_and_receive(self, command: ConversationCommand) -> None:
        try:
            await self._load()
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
        return self._unless_blocked(draft.sender_id, command, lambda: self._handle_allowed_send(command))

    def _unless_blocked(
        self, user_id: str, command: Send | ChangeMessage | GetInfo, proceed: Proceed
    ) -> Coroutine[Any, Any, None] | None:
        """Refuse what a member does in a direct conversation if either user blocked the other.

        Sending, editing, reacting, typing and read marks are checked here. Deleting a message or removing a
        reaction is not, so that users can withdraw what they wrote. If the account of the other user is
        deleted, `GetInfo` proceeds and all else is refused.
        """
        peer = self._state.direct_peer(user_id)
        if peer is None:
            return proceed()
        state = self._dependencies.peer_checker.get_cached(user_id, peer)
        if state is None:
            return self._check_peer(user_id, peer, command, proceed)
        return self._proceed_with_peer(state, command, proceed)

    def _proceed_with_peer(
        self, state: PeerState, command: Send | ChangeMessage | GetInfo, proceed: Proceed
    ) -> Coroutine[Any, Any, None] | None:
        if state is PeerState.BLOCKED:
            error = blocked()
        elif state is PeerState.DELETED and not isinstance(command, GetInfo):
            error = read_only()
        else:
            return proceed()
        if isinstance(command, Send):
            return self._refuse_unless_repeat(command, error)
        self.refuse(command, error)
        return None

    async def _refuse_unless_repeat(self, command: Send, error: ApiError) -> None:
        """Refuse a message that may not be sent now. A repeat of a stored one gets the first result.

        Not the message as it is now: a former member does not learn who reacted to it since.
        """
        draft = command.draft
        try:
            stored = await self._dependencies.store.find_by_client_id(
                self._id, draft.sender_id, draft.client_id
            )
        except Unavailable as unavailable:
            command.reply.refused(to_api_error(unavailable))
            return
        if is_same_message(stored, draft):
            command.reply.stored(first_entry(stored, draft), duplicate=True)
        else:
            command.reply.refused(error)

    async def _check_peer(
        self, user_id: str, peer: str, command: Send | ChangeMessage | GetInfo, proceed: Proceed
    ) -> None:
        try:
            state = await self._dependencies.peer_checker.load(user_id, peer)
        except (Unavailable, ApiError) as error:
            self.refuse(command, error)
            return
        work = self._proceed_with_peer(state, command, proceed)
        if work is not None:
            await work

    def _handle_allowed_send(self, command: Send) -> Coroutine[Any, Any, None] | None:
        if command.draft.reply_to is not None:
            return self._check_reply_target(command, command.draft.reply_to)
        return self._enqueue_send(command)

    def _enqueue_send(self, command: Send) -> Coroutine[Any, Any, None] | None:
        return (
            self._pipeline.enqueue_with_effects(command)
            if command.draft.mentions
            else self._pipeline.enqueue_send(command)
        )

    async def _recheck_membership(
        self, user_id: str, command: Send | ChangeMessage | ChangeMembership
    ) -> None:
        """Catch up before refusing a non-member: another instance may just have added the user."""
        try:
            await self._state.catch_up()
        except Unavailable as error:
            command.reply.refused(to_api_error(error))
            return
        if not self._state.is_member(user_id):
            if isinstance(command, Send):
                await self._refuse_unless_repeat(command, not_found())
            else:
                command.reply.refused(not_found())
            return
        work = self.receive(command)
        if work is not None:
            await work

    async def _check_reply_target(self, command: Send, reply_to: str) -> None:
        """Enqueue a reply if the message it replies to is in this conversation; refuse it otherwise."""
        is_local = is_id(reply_to) and reply_to[:16] == entry_id(self._id, 0)[:16]
        try:
            if not is_local or not await self._dependencies.store.find_messages([reply_to]):
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
        user_id = command.change.changed_by.id if isinstance(command, ChangeMembership) else command.user_id
        needs_member = not isinstance(command.change, ChangeByRule | ChangeByModerator)
        if needs_member and not self._state.is_member(user_id):
            return self._recheck_membership(user_id, command)
        if isinstance(command, ChangeMembership):
            if self._would_change(command.change):
                return self._pipeline.enqueue_with_effects(command)
            return self._catch_up_and_enqueue(command)
        if _is_withdrawal(command.change):
            return self._pipeline.enqueue_message_change(command)
        return self._unless_blocked(user_id, command, lambda: self._pipeline.enqueue_message_change(command))

    def _would_change(self, change: MembershipChange) -> bool:
        """Whether a change is allowed and has an effect, as far as this instance knows."""
        roster = self._state.roster
        try:
            return roster is not None and roster.plan_change(change) is not None
        except ApiError:
            return False

    async def _catch_up_and_enqueue(self, command: ChangeMembership) -> None:
        """Catch up before a change is refused or ignored: another instance may just have changed members."""
        try:
            await self._state.catch_up()
        except Unavailable as error:
            command.reply.refused(to_api_error(error))
            return
        await self._pipeline.enqueue_with_effects(command)

    def _on_remote_append(self, event: RemoteAppend) -> None:
        """Note the head. Advance to the next plain message without a read, unless a batch is in flight."""
        state = self._state
        if event.is_plain_message and event.seq == state.head + 1 and not self._pipeline.is_writing:
            state.head = event.seq
        state.observe_head(event.seq)
        self._pipeline.on_remote_append(event.origin)

    async def _get_info(self, command: GetInfo) -> None:
        state = self._state
        try:
            if state.needs_catch_up or command.at_least > state.head or not state.is_member(command.user_id):
                await state.catch_up()
        except Unavailable as error:
            self.refuse(command, error)
            return
        if not state.is_member(command.user_id):
            self._send_info(command)
            return
        work = self._unless_blocked(command.user_id, command, lambda: self._send_info(command))
        if work is not None:
            await work

    def _send_info(self, command: GetInfo) -> None:
        state = self._state
        if not command.reply.done():
            count = len(state.roster.members) if state.roster is not None else 0
            command.reply.set_result(ConversationInfo(state.is_member(command.user_id), state.head, count))


def _is_withdrawal(change: MessageChange) -> bool:
    """Whether a change is made by moderators, or withdraws what the user wrote. Blocks do not prevent it."""
    return isinstance(change, Delete | ChangeByModerator) or (isinstance(change, React) and not change.add)
