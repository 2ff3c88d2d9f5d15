"""What a run is shown by."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from loadtest.metrics.server_metrics import ServerSample
from loadtest.report.time_series import TimeSeries


class Display(Protocol):
    """None of these waits for anything."""

    def setup_progress(self, label: str, done: int, total: int) -> None:
        """So much of something was made for the load."""

    def begin_phase(self, phase: str) -> None:
        """Something else begins: coming, load, answers, judging."""

    def update(self, series: TimeSeries, samples: Mapping[str, Sequence[ServerSample]]) -> None:
        """About once a second, with everything so far."""

    def close(self) -> None:
        """It is over."""


class NullDisplay:
    """A `Show` of nothing."""

    def setup_progress(self, label: str, done: int, total: int) -> None: ...

    def begin_phase(self, phase: str) -> None: ...

    def update(self, series: TimeSeries, samples: Mapping[str, Sequence[ServerSample]]) -> None: ...

    def close(self) -> None: ...
