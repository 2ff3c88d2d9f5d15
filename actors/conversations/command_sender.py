"""Sends commands to conversation actors and waits for their results."""

import asyncio

import msgspec

from actors.conversations.commands import (
    ChangeMembership,
    ChangeMessage,
    CommandReply,
    ConversationCommand,
    ConversationInfo,
    GetInfo,
    Send,
)
from actors.conversations.errors import busy, not_found, outcome_unknown
from actors.conversations.future_reply import FutureReply
from actors.conversations.unanswered_commands import UnansweredCommands
from actors.protocol.errors import ApiError
from actors.runtime.actor import MailboxFull, Stopped
from actors.runtime.registry import Registry
from actors.runtime.tracing import MessageTrace, MessageTracing
from config.limits import Limits
from config.log_context import add_log_ids, log_context
from storage.contracts.identifiers import is_id
from storage.contracts.message_log import MessageEntry


class TracingReply:
    """Implements `CommandReply`: passes on the result and ends a trace."""

    __slots__ = ("_reply", "_trace")

    def __init__(self, reply: CommandReply, trace: MessageTrace) -> None:
        self._reply = reply
        self._trace = trace

    def stored(self, entry: MessageEntry, *, duplicate: bool) -> None:
        self._trace.end("duplicate" if duplicate else "stored", entry.seq)
        self._reply.stored(entry, duplicate=duplicate)

    def unchanged(self) -> None:
        self._trace.end("unchanged")
        self._reply.unchanged()

    def refused(self, error: ApiError) -> None:
        self._trace.end(error.code)
        self._reply.refused(error)


class CommandSender:
    def __init__(
        self,
        actors: Registry[str, ConversationCommand],
        unanswered: UnansweredCommands,
        limits: Limits,
        tracing: MessageTracing | None = None,
    ) -> None:
        self._tracing = tracing
        self._actors = actors
        self._unanswered = unanswered
        self._request_timeout_s = limits.request_timeout_ms / 1000

    def tell(self, conversation_id: str, command: Send | ChangeMessage | ChangeMembership) -> None:
        """Pass a command to its conversation. The reply gets the result, or a refusal at the deadline.

        Raises:
            ApiError: conversation.not_found, if the id is malformed.
            MailboxFull, Stopped: the command was not accepted.
        """
        validate_id(conversation_id)
        if isinstance(command, Send) and command.forwarded:
            # The instance that forwarded it answers the sender in time.
            self._actors.tell(conversation_id, self._continue_trace(conversation_id, command))
            return
        tracked = self._unanswered.track(command.reply, conversation_id, _user_id(command))
        command = msgspec.structs.replace(command, reply=tracked, deadline=tracked.deadline)
        if self._tracing is not None and isinstance(command, Send):
            tracked.trace = _start_trace(self._tracing, conversation_id)
            if tracked.trace is not None:
                draft = msgspec.structs.replace(command.draft, traceparent=tracked.trace.traceparent)
                command = msgspec.structs.replace(command, draft=draft, trace=tracked.trace)
        try:
            self._actors.tell(conversation_id, command)
        except (MailboxFull, Stopped):
            self._unanswered.remove(tracked)
            if tracked.trace is not None:
                tracked.trace.end("server.overloaded")
            raise

    def _continue_trace(self, conversation_id: str, command: Send) -> Send:
        """Continue the trace of a draft that another instance forwarded."""
        if self._tracing is None or not command.draft.traceparent:
            return command
        trace = self._tracing.start_message(conversation_id, command.draft.traceparent)
        if trace is None:
            return command
        return msgspec.structs.replace(command, reply=TracingReply(command.reply, trace), trace=trace)

    async def execute(
        self, conversation_id: str, command: Send | ChangeMessage | ChangeMembership, reply: FutureReply
    ) -> tuple[MessageEntry, bool] | None:
        """Pass a command to its conversation and wait for `reply`, which must be the command's reply.

        Return the entry and whether it was stored before, or None if nothing changed. Raises `ApiError`. If
        the caller is cancelled the command is still executed.
        """
        try:
            self.tell(conversation_id, command)
        except (MailboxFull, Stopped):
            raise busy() from None
        try:
            async with asyncio.timeout(self._request_timeout_s * 2):
                return await reply.future
        except TimeoutError:
            raise outcome_unknown() from None

    async def get_info(self, user_id: str, conversation_id: str, at_least: int = 0) -> ConversationInfo:
        """Return the head, the member count and whether the user is a member. Raises `ApiError`."""
        try:
            ref = self._actors.ensure_active(validate_id(conversation_id))
            return await ref.ask(lambda reply: GetInfo(user_id, at_least, reply), self._request_timeout_s)
        except (MailboxFull, Stopped, TimeoutError):
            raise busy() from None


def validate_id(conversation_id: str) -> str:
    """Return a well-formed id. Raises `ApiError` (conversation.not_found)."""
    if not is_id(conversation_id):
        raise not_found()
    return conversation_id


def _start_trace(tracing: MessageTracing, conversation_id: str) -> MessageTrace | None:
    """Start the trace of a message; continue that of the HTTP request if it is traced."""
    ids = log_context.get() or {}
    is_part = "trace_id" in ids and "span_id" in ids
    parent = f"00-{ids['trace_id']}-{ids['span_id']}-{ids['trace_flags']}" if is_part else ""
    trace = tracing.start_message(conversation_id, parent)
    if trace is not None:
        add_log_ids(trace_id=trace.trace_id)
    return trace


def _user_id(command: Send | ChangeMessage | ChangeMembership) -> str:
    match command:
        case Send(draft=draft):
            return draft.sender_id
        case ChangeMessage(user_id=user_id):
            return user_id
        case ChangeMembership(change=change):
            return change.changed_by.id
