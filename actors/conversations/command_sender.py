"""Sends commands to conversation actors and waits for their results."""

import asyncio

import msgspec

from actors.conversations.commands import (
    ChangeMembership,
    ChangeMessage,
    ConversationCommand,
    ConversationInfo,
    GetInfo,
    Send,
)
from actors.conversations.errors import busy, not_found, outcome_unknown
from actors.conversations.future_reply import FutureReply
from actors.conversations.unanswered_commands import UnansweredCommands
from actors.runtime.actor import MailboxFull, Stopped
from actors.runtime.registry import Registry
from config.limits import Limits
from storage.contracts.identifiers import is_id
from storage.contracts.messaging import MessageEntry


class CommandSender:
    def __init__(
        self, actors: Registry[str, ConversationCommand], unanswered: UnansweredCommands, limits: Limits
    ) -> None:
        self._actors = actors
        self._unanswered = unanswered
        self._request_timeout_s = limits.request_timeout_ms / 1000

    def tell(self, conversation_id: str, command: Send | ChangeMessage | ChangeMembership) -> None:
        """Pass a command to its conversation. The result arrives through the command's reply, in time.

        Raises:
            ApiError: conversation.not_found, if the id is malformed.
            MailboxFull, Stopped: the command was not accepted.
        """
        validate_id(conversation_id)
        if isinstance(command, Send) and command.forwarded:
            # The instance that forwarded it answers the sender in time.
            self._actors.tell(conversation_id, command)
            return
        tracked = self._unanswered.track(command.reply, conversation_id, _user_id(command))
        try:
            self._actors.tell(
                conversation_id,
                msgspec.structs.replace(command, reply=tracked, deadline=tracked.deadline),
            )
        except (MailboxFull, Stopped):
            self._unanswered.remove(tracked)
            raise

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


def _user_id(command: Send | ChangeMessage | ChangeMembership) -> str:
    match command:
        case Send(draft=draft):
            return draft.sender_id
        case ChangeMessage(user_id=user_id):
            return user_id
        case ChangeMembership(change=change):
            return change.actor.id
