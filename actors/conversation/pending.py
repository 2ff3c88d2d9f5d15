"""A letter on its way into the log, with everybody who waits for it. Answered exactly once."""

from actors.conversation.letters import Amend, Reply, Revise, Send
from actors.wire.refusal import Refusal
from storage.records.messaging import Entry, MessageEntry


class Pending:
    __slots__ = ("_others", "entry", "handed", "letter", "message")

    def __init__(self, letter: Send | Revise | Amend) -> None:
        self.letter = letter
        self.entry: Entry | None = None
        # Under which number it was handed to another instance.
        self.handed = 0
        # What a revision is about, as read for the seq it is about to get.
        self.message: MessageEntry | None = None
        self._others: list[Reply] | None = None

    def join(self, reply: Reply) -> None:
        """The same message once more, while the first is under way: one more to be told."""
        if self._others is None:
            self._others = []
        self._others.append(reply)

    def stored(self, entry: MessageEntry, *, duplicate: bool = False) -> None:
        self.letter.reply.stored(entry, duplicate=duplicate)
        for reply in self._others or ():
            reply.stored(entry, duplicate=True)

    def refused(self, refusal: Refusal) -> None:
        self.letter.reply.refused(refusal)
        for reply in self._others or ():
            reply.refused(refusal)
