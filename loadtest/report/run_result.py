"""The raw result of a run, before it is evaluated."""

import msgspec

from loadtest.metrics.server_metrics import ServerSample
from loadtest.options import Options
from loadtest.report.time_series import TimeSeries


class RunResult(msgspec.Struct, frozen=True):
    """What a run measured. `started_at` is wall clock time in seconds since the epoch."""

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
