"""Commands that send a message or change one. They run in order; the conversation sends their replies.

The conversation checks permissions.
"""

from datetime import datetime

from actors.accounts.restrictions import is_silenced
from actors.conversations.commands import ChangeMessage, Send
from actors.conversations.message_changes import Delete, Edit, MessageChange, React
from actors.conversations.message_validation import (
    create_draft,
    validate_content,
    validate_emoji,
    validate_removed_emoji,
)
from actors.protocol.commands import (
    AddReaction,
    DeleteMessage,
    EditMessage,
    MessageChangeCommand,
    RemoveReaction,
    SendMessage,
)
from actors.sessions.command_registration import CONVERSATION_ERRORS, CommandSession, ordered
from actors.sessions.replies import ChangeReply, SendReply
from actors.sessions.session_dependencies import SessionDependencies

CHANGE_ERRORS = (*CONVERSATION_ERRORS, "message.not_found", "permission.denied")
"""Errors of every change of a message."""
WRITE_ERRORS = ("conversation.read_only",)
"""Errors of commands that a direct conversation refuses once the other user's account was deleted."""


def send_message(command: SendMessage, session: CommandSession, dependencies: SessionDependencies) -> None:
    draft = create_draft(
        session.user_id, command.client_id, command.content, command.mentions, command.reply_to
    )
    dependencies.conversations.send(command.conversation_id, Send(draft, SendReply(session, command.id)))


def change_message(
    command: MessageChangeCommand, session: CommandSession, dependencies: SessionDependencies
) -> None:
    change = ChangeMessage(
        session.user_id, to_message_change(command, session.silenced_until), ChangeReply(session, command.id)
    )
    dependencies.conversations.send(command.conversation_id, change)


def to_message_change(command: MessageChangeCommand, silenced_until: datetime | None = None) -> MessageChange:
    """Return the change that `command` requests. Raises `ApiError` if its content or emoji is not valid."""
    match command:
        case EditMessage(message_id=message_id, content=content):
            return Edit(message_id, validate_content(content))
        case DeleteMessage(message_id=message_id):
            return Delete(message_id, own_only=is_silenced(silenced_until))
        case AddReaction(message_id=message_id, emoji=emoji):
            return React(message_id, validate_emoji(emoji), add=True)
        case RemoveReaction(message_id=message_id, emoji=emoji):
            return React(message_id, validate_removed_emoji(emoji), add=False)


MESSAGE_COMMANDS = (
    ordered(
        SendMessage,
        send_message,
        errors=(*CONVERSATION_ERRORS, *WRITE_ERRORS, "idempotency.conflict", "message.not_found"),
    ),
    ordered(EditMessage, change_message, errors=(*CHANGE_ERRORS, *WRITE_ERRORS, "message.deleted")),
    ordered(DeleteMessage, change_message, errors=(*CHANGE_ERRORS, "user.silenced"), while_silenced=True),
    ordered(AddReaction, change_message, errors=(*CHANGE_ERRORS, *WRITE_ERRORS, "message.deleted")),
    ordered(RemoveReaction, change_message, errors=(*CHANGE_ERRORS, "message.deleted"), while_silenced=True),
)
