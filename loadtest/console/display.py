"""Interface of progress displays."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from loadtest.metrics.server_metrics import ServerSample
from loadtest.report.time_series import TimeSeries


class Display(Protocol):
    """Shows the progress of a run. The methods return immediately."""

    def setup_progress(self, label: str, done: int, total: int) -> None:
        """Show that `done` of `total` objects were created."""

    def begin_phase(self, phase: str) -> None:
        """Show the start of a phase: connecting, load, draining or checking."""

    def update(self, series: TimeSeries, samples: Mapping[str, Sequence[ServerSample]]) -> None:
        """Show the current metrics; called about once a second."""

    def close(self) -> None:
        """Stop displaying."""


class NullDisplay:
    """Displays nothing."""

    def setup_progress(self, label: str, done: int, total: int) -> None: ...

    def begin_phase(self, phase: str) -> None: ...

    def update(self, series: TimeSeries, samples: Mapping[str, Sequence[ServerSample]]) -> None: ...

    def close(self) -> None: ...
