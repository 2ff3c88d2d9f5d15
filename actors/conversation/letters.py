"""What a conversation is told, and how it answers.

A letter carries its reply: whoever wrote it never waits inside an actor, the answer comes back through
the reply. A reply is called exactly once.
"""

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from actors.wire.objects import UserCard
from actors.wire.refusal import Refusal
from storage.records.messaging import Appended, MessageEntry

if TYPE_CHECKING:
    from actors.conversation.pending import Pending
    from actors.conversation.relay import Outcome


class Reply(Protocol):
    """Who is told how it went; synchronous, never raises."""

    def stored(self, entry: MessageEntry, *, duplicate: bool) -> None: ...

    def unchanged(self) -> None:
        """What was asked for is so already; nothing was stored."""

    def refused(self, refusal: Refusal) -> None: ...


class Draft(Struct, frozen=True):
    """A message that has no seq yet. `draft` tells this attempt from another with the same `client_id`."""

    draft: int
    sender_id: str
    client_id: str
    content: str
    mentions: tuple[str, ...]
    reply_to: str | None


class Send(Struct, frozen=True):
    """`relayed`: another instance handed it over, so it is not handed on."""

    draft: Draft
    reply: Reply
    relayed: bool = False


class Add(Struct, frozen=True):
    """Take somebody in; for admins."""

    actor: UserCard
    user: UserCard


class Remove(Struct, frozen=True):
    """Put somebody out (for admins), or leave."""

    actor: UserCard
    user: UserCard


class Rewrite(Struct, frozen=True):
    """A new name, new admins, or both; for admins."""

    actor: UserCard
    name: str | None
    admins: tuple[str, ...] | None


class Admit(Struct, frozen=True):
    """Take in somebody whom a rule lets in, whatever admins there are."""

    user: UserCard

    @property
    def actor(self) -> UserCard:
        return self.user


class Release(Struct, frozen=True):
    """Let somebody go whom a rule no longer keeps; who is out already stays out."""

    user: UserCard

    @property
    def actor(self) -> UserCard:
        return self.user


Amendment = Add | Remove | Rewrite | Admit | Release


class Amend(Struct, frozen=True):
    amendment: Amendment
    reply: Reply


class Edit(Struct, frozen=True):
    message_id: str
    content: str


class Delete(Struct, frozen=True):
    message_id: str


class React(Struct, frozen=True):
    message_id: str
    emoji: str
    add: bool


Revision = Edit | Delete | React


class Revise(Struct, frozen=True):
    """Change an earlier message. The reply is given the message as it is then; a duplicate: as it was."""

    user_id: str
    revision: Revision
    reply: Reply


class Sight(Struct, frozen=True):
    """A conversation as one member's read mark needs it."""

    member: bool
    head: int
    member_count: int


class SightReply(Protocol):
    def set_result(self, result: Sight, /) -> None: ...

    def set_exception(self, exception: Exception, /) -> None: ...

    def done(self) -> bool: ...


class Look(Struct, frozen=True):
    """Ask for the head and for one's membership; `at_least` is a seq the asker knows to exist."""

    user_id: str
    at_least: int
    reply: SightReply


class Grown(Struct, frozen=True):
    """Instance `origin` stored the entry at `seq`. `plain`: a message, with nothing to apply."""

    origin: str
    seq: int
    plain: bool


class Written(Struct, frozen=True):
    """The log writer is done with the run that was submitted; `appended` is None when the store was away."""

    appended: Appended | None


class Returned(Struct, frozen=True):
    """A draft that was handed to another instance, with its outcome; None when there was no answer."""

    pending: "Pending"
    outcome: "Outcome | None"


Letter = Returned | Send | Revise | Amend | Look | Grown | Written
