"""What the leading process and those that make the load say to each other, as typed structs.

    Plan ->  <- Came   Begin ->   <- Tick, Tick, ...   Stop ->  <- Stopped   Heads ->  <- Ended

Times are microseconds of the machine's monotonic clock, which all of them share. Nothing here acts.
"""

import msgspec

from loadtest.check.faults import Fault
from loadtest.check.ledger import Acknowledged
from loadtest.figures.latencies import Counts


class Seat(msgspec.Struct, frozen=True):
    """One connection: whose, to which URL, how many seconds after the first, and what it is in.

    `conversations` are those of its user, each with the seq up to which nothing is to be told any more;
    in `others` nobody speaks on purpose.
    """

    number: int
    user_id: str
    token: str
    url: int
    at_s: float
    conversations: dict[str, int]
    others: dict[str, int] = {}
    speaks: bool = True

    def __repr__(self) -> str:
        return f"Seat({self.number})"


class Props(msgspec.Struct, frozen=True):
    """What stands on the server for the play, by id."""

    posts: list[str] = []
    events: list[str] = []


class Plan(msgspec.Struct, frozen=True, tag="plan"):
    """All that one process has to know. `rate_per_s` is its own share.

    `shared` are conversations with members in other processes too, `fresh` those without a past. Nobody's
    seat is at a `standby` server; whoever loses another may come to it.
    """

    scenario: str
    run: str
    seed: int
    urls: list[str]
    seats: list[Seat]
    props: Props
    shared: list[str]
    fresh: list[str]
    rate_per_s: float
    duration_s: float
    storms: int
    return_s: float
    message_characters: int
    standby: list[str] = []


class Begin(msgspec.Struct, frozen=True, tag="begin"):
    at_us: int


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """Begin nothing new; wait so long for answers."""

    answers_s: float


class Heads(msgspec.Struct, frozen=True, tag="heads"):
    """What was acknowledged anywhere: see that all of it is seen within `drain_s`, then judge."""

    heads: dict[str, int]
    acknowledged: list[Acknowledged]
    drain_s: float
    unread_checks: int


class Came(msgspec.Struct, frozen=True, tag="came"):
    """Everybody is there who will be; `absent` are not."""

    ready: int
    absent: int


class Tick(msgspec.Struct, frozen=True, tag="tick"):
    """The last interval: `counts` and `errors` are totals, `latencies` those of the interval, by us.

    `lag_ms` is how late the loop was at worst, `late_ms` how late something was sent at worst.
    """

    at_us: int
    ready: int
    counts: dict[str, int]
    errors: dict[str, int]
    fault_counts: dict[str, int]
    faults: list[Fault]
    latencies: dict[str, Counts]
    cpu_s: float
    lag_ms: float
    late_ms: float
    resident_bytes: int


class Stopped(msgspec.Struct, frozen=True, tag="stopped"):
    """`unanswered` got no answer; `acknowledged` holds what concerns other processes too."""

    unanswered: int
    heads: dict[str, int]
    acknowledged: list[Acknowledged]


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """All is judged. `absent` clients were not connected at the end, so nothing is said of them."""

    absent: int
    users_checked: int
    conversations_checked: int


ToWorker = Plan | Begin | Stop | Heads
FromWorker = Came | Tick | Stopped | Ended
