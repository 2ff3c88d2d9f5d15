"""A letter on its way into the log, with everybody who waits for it. Answered exactly once."""

from actors.conversations.commands import ChangeMembership, ChangeMessage, CommandReply, Send
from actors.protocol.errors import ApiError
from storage.contracts.messaging import Entry, MessageEntry


class PendingAppend:
    __slots__ = ("_joined_replies", "command", "entry", "forward_number", "target_message")

    def __init__(self, command: Send | ChangeMessage | ChangeMembership) -> None:
        self.command = command
        self.entry: Entry | None = None
        # Under which number it was handed to another instance.
        self.forward_number = 0
        # What a revision is about, as read for the seq it is about to get.
        self.target_message: MessageEntry | None = None
        self._joined_replies: list[CommandReply] | None = None

    def add_reply(self, reply: CommandReply) -> None:
        """The same message once more, while the first is under way: one more to be told."""
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
