"""x."""

from enum import StrEnum

import msgspec


class Scenario(StrEnum):
    IDLE = "idle"
    PAIRS = "pairs"
    ROOM = "room"
    MIXED = "mixed"
    STORM = "storm"
    FEED = "feed"


class Assignment(msgspec.Struct, frozen=True):
    """One connection: whose, to which URL, how many seconds after the first, and what it is in.

    `conversations` are those of its user, each with the seq up to which nothing is to be told any more;
    in `others` nobody speaks on purpose.
    """

    number: int
    user_id: str
    token: str
    url_index: int
    connect_at_s: float
    conversations: dict[str, int]
    passive_conversations: dict[str, int] = {}
    sends: bool = True

    def __repr__(self) -> str:
        return f"Seat({self.number})"


class ContentIds(msgspec.Struct, frozen=True):
    """What stands on the server for the play, by id."""

    posts: list[str] = []
    events: list[str] = []


class WorkerPlan(msgspec.Struct, frozen=True, tag="plan"):
    """All that one process has to know. `rate_per_s` is its own share.

    `shared` are conversations with members in other processes too, `fresh` those without a past. Nobody's
    seat is at a `standby` server; whoever loses another may come to it.
    """

    scenario: str
    run_id: str
    seed: int
    urls: list[str]
    assignments: list[Assignment]
    content_ids: ContentIds
    shared_conversations: list[str]
    new_conversations: list[str]
    rate_per_s: float
    duration_s: float
    storms: int
    reconnect_spread_s: float
    message_characters: int
    standby: list[str] = []
