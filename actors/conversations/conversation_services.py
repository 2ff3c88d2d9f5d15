"""What all conversations of an instance share. It holds; it does nothing."""

import asyncio
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from actors.conversations.draft_forwarder import DraftForwarder
from actors.conversations.log_writer import LogWriter
from actors.conversations.publisher import Publisher
from actors.conversations.summary_writer import SummaryWriter
from config.limits import Limits
from storage.contracts.messaging import ConversationRecord, MessageEntry, MessagingStore


class MembershipNotifier(Protocol):
    """Tells those who came or went, wherever they are."""

    async def notify_change(self, conversation: ConversationRecord, entry: MessageEntry) -> None:
        """After the document says so too. Never raises: what can not be told now is found by a resync."""


class Mentions(Protocol):
    """Notifies those whom messages name."""

    def notify_later(
        self, entry: MessageEntry, members: Collection[str], on_done: Callable[[bool], None]
    ) -> None:
        """Later, and at once for the caller; `done` says whether it is, or has to be tried again."""

    async def notify(self, entry: MessageEntry, members: Collection[str]) -> None:
        """Now. Notifying again tells nobody twice. Raises `StorageError` or `Refusal`."""

    def run_in_background(self, work: Coroutine[Any, Any, None]) -> None:
        """See that something small is done beside the conversation."""


class BlockChecker(Protocol):
    """Between which two people nothing may be said in private."""

    def cached_is_blocked(self, user_id: str, other_id: str) -> bool | None:
        """What is known of the two without asking; None when they have to be asked for."""

    async def load_is_blocked(self, user_id: str, other_id: str) -> bool:
        """Ask. Raises `Unavailable` or `Refusal`."""


class NullMentions:
    """Mentions that notify no one, for a core without the notification service."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def notify_later(
        self,
        entry: MessageEntry,  # noqa: ARG002
        members: Collection[str],  # noqa: ARG002
        on_done: Callable[[bool], None],
    ) -> None:
        on_done(True)

    async def notify(self, entry: MessageEntry, members: Collection[str]) -> None:
        """Do nothing."""

    def run_in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class NullBlockChecker:
    """A `BlockChecker` without blocks, for a core without the social service."""

    def cached_is_blocked(self, user_id: str, other_id: str) -> bool | None:  # noqa: ARG002
        return False

    async def load_is_blocked(self, user_id: str, other_id: str) -> bool:  # noqa: ARG002
        return False


@dataclass(frozen=True, slots=True)
class ConversationServices:
    store: MessagingStore
    log_writer: LogWriter
    publisher: Publisher
    summary_writer: SummaryWriter
    limits: Limits
    membership_notifier: MembershipNotifier
    draft_forwarder: DraftForwarder
    mentions: Mentions
    block_checker: BlockChecker
    instance: str
