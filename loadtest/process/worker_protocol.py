"""What the leading process and those that make the load say to each other, as typed structs.

    Plan ->  <- Came   Begin ->   <- Tick, Tick, ...   Stop ->  <- Stopped   Heads ->  <- Ended

Times are microseconds of the machine's monotonic clock, which all of them share. Nothing here acts.
"""

import msgspec

from loadtest.check.faults import Fault
from loadtest.check.log_observer import Acknowledged
from loadtest.metrics.latencies import LatencyCounts
from loadtest.run_plan import WorkerPlan


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
    list_checks: int


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
