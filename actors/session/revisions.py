"""What a frame of the socket asks to change in a message. Pure; it never checks who may."""

from actors.conversation.drafts import content_of, emoji_of
from actors.conversation.letters import Delete, Edit, React, Revision
from actors.wire.commands import AddReaction, Change, DeleteMessage, EditMessage, RemoveReaction


def revision_of(command: Change) -> Revision:
    """What a frame asks for, checked as a draft is. Raises `Refusal`."""
    match command:
        case EditMessage(message_id=message_id, content=content):
            return Edit(message_id, content_of(content))
        case DeleteMessage(message_id=message_id):
            return Delete(message_id)
        case AddReaction(message_id=message_id, emoji=emoji):
            return React(message_id, emoji_of(emoji), add=True)
        case RemoveReaction(message_id=message_id, emoji=emoji):
            return React(message_id, emoji_of(emoji), add=False)
