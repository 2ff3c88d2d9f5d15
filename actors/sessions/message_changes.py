"""What a frame of the socket asks to change in a message. Pure; it never checks who may."""

from actors.conversations.commands import Delete, Edit, MessageChange, React
from actors.conversations.drafts import validate_content, validate_emoji
from actors.protocol.commands import (
    AddReaction,
    DeleteMessage,
    EditMessage,
    MessageChangeCommand,
    RemoveReaction,
)


def to_message_change(command: MessageChangeCommand) -> MessageChange:
    """What a frame asks for, checked as a draft is. Raises `Refusal`."""
    match command:
        case EditMessage(message_id=message_id, content=content):
            return Edit(message_id, validate_content(content))
        case DeleteMessage(message_id=message_id):
            return Delete(message_id)
        case AddReaction(message_id=message_id, emoji=emoji):
            return React(message_id, validate_emoji(emoji), add=True)
        case RemoveReaction(message_id=message_id, emoji=emoji):
            return React(message_id, validate_emoji(emoji), add=False)
