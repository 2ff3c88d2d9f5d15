"""Progress displays: the interface, plain lines, and none."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from loadtest.metrics.server_metrics import ServerSample
from loadtest.report.time_series import TimeSeries

PRINT_INTERVAL_S: Final = 2.0


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


class LineDisplay:
    """`print_line` prints one line."""

    def __init__(self, print_line: Callable[[str], None]) -> None:
        self._print_line = print_line
        self._last_s = float("-inf")

    def setup_progress(self, label: str, done: int, total: int) -> None:
        if done == total:
            self._print_line(f"{label}: {total} created")

    def begin_phase(self, phase: str) -> None:
        self._print_line(f"-- {phase}")

    def update(self, series: TimeSeries, samples: Mapping[str, Sequence[ServerSample]]) -> None:
        if not series.points or series.points[-1].at_s - self._last_s < PRINT_INTERVAL_S:
            return
        point = series.points[-1]
        self._last_s = point.at_s
        cpu = "/".join(_format_cpu(server) for server in samples.values())
        self._print_line(
            f"{point.at_s:7.1f} s  connected {point.ready_count}  frames/s {point.received_per_s:.0f}  "
            f"sent/s {point.sent_per_s:.0f}  requests/s {point.calls_per_s:.0f}  p50 {point.p50_ms:.1f} ms  "
            f"p99 {point.p99_ms:.1f} ms  errors {point.errors}  faults {point.faults}  "
            f"load tester CPU {point.cpu_share:.0%}  server CPU {cpu}"
        )

    def close(self) -> None:
        """Do nothing: every line is already printed."""


def _format_cpu(samples: Sequence[ServerSample]) -> str:
    if len(samples) < 2:
        return "-"
    before, last = samples[-2], samples[-1]
    return f"{(last.cpu_s - before.cpu_s) / max(last.at_s - before.at_s, 1e-9):.0%}"
