"""What all conversations of an instance share. It holds; it does nothing."""

import asyncio
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from actors.conversation.log_writer import LogWriter
from actors.conversation.publisher import Publisher
from actors.conversation.relay import Relay
from actors.conversation.summaries import Summaries
from config.limits import Limits
from storage.contracts.messaging import MessagingStore
from storage.records.messaging import ConversationRecord, MessageEntry


class Announcer(Protocol):
    """Tells those who came or went, wherever they are."""

    async def announce(self, conversation: ConversationRecord, entry: MessageEntry) -> None:
        """After the document says so too. Never raises: what can not be told now is found by a resync."""


class Mentions(Protocol):
    """Notifies those whom messages name."""

    def tell(self, entry: MessageEntry, members: Collection[str], done: Callable[[bool], None]) -> None:
        """Later, and at once for the caller; `done` says whether it is, or has to be tried again."""

    async def notify(self, entry: MessageEntry, members: Collection[str]) -> None:
        """Now. Notifying again tells nobody twice. Raises `StorageError` or `Refusal`."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """See that something small is done beside the conversation."""


class Barrier(Protocol):
    """Between which two people nothing may be said in private."""

    def apart_lately(self, one: str, other: str) -> bool | None:
        """What is known of the two without asking; None when they have to be asked for."""

    async def remember(self, one: str, other: str) -> bool:
        """Ask. Raises `Unavailable` or `Refusal`."""


class Unmentioned:
    """A `Mentions` that notifies nobody, and a `Barrier` between nobody: for a core on its own."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def tell(self, entry: MessageEntry, members: Collection[str], done: Callable[[bool], None]) -> None:  # noqa: ARG002
        done(True)

    async def notify(self, entry: MessageEntry, members: Collection[str]) -> None:
        """Nobody."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def apart_lately(self, one: str, other: str) -> bool | None:  # noqa: ARG002
        return False

    async def remember(self, one: str, other: str) -> bool:  # noqa: ARG002
        return False


@dataclass(frozen=True, slots=True)
class House:
    store: MessagingStore
    log: LogWriter
    publisher: Publisher
    summaries: Summaries
    limits: Limits
    announcer: Announcer
    relay: Relay
    mentions: Mentions
    barrier: Barrier
    instance: str
