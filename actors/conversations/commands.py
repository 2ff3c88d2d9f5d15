"""The messages of a conversation actor.

A command carries its reply, so that no actor waits for another.
"""

import math
from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from actors.conversations.message_changes import MessageChange
from actors.protocol.errors import ApiError
from actors.protocol.objects import UserCard
from actors.runtime.tracing import MessageTrace
from storage.contracts.message_log import Appended, Entry, MessageEntry


class CommandReply(Protocol):
    """Receives the result of a command. Must not raise.

    One method is called, once. After a crash or a deadline another call may follow: `DeadlineReply` passes on
    the first one only.
    """

    def stored(self, entry: MessageEntry, *, duplicate: bool) -> None: ...

    def unchanged(self) -> None:
        """The command changes nothing; no entry was stored."""

    def refused(self, error: ApiError) -> None: ...


class Draft(
    Struct,
    frozen=True,
    # Encoded names are fixed: instances of earlier versions read these drafts from the bus.
    rename={"attempt_id": "draft"},
):
    """A message without a seq. `attempt_id` distinguishes attempts with the same `client_id`.

    `traceparent` is the context of its trace, empty if it has none; instances of earlier versions ignore it.
    """

    attempt_id: int
    sender_id: str
    client_id: str
    content: str
    mentions: tuple[str, ...]
    reply_to: str | None
    traceparent: str = ""


class Send(Struct, frozen=True):
    """Store a message. A `forwarded` draft came from another instance and is not forwarded again.

    A command that has not started at its `deadline`, in seconds of the event loop's clock, is refused. A
    message that is not traced has no `trace`.
    """

    draft: Draft
    reply: CommandReply
    forwarded: bool = False
    deadline: float = math.inf
    trace: MessageTrace | None = None


class AddMember(Struct, frozen=True):
    """Add a user, as an admin. A user who left is added again only after the user `accepted` a request."""

    changed_by: UserCard
    user: UserCard
    accepted: bool = False


class RemoveMember(Struct, frozen=True):
    """Remove a user, as an admin, or leave."""

    changed_by: UserCard
    user: UserCard


class UpdateSettings(Struct, frozen=True):
    """Change the name, the admins, or both, as an admin. None keeps a value."""

    changed_by: UserCard
    name: str | None
    admins: tuple[str, ...] | None


class AddByRule(Struct, frozen=True):
    """Add a user by a membership rule, without an admin's permission.

    Changes nothing for a user who left after `requested_at_ms`, the time of the user's last request to join,
    or whom an admin removed after `invited_at_ms`, the time of the last invite.
    """

    user: UserCard
    requested_at_ms: int = 0
    invited_at_ms: int = 0

    @property
    def changed_by(self) -> UserCard:
        return self.user


class RemoveByRule(Struct, frozen=True):
    """Remove a user by a membership rule. Changes nothing for a user who is not a member."""

    user: UserCard

    @property
    def changed_by(self) -> UserCard:
        return self.user


class RenameByRule(Struct, frozen=True):
    """Change the name from `old_name`. Changes nothing if the group has another name, given by an admin."""

    changed_by: UserCard
    old_name: str
    name: str


class AnnounceByRule(Struct, frozen=True):
    """Store a SYSTEM message of `changed_by`, once for each `key`. A repeat gets `idempotency.conflict`."""

    changed_by: UserCard
    text: str
    key: str


class ChangeMembersByRule(Struct, frozen=True):
    """Add and remove users by a membership rule, in one entry with `text`.

    Users in `joined` who are members already, and users in `left` who are not, are ignored. Users who left,
    or whom an admin removed, are not added. A group `without_admins` has none until the next such change, so
    that no member adds users.
    """

    changed_by: UserCard
    text: str
    joined: tuple[UserCard, ...] = ()
    left: tuple[str, ...] = ()
    without_admins: bool = False


ChangeByRule = AddByRule | RemoveByRule | RenameByRule | AnnounceByRule | ChangeMembersByRule
"""Changes that need no permission: they follow another service."""
MembershipChange = AddMember | RemoveMember | UpdateSettings | ChangeByRule


def added_users(change: MembershipChange) -> Sequence[UserCard]:
    """Return the users that a change may add."""
    match change:
        case AddMember(user=user) | AddByRule(user=user):
            return [user]
        case ChangeMembersByRule(joined=users):
            return users
        case _:
            return ()


class ChangeMembership(Struct, frozen=True):
    """Change the members or settings. The reply gets the SYSTEM entry, or that nothing changed."""

    change: MembershipChange
    reply: CommandReply
    deadline: float = math.inf


class ChangeMessage(Struct, frozen=True):
    """Change a message. The reply gets the message after the change, as a duplicate if nothing changed."""

    user_id: str
    change: MessageChange
    reply: CommandReply
    deadline: float = math.inf


class PendingAppend:
    """A command that waits to be appended to the log, with its reply and those of concurrent retries."""

    __slots__ = ("_joined_replies", "command", "entry", "forward_number", "queued_at", "target_message")

    def __init__(self, command: Send | ChangeMessage | ChangeMembership, queued_at: float) -> None:
        self.command = command
        # Seconds of the event loop's clock.
        self.queued_at = queued_at
        self.entry: Entry | None = None
        # Number under which it was forwarded to another instance.
        self.forward_number = 0
        # The message to change, as it is at the seq before this change.
        self.target_message: MessageEntry | None = None
        self._joined_replies: list[CommandReply] | None = None

    def add_reply(self, reply: CommandReply) -> None:
        """Add the reply of a retry that arrived while the first attempt is pending."""
        if self._joined_replies is None:
            self._joined_replies = []
        self._joined_replies.append(reply)

    def stored(self, entry: MessageEntry, *, duplicate: bool = False) -> None:
        self.command.reply.stored(entry, duplicate=duplicate)
        for reply in self._joined_replies or ():
            reply.stored(entry, duplicate=True)

    def unchanged(self) -> None:
        """Answer a change that has no effect. A message change returns the message as a duplicate."""
        if self.target_message is not None:
            self.stored(self.target_message, duplicate=True)
        else:
            self.command.reply.unchanged()

    def refused(self, error: ApiError) -> None:
        self.command.reply.refused(error)
        for reply in self._joined_replies or ():
            reply.refused(error)


class DraftOutcome(Struct, frozen=True, array_like=True):
    """The result of one draft: stored as `entry`, or refused with `code`."""

    attempt_id: int
    entry: MessageEntry | None
    duplicate: bool
    code: str
    detail: str
    retry_after_ms: int | None
    retry: bool


class ConversationInfo(Struct, frozen=True):
    """The head of a conversation, its size, and whether the asking user is a member."""

    is_member: bool
    head: int
    member_count: int


class InfoReply(Protocol):
    def set_result(self, result: ConversationInfo, /) -> None: ...

    def set_exception(self, exception: Exception, /) -> None: ...

    def done(self) -> bool: ...


class GetInfo(Struct, frozen=True):
    """Get `ConversationInfo` for a command of a user. The head is at least `at_least` if that seq exists.

    Refused with `user.blocked` in a direct conversation with a block. `user_id` is empty if the
    server itself asks.
    """

    user_id: str
    at_least: int
    reply: InfoReply


class RemoteAppend(Struct, frozen=True):
    """Instance `origin` stored the entry at `seq`. A plain message is described in `EntryAppended`."""

    origin: str
    seq: int
    is_plain_message: bool


class AppendResult(Struct, frozen=True):
    """The log writer finished a batch. `appended` is None when the store stayed unavailable.

    `submitter` is the actor that submitted the batch; one that replaced it after a crash ignores the result.
    """

    appended: Appended | None
    submitter: object


class ForwardResult(Struct, frozen=True):
    """The outcome of a forwarded draft, or None if none arrived in time."""

    pending: PendingAppend
    outcome: DraftOutcome | None


ConversationCommand = (
    ForwardResult | Send | ChangeMessage | ChangeMembership | GetInfo | RemoteAppend | AppendResult
)
