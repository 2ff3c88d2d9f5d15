"""What the runtime asks of an actor, and what it says when it can not deliver.

An actor is a plain object. The runtime calls `receive` with one message at a time and never again
before the last call has ended; an actor never blocks the loop, and never sees its own mailbox.
"""

from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

Message = TypeVar("Message", contravariant=True)  # noqa: PLC0105 - reads as what it is


class MailboxFull(Exception):  # noqa: N818 - an answer to the sender
    """The mailbox holds as much as it may. The message was not taken."""


class Stopped(Exception):  # noqa: N818
    """The actor is gone, for good or until its quarantine ends. The message was not handled."""


class Actor(Protocol[Message]):
    """One thing that lives. Order is kept per sender; nothing is lost without the sender being told."""

    def receive(self, message: Message) -> Coroutine[Any, Any, None] | None:
        """Handle one message, now or, where it has to wait for something, in the coroutine returned."""

    def refuse(self, message: Message, reason: Exception) -> None:
        """Tell the sender of `message` that it was not handled, or that it crashed its handler."""


class PersistentActor(Actor[Message], Protocol[Message]):
    """An actor that a registry brings to life by key, from storage, and puts to sleep when idle."""

    async def activate(self) -> None:
        """Load what is needed. Messages wait meanwhile. An error counts as a crash."""

    async def passivate(self) -> None:
        """Write what was not yet written. Nothing is received after this."""

    def on_crash(self, reason: Exception) -> None:
        """It crashed: tell everybody whose work it still held. A fresh actor takes the key."""

    @property
    def busy(self) -> bool:
        """Whether something is still under way that forbids sleeping."""
