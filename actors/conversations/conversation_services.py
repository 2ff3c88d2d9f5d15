"""The services that all conversation actors of an instance share."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from actors.conversations.draft_forwarder import DraftForwarder
from actors.conversations.log_writer import LogWriter
from actors.conversations.membership_notifier import MembershipNotifier
from actors.conversations.pending_effects import PendingEffectRecorder
from actors.conversations.publisher import Publisher
from actors.conversations.summary_writer import SummaryWriter
from config.limits import Limits
from storage.contracts.messaging import MessageEntry, MessagingStore


class Mentions(Protocol):
    """Notifies the users mentioned in messages."""

    def notify_later(
        self, entry: MessageEntry, members: Collection[str], on_done: Callable[[bool], None]
    ) -> None:
        """Notify in the background. Call `on_done` with True, or with False if a retry is needed."""

    async def notify(self, entries: Sequence[MessageEntry], members: Collection[str]) -> None:
        """Notify the mentioned members. Idempotent. Raises `StorageError` or `ApiError`."""

    def withdraw_message(self, message: MessageEntry) -> None:
        """Withdraw the notifications of a deleted message, in the background."""

    def withdraw_conversation(self, conversation_id: str, user_ids: Collection[str]) -> None:
        """Withdraw the notifications of users who left a conversation, in the background."""


class BlockChecker(Protocol):
    """Checks whether one of two users blocked the other."""

    def cached_is_blocked(self, user_id: str, other_id: str) -> bool | None:
        """Return the cached answer, or None if it is not cached."""

    async def load_is_blocked(self, user_id: str, other_id: str) -> bool:
        """Load and cache the answer. Raises `Unavailable` or `ApiError`."""


class NullMentions:
    """`Mentions` that notify no one, for a core without the notification service."""

    def notify_later(
        self,
        entry: MessageEntry,  # noqa: ARG002
        members: Collection[str],  # noqa: ARG002
        on_done: Callable[[bool], None],
    ) -> None:
        on_done(True)

    async def notify(self, entries: Sequence[MessageEntry], members: Collection[str]) -> None:
        """Do nothing."""

    def withdraw_message(self, message: MessageEntry) -> None:
        """Do nothing."""

    def withdraw_conversation(self, conversation_id: str, user_ids: Collection[str]) -> None:
        """Do nothing."""


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
    pending_effects: PendingEffectRecorder
