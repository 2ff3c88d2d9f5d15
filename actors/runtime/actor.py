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
    """The actor has stopped or is quarantined. The message was not handled, or its handler was cancelled."""


class Actor(Protocol[Message]):
    """Handles messages one at a time, in the order in which they were delivered.

    A message that was accepted and cannot be handled is passed to `refuse`. Only replies overtake other
    messages, and are dropped once the actor has stopped.
    """

    def receive(self, message: Message) -> Coroutine[Any, Any, None] | None:
        """Handle one message, or return a coroutine that handles it, if that has to wait."""

    def refuse(self, message: Message, reason: Exception) -> None:
        """Report to the sender that `message` was not handled, or its handler crashed or was cancelled."""


class PersistentActor(Actor[Message], Protocol[Message]):
    """An actor that a registry activates by key and passivates when idle."""

    async def activate(self) -> None:
        """Load the state from storage. Messages wait until this returns. An exception counts as a crash."""

    async def passivate(self) -> None:
        """Write unsaved state. No message is received afterwards."""

    def on_crash(self, reason: Exception) -> None:
        """Fail the requests this actor still holds. It receives nothing more; a new actor may replace it."""

    @property
    def busy(self) -> bool:
        """Whether unfinished work forbids passivation."""
