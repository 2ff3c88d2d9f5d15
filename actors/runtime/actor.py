"""The interfaces of an actor, and the errors raised when a message cannot be delivered.

An actor is a plain object. The runtime calls `receive` with one message at a time; the next call starts
after the previous one, and the coroutine it returned, have finished. An actor must not block the event loop.
"""

from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

Message = TypeVar("Message", contravariant=True)  # noqa: PLC0105 - named for what it is


class MailboxFull(Exception):  # noqa: N818 - a reply to the sender
    """The mailbox has reached its limit; the message was not accepted."""


class Stopped(Exception):  # noqa: N818
    """The actor has stopped or is quarantined; the message was not handled."""


class Actor(Protocol[Message]):
    """Handles messages one at a time, in order per sender.

    A message that cannot be handled is passed to `refuse`; it is not dropped silently.
    """

    def receive(self, message: Message) -> Coroutine[Any, Any, None] | None:
        """Handle one message, or return a coroutine that does when it has to wait."""

    def refuse(self, message: Message, reason: Exception) -> None:
        """Report to the sender that `message` was not handled, or that its handler crashed."""


class PersistentActor(Actor[Message], Protocol[Message]):
    """An actor that a registry activates by key and passivates when idle."""

    async def activate(self) -> None:
        """Load the state from storage. Messages wait until this returns. An exception counts as a crash."""

    async def passivate(self) -> None:
        """Write unsaved state. No message is received afterwards."""

    def on_crash(self, reason: Exception) -> None:
        """Fail the requests this actor still holds. A new actor replaces it under the same key."""

    @property
    def busy(self) -> bool:
        """Whether unfinished work forbids passivation."""
