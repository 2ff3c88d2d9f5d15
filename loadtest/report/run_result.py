"""x."""

import msgspec

from loadtest.metrics.server_metrics import ServerSample
from loadtest.options import Options
from loadtest.report.time_series import TimeSeries


class RunResult(msgspec.Struct, frozen=True):
    """All that there is to report of. Times of the wall clock in s since the epoch."""

    options: Options
    run_id: str
    started_at: float
    load_s: float
    series: TimeSeries
    baseline: dict[str, ServerSample]
    samples: dict[str, list[ServerSample]]
    unanswered: int
    disconnected: int
    users_checked: int
    conversations_checked: int
    interrupted: bool
    complete: bool
