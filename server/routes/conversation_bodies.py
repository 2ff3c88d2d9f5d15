"""Request and response structs of the conversation routes.

Decoders check types and bounds; the conversation service checks the rest.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, UnsetType

from actors.protocol.commands import ClientId
from actors.protocol.objects import ConversationType, Message
from actors.protocol.server_frames import LogFrame
from config.accounts import USER_SEARCH_CHARACTERS
from config.limits import (
    GROUP_NAME_CHARACTERS,
    MENTIONS_PER_MESSAGE,
    MESSAGE_CHARACTERS,
    NAMED_USERS_PER_RATE_TOKEN,
    PAGE_DEFAULT,
    PARTICIPANTS_MAX,
)
from server.http.rate_limiter import SEARCH_COST
from server.http.request_decoding import PageLimit, PageQuery

SEQ_MAX = 2**53
Seq = Annotated[int, Meta(ge=0, le=SEQ_MAX)]
Id = Annotated[str, Meta(max_length=64)]
# Both bounds apply to the trimmed text. A decoder does not trim, so here they are documentation only.
MessageText = Annotated[
    str, Meta(description="Trimmed.", extra_json_schema={"minLength": 1, "maxLength": MESSAGE_CHARACTERS})
]
GroupName = Annotated[
    str, Meta(description="Trimmed.", extra_json_schema={"minLength": 1, "maxLength": GROUP_NAME_CHARACTERS})
]


class NewConversation(msgspec.Struct, frozen=True):
    """`name` applies to groups only. A direct conversation has one participant besides the caller."""

    type: ConversationType
    participants: Annotated[list[Id], Meta(max_length=2 * PARTICIPANTS_MAX)]
    name: GroupName | None = None

    def request_cost(self) -> int:
        return len(self.participants) // NAMED_USERS_PER_RATE_TOKEN


class ConversationPatch(msgspec.Struct, frozen=True):
    """Changes to a conversation. Absent fields are unchanged."""

    name: GroupName | UnsetType = msgspec.UNSET
    admins: Annotated[list[Id], Meta(max_length=PARTICIPANTS_MAX)] | UnsetType = msgspec.UNSET
    muted: bool | UnsetType = msgspec.UNSET

    def request_cost(self) -> int:
        return 0 if self.admins is msgspec.UNSET else len(self.admins) // NAMED_USERS_PER_RATE_TOKEN


class NewMessage(msgspec.Struct, frozen=True):
    """A message to send. `client_id` is chosen by the sender; a message with the same id is stored once."""

    client_id: ClientId
    content: MessageText
    mentions: Annotated[list[Id], Meta(extra_json_schema={"maxItems": MENTIONS_PER_MESSAGE})] = []
    reply_to: Id | None = None


class MessageContent(msgspec.Struct, frozen=True):
    content: MessageText


class ReadMark(msgspec.Struct, frozen=True):
    seq: Seq


class ParticipantQuery(PageQuery, frozen=True):
    """Members by name. `q` is compared without case and compatibility forms (NFKC, full case folding)."""

    q: (
        Annotated[
            str,
            Meta(
                description="Start of a word of the display name or username. Trimmed.",
                extra_json_schema={"minLength": 1, "maxLength": USER_SEARCH_CHARACTERS},
            ),
        ]
        | None
    ) = None

    def request_cost(self) -> int:
        """With `q` the cards of all members are read, up to thousands: it costs as much as other searches."""
        return 0 if self.q is None else SEARCH_COST - 1


class HistoryQuery(msgspec.Struct, frozen=True):
    """Bounds by seq, both exclusive, or `around` alone. Without any, the newest messages."""

    limit: PageLimit = PAGE_DEFAULT
    before: Annotated[Seq, Meta(description="Return messages below this seq, newest first.")] | None = None
    after: Annotated[Seq, Meta(description="Return messages above this seq, oldest first.")] | None = None
    around: (
        Annotated[
            Seq,
            Meta(
                description="Return messages on both sides of this seq, and the one at it, oldest first. "
                "Not with `before` or `after`."
            ),
        ]
        | None
    ) = None


class ChangesQuery(msgspec.Struct, frozen=True):
    limit: PageLimit = PAGE_DEFAULT
    after: Annotated[Seq, Meta(description="The seq up to which the client is up to date.")] = 0


class Changes(msgspec.Struct, frozen=True):
    """Durable frames after a seq, compacted. Complete up to `last_seq`."""

    items: list[LogFrame]
    last_seq: int
    has_more: bool


class History(msgspec.Struct, frozen=True):
    items: list[Message]
