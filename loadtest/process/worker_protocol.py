"""What the leading process and those that make the load say to each other, as typed structs.

    Plan ->  <- Came   Begin ->   <- Tick, Tick, ...   Stop ->  <- Stopped   Heads ->  <- Ended

Times are microseconds of the machine's monotonic clock, which all of them share. Nothing here acts.
"""

import msgspec

from loadtest.check.faults import Fault
from loadtest.check.log_observer import Acknowledged
from loadtest.metrics.latencies import LatencyCounts


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


class StartLoad(msgspec.Struct, frozen=True, tag="begin"):
    start_us: int


class StopLoad(msgspec.Struct, frozen=True, tag="stop"):
    """Begin nothing new; wait so long for answers."""

    reply_timeout_s: float


class CheckDelivery(msgspec.Struct, frozen=True, tag="heads"):
    """What was acknowledged anywhere: see that all of it is seen within `drain_s`, then judge."""

    heads: dict[str, int]
    acknowledged: list[Acknowledged]
    delivery_timeout_s: float
    unread_checks: int


class ConnectionsOpened(msgspec.Struct, frozen=True, tag="came"):
    """Everybody is there who will be; `absent` are not."""

    ready_count: int
    not_ready: int


class Tick(msgspec.Struct, frozen=True, tag="tick"):
    """The last interval: `counts` and `errors` are totals, `latencies` those of the interval, by us.

    `lag_ms` is how late the loop was at worst, `late_ms` how late something was sent at worst.
    """

    at_us: int
    ready_count: int
    counts: dict[str, int]
    errors: dict[str, int]
    fault_counts: dict[str, int]
    faults: list[Fault]
    latencies: dict[str, LatencyCounts]
    cpu_s: float
    lag_ms: float
    late_ms: float
    resident_bytes: int


class LoadStopped(msgspec.Struct, frozen=True, tag="stopped"):
    """`unanswered` got no answer; `acknowledged` holds what concerns other processes too."""

    unanswered: int
    heads: dict[str, int]
    acknowledged: list[Acknowledged]


class DeliveryChecked(msgspec.Struct, frozen=True, tag="ended"):
    """All is judged. `absent` clients were not connected at the end, so nothing is said of them."""

    disconnected: int
    users_checked: int
    conversations_checked: int


ToWorker = WorkerPlan | StartLoad | StopLoad | CheckDelivery
FromWorker = ConnectionsOpened | Tick | LoadStopped | DeliveryChecked
