"""What a conversation is told, and how it answers.

A letter carries its reply: whoever wrote it never waits inside an actor, the answer comes back through
the reply. A reply is called exactly once.
"""

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from actors.protocol.errors import ApiError
from actors.protocol.objects import UserCard
from storage.contracts.messaging import Appended, MessageEntry

if TYPE_CHECKING:
    from actors.conversations.draft_forwarder import DraftOutcome
    from actors.conversations.pending_append import PendingAppend


class CommandReply(Protocol):
    """Who is told how it went; synchronous, never raises."""

    def stored(self, entry: MessageEntry, *, duplicate: bool) -> None: ...

    def unchanged(self) -> None:
        """What was asked for is so already; nothing was stored."""

    def refused(self, error: ApiError) -> None: ...


class Draft(Struct, frozen=True, rename={"attempt_id": "draft"}):
    """A message that has no seq yet. `draft` tells this attempt from another with the same `client_id`."""

    attempt_id: int
    sender_id: str
    client_id: str
    content: str
    mentions: tuple[str, ...]
    reply_to: str | None


class Send(Struct, frozen=True):
    """`relayed`: another instance handed it over, so it is not handed on."""

    draft: Draft
    reply: CommandReply
    forwarded: bool = False


class AddMember(Struct, frozen=True):
    """Take somebody in; for admins."""

    actor: UserCard
    user: UserCard


class RemoveMember(Struct, frozen=True):
    """Put somebody out (for admins), or leave."""

    actor: UserCard
    user: UserCard


class UpdateSettings(Struct, frozen=True):
    """A new name, new admins, or both; for admins."""

    actor: UserCard
    name: str | None
    admins: tuple[str, ...] | None


class AddByRule(Struct, frozen=True):
    """Take in somebody whom a rule lets in, whatever admins there are."""

    user: UserCard

    @property
    def actor(self) -> UserCard:
        return self.user


class RemoveByRule(Struct, frozen=True):
    """Let somebody go whom a rule no longer keeps; who is out already stays out."""

    user: UserCard

    @property
    def actor(self) -> UserCard:
        return self.user


MembershipChange = AddMember | RemoveMember | UpdateSettings | AddByRule | RemoveByRule


class ChangeMembership(Struct, frozen=True):
    change: MembershipChange
    reply: CommandReply


class Edit(Struct, frozen=True):
    message_id: str
    content: str


class Delete(Struct, frozen=True):
    message_id: str


class React(Struct, frozen=True):
    message_id: str
    emoji: str
    add: bool


MessageChange = Edit | Delete | React


class ChangeMessage(Struct, frozen=True):
    """Change an earlier message. The reply is given the message as it is then; a duplicate: as it was."""

    user_id: str
    change: MessageChange
    reply: CommandReply


class ConversationInfo(Struct, frozen=True):
    """A conversation as one member's read mark needs it."""

    is_member: bool
    head: int
    member_count: int


class InfoReply(Protocol):
    def set_result(self, result: ConversationInfo, /) -> None: ...

    def set_exception(self, exception: Exception, /) -> None: ...

    def done(self) -> bool: ...


class GetInfo(Struct, frozen=True):
    """Ask for the head and for one's membership; `at_least` is a seq the asker knows to exist."""

    user_id: str
    at_least: int
    reply: InfoReply


class RemoteAppend(Struct, frozen=True):
    """Instance `origin` stored the entry at `seq`. `plain`: a message, with nothing to apply."""

    origin: str
    seq: int
    is_plain_message: bool


class AppendResult(Struct, frozen=True):
    """The log writer is done with the run that was submitted; `appended` is None when the store was away."""

    appended: Appended | None


class ForwardResult(Struct, frozen=True):
    """A draft that was handed to another instance, with its outcome; None when there was no answer."""

    pending: "PendingAppend"
    outcome: "DraftOutcome | None"


ConversationCommand = (
    ForwardResult | Send | ChangeMessage | ChangeMembership | GetInfo | RemoteAppend | AppendResult
)
