"""What all conversation actors of an instance share."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from actors.consent.consent import AdditionKind, ConsentNeeded
from actors.consent.conversation_requests import RequestTarget
from actors.conversations.draft_forwarder import DraftForwarder
from actors.conversations.entry_publisher import EntryPublisher
from actors.conversations.log_writer import LogWriter
from actors.conversations.membership_notifier import MembershipNotifier
from actors.conversations.peer_checker import PeerChecker
from actors.conversations.pending_effects import PendingEffectRecorder
from actors.conversations.summary_writer import SummaryWriter
from actors.protocol.objects import UserCard
from actors.runtime.black_box import BlackBoxes
from config.limits import Limits
from storage.contracts.message_log import MessageEntry
from storage.contracts.messaging import MessagingStore


class Mentions(Protocol):
    """Notifies the users mentioned in messages."""

    def notify_later(
        self, entry: MessageEntry, members: Collection[str], on_done: Callable[[bool], None]
    ) -> None:
        """Notify in the background. Call `on_done` with True, or with False if a retry is needed."""

    async def notify(self, entries: Sequence[MessageEntry], members: Collection[str]) -> None:
        """Notify the mentioned members. Idempotent. Raises `StorageError` or `ApiError`."""

    def withdraw_message(self, message: MessageEntry, on_done: Callable[[bool], None]) -> None:
        """Withdraw the notifications of a deleted message. In the background, as `notify_later`."""

    def withdraw_conversation(
        self, conversation_id: str, user_ids: Collection[str], on_done: Callable[[bool], None]
    ) -> None:
        """Withdraw the notifications of users who left a conversation, as `withdraw_message` does."""

    async def withdraw(
        self, conversation_id: str, messages: Sequence[MessageEntry], user_ids: Collection[str]
    ) -> None:
        """Withdraw the notifications of deleted messages of a conversation, and those of users who left it.

        Idempotent. Raises `StorageError` or `ApiError`.
        """


class AdditionConsent(Protocol):
    """Decides which users a user may add to groups, and sends requests to the others."""

    async def list_blocked_users(self, user_id: str) -> Sequence[str]:
        """Return the users who blocked the user or are blocked by the user."""

    async def check(self, actor_id: str, user_ids: Sequence[str], kind: AdditionKind) -> ConsentNeeded:
        """Charge an addition; return the users who have to accept first. Raises `ApiError` (rate.limited)."""

    async def request(self, actor: UserCard, target: RequestTarget, needed: ConsentNeeded) -> None:
        """Send requests to join. Idempotent. Raises `ApiError` (rate.limited)."""

    async def remove_request(self, user_id: str, conversation_id: str) -> None:
        """Delete the request to a user who became a member, open or declined."""


class NullMentions:
    """`Mentions` that notify no one, for a core without the Notification service."""

    def notify_later(
        self,
        entry: MessageEntry,  # noqa: ARG002
        members: Collection[str],  # noqa: ARG002
        on_done: Callable[[bool], None],
    ) -> None:
        on_done(True)

    async def notify(self, entries: Sequence[MessageEntry], members: Collection[str]) -> None:
        """Do nothing."""

    def withdraw_message(self, message: MessageEntry, on_done: Callable[[bool], None]) -> None:  # noqa: ARG002
        on_done(True)

    def withdraw_conversation(
        self,
        conversation_id: str,  # noqa: ARG002
        user_ids: Collection[str],  # noqa: ARG002
        on_done: Callable[[bool], None],
    ) -> None:
        on_done(True)

    async def withdraw(
        self, conversation_id: str, messages: Sequence[MessageEntry], user_ids: Collection[str]
    ) -> None:
        """Do nothing."""


class NullConsent:
    """An `AdditionConsent` that permits everything, for a core without the Social service."""

    async def list_blocked_users(self, user_id: str) -> Sequence[str]:  # noqa: ARG002
        return ()

    async def check(
        self,
        actor_id: str,  # noqa: ARG002
        user_ids: Sequence[str],  # noqa: ARG002
        kind: AdditionKind,  # noqa: ARG002
    ) -> ConsentNeeded:
        return ConsentNeeded()

    async def request(self, actor: UserCard, target: RequestTarget, needed: ConsentNeeded) -> None:
        """Do nothing."""

    async def remove_request(self, user_id: str, conversation_id: str) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class ConversationDependencies:
    store: MessagingStore
    log_writer: LogWriter
    publisher: EntryPublisher
    summary_writer: SummaryWriter
    limits: Limits
    membership_notifier: MembershipNotifier
    draft_forwarder: DraftForwarder
    mentions: Mentions
    peer_checker: PeerChecker
    pending_effects: PendingEffectRecorder
    black_boxes: BlackBoxes
    is_tracing: bool = False
