"""A command that waits to be appended to the log, with its replies. Each reply is called exactly once."""

from actors.conversations.commands import ChangeMembership, ChangeMessage, CommandReply, Send
from actors.protocol.errors import ApiError
from storage.records.messaging import Entry, MessageEntry


class PendingAppend:
    __slots__ = ("_joined_replies", "command", "entry", "forward_number", "target_message")

    def __init__(self, command: Send | ChangeMessage | ChangeMembership) -> None:
        self.command = command
        self.entry: Entry | None = None
        # Number under which it was forwarded to another instance.
        self.forward_number = 0
        # The message to change, read after the entry below the seq of this change.
        self.target_message: MessageEntry | None = None
        self._joined_replies: list[CommandReply] | None = None

    def add_reply(self, reply: CommandReply) -> None:
        """Add the reply of a retry that arrived while the first attempt is pending."""
        if self._joined_replies is None:
            self._joined_replies = []
        self._joined_replies.append(reply)

    def stored(self, entry: MessageEntry, *, duplicate: bool = False) -> None:
        self.command.reply.stored(entry, duplicate=duplicate)
        for reply in self._joined_replies or ():
            reply.stored(entry, duplicate=True)

    def refused(self, error: ApiError) -> None:
        self.command.reply.refused(error)
        for reply in self._joined_replies or ():
            reply.refused(error)
