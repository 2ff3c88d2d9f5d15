"""Ages of commands without an answer."""

import pytest

from actors.conversations.command_sender import CommandSender
from actors.conversations.commands import ConversationCommand, Send
from actors.conversations.drafts import create_draft
from actors.conversations.errors import busy
from actors.conversations.unanswered_commands import FORGET_AFTER_S, UnansweredCommands
from actors.protocol.errors import ApiError
from actors.runtime.actor import MailboxFull
from config.limits import Limits
from storage.contracts.identifiers import new_id
from storage.contracts.messaging import MessageEntry


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class RecordedReply:
    """Implements `CommandReply`: counts its calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def stored(self, entry: MessageEntry, *, duplicate: bool) -> None:
        self.calls.append("stored")

    def unchanged(self) -> None:
        self.calls.append("unchanged")

    def refused(self, error: ApiError) -> None:
        self.calls.append(error.code)


class FakeActors:
    """Keeps the commands it is told, or refuses them."""

    def __init__(self) -> None:
        self.told: list[ConversationCommand] = []
        self.is_full = False

    def tell(self, _conversation_id: str, command: ConversationCommand) -> None:
        if self.is_full:
            raise MailboxFull
        self.told.append(command)


def test_the_oldest_command_counts_until_it_is_answered() -> None:
    """In any order of the answers, which are passed on."""
    clock, first, second = Clock(), RecordedReply(), RecordedReply()
    unanswered = UnansweredCommands(clock)
    first_tracked = unanswered.track(first)
    clock.now_s += 3
    second_tracked = unanswered.track(second)
    clock.now_s += 2
    assert unanswered.oldest_s() == 5
    first_tracked.unchanged()
    assert unanswered.oldest_s() == 2
    second_tracked.refused(busy())
    assert unanswered.oldest_s() == 0
    assert (first.calls, second.calls) == (["unchanged"], ["server.overloaded"])


def test_a_command_without_an_answer_is_forgotten() -> None:
    """One lost answer does not make an instance unready for ever."""
    clock = Clock()
    unanswered = UnansweredCommands(clock)
    unanswered.track(RecordedReply())
    clock.now_s += FORGET_AFTER_S
    assert unanswered.oldest_s() == FORGET_AFTER_S
    clock.now_s += 1
    assert unanswered.oldest_s() == 0
    assert len(unanswered) == 0


def test_the_sender_counts_what_it_sends() -> None:
    """A command that is not accepted is not waited for."""
    actors, reply = FakeActors(), RecordedReply()
    sender = CommandSender(actors, Limits())  # type: ignore[arg-type]
    command = Send(create_draft("u1", "c1", "hello", [], None), reply)
    sender.tell(new_id(), command)
    assert len(sender.unanswered) == 1
    (told,) = actors.told
    assert isinstance(told, Send)
    told.reply.refused(busy())
    assert len(sender.unanswered) == 0
    assert reply.calls == ["server.overloaded"]
    actors.is_full = True
    with pytest.raises(MailboxFull):
        sender.tell(new_id(), command)
    assert len(sender.unanswered) == 0
