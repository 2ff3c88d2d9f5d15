"""Conversion of message commands to the conversation's command type. Permissions are checked there."""

from actors.conversations.commands import Delete, Edit, MessageChange, React
from actors.conversations.drafts import validate_content, validate_emoji, validate_removed_emoji
from actors.protocol.commands import (
    AddReaction,
    DeleteMessage,
    EditMessage,
    MessageChangeCommand,
    RemoveReaction,
)


def to_message_change(command: MessageChangeCommand) -> MessageChange:
    """Return the change that `command` requests. Raises `ApiError` if its content or emoji is not valid."""
    match command:
        case EditMessage(message_id=message_id, content=content):
            return Edit(message_id, validate_content(content))
        case DeleteMessage(message_id=message_id):
            return Delete(message_id)
        case AddReaction(message_id=message_id, emoji=emoji):
            return React(message_id, validate_emoji(emoji), add=True)
        case RemoveReaction(message_id=message_id, emoji=emoji):
            return React(message_id, validate_removed_emoji(emoji), add=False)
