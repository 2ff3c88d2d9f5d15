"""What instances ask each other for an operator, and the answers: ids, codes and numbers only."""

from collections.abc import Mapping
from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

from actors.runtime.black_box import BlackBox

ROWS_MAX: Final = 100
"""Actors, sessions or boxes of one page and instance."""

SESSIONS_PER_USER_MAX: Final = 20
EVENTS_PER_SESSION_MAX: Final = 20


class BoxEvent(Struct, frozen=True, array_like=True):
    """An event of a black box. `at_s` is Unix time of the instance; `EVENT_NUMBERS` names the numbers."""

    at_s: float
    kind: str
    subject: str
    detail: str
    number_1: int
    number_2: int


class DeliveryQuery(Struct, frozen=True, tag="delivery"):
    """What an instance did with the entry at `seq` for a user."""

    user_id: str
    conversation_id: str
    seq: int


class OverviewQuery(Struct, frozen=True, tag="overview"):
    """The size and state of an instance."""


class ActorsQuery(Struct, frozen=True, tag="actors"):
    """Live sessions and conversations whose ids contain `text`, by key, above `after`."""

    text: str
    after: str


class BlackBoxQuery(Struct, frozen=True, tag="black_box"):
    """The events of a session (by number) or a conversation (by id)."""

    kind: str
    key: str


Query: TypeAlias = DeliveryQuery | OverviewQuery | ActorsQuery | BlackBoxQuery


class SessionDelivery(Struct, frozen=True):
    """A session of the user, live or ended.

    `skipped` is the range of the conversation that its send queue skipped and has not reported yet.
    `closed_at_s` is 0 while it is live. `events` are those of the conversation and of no conversation.
    """

    number: str
    session_id: str
    opened_at_s: float
    closed_at_s: float
    is_in_room: bool
    is_paused: bool
    queued_bytes: int
    skipped: tuple[int, int] | None
    events: list[BoxEvent]


class InstanceDelivery(Struct, frozen=True):
    """`delivered_seq` is the last seq delivered to the sessions here; -1 without a room.

    `events` are those of the conversation's black box that concern the entry, and the latest refusals. All
    since `recorded_since_s` (Unix time) are in it; infinite without a box. `started_at_s` is the start of the
    instance; 0 for instances of earlier versions.
    """

    instance: str
    delivered_seq: int = msgspec.field(name="room_position")
    room_sessions: int
    actor_head: int
    bus_is_connected: bool
    bus_dropped: int
    recorded_since_s: float
    events: list[BoxEvent]
    sessions: list[SessionDelivery]
    started_at_s: float = 0.0


class InstanceOverview(Struct, frozen=True):
    instance: str
    version: str
    started_at_s: float
    connections: int
    users: int
    sessions: int
    conversations: int
    rooms: int
    mailbox_messages: int
    log_entries: int
    queued_bytes: int
    loop_lag_s: float
    bus_is_connected: bool
    bus_round_trip_s: float
    is_ready: bool


class ActorRow(Struct, frozen=True):
    """A live session or conversation. `owner` is the user of a session."""

    kind: str
    key: str
    owner: str
    state: str
    waiting: int
    """Messages in the mailbox of a conversation, or bytes in the send queue of a session."""


def row_key(row: ActorRow) -> str:
    """Order of rows and key of pages: sessions by number, then conversations by id."""
    return f"s{int(row.key):012d}" if row.kind == "session" else f"t{row.key}"


class InstanceActors(Struct, frozen=True):
    """`has_more`: rows with greater keys were left out."""

    instance: str
    rows: list[ActorRow]
    has_more: bool


class InstanceBox(Struct, frozen=True):
    """The black box of a session or conversation; `found` is False if the instance has none."""

    instance: str
    found: bool
    user_id: str = ""
    opened_at_s: float = 0.0
    closed_at_s: float = 0.0
    events: list[BoxEvent] = []


def to_box_events(box: BlackBox) -> list[BoxEvent]:
    """Return the events of a box, oldest first."""
    return [BoxEvent(*event) for event in box.events()]


Answer: TypeAlias = InstanceDelivery | InstanceOverview | InstanceActors | InstanceBox
ANSWER_TYPES: Final[Mapping[type[Query], type[Answer]]] = {
    DeliveryQuery: InstanceDelivery,
    OverviewQuery: InstanceOverview,
    ActorsQuery: InstanceActors,
    BlackBoxQuery: InstanceBox,
}
query_decoder: "msgspec.msgpack.Decoder[Query]" = msgspec.msgpack.Decoder(Query)
