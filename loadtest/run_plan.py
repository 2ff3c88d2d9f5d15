"""What a worker process needs for a run: the scenario, its connections and the content on the server."""

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
    """One connection: its user, its server and the conversations it belongs to.

    `connect_at_s` is relative to the start of the connect phase. `conversations` maps the user's
    conversations to their last seq before the run: only higher ones are delivered. `passive_conversations`
    are others, in which virtual users send nothing.
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
        return f"Assignment({self.number})"


class SeededIds(msgspec.Struct, frozen=True):
    """Ids of posts and events on the server that scenarios use."""

    posts: list[str] = []
    events: list[str] = []


class WorkerPlan(msgspec.Struct, frozen=True, tag="worker_plan"):
    """The part of a run that one worker process executes.

    `rate_per_s` is the rate of this process. `shared_conversations` have members in other processes,
    `new_conversations` had no messages before the run. `standby` as in `Options`.
    """

    scenario: str
    run_id: str
    seed: int
    urls: list[str]
    assignments: list[Assignment]
    seeded_ids: SeededIds
    shared_conversations: list[str]
    new_conversations: list[str]
    rate_per_s: float
    duration_s: float
    storms: int
    reconnect_spread_s: float
    message_characters: int
    standby: list[str] = []
