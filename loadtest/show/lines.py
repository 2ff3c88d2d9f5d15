"""How a run goes, as plain lines: for logs, and wherever there is no terminal."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from loadtest.figures.series import Series
from loadtest.figures.servers import Reading

EVERY_S: Final = 2.0


class LineShow:
    """A `Show`; `say` writes one line."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._last_s = float("-inf")

    def making(self, what: str, done: int, total: int) -> None:
        if done == total:
            self._say(f"{what}: {total} made")

    def phase(self, phase: str) -> None:
        self._say(f"-- {phase}")

    def update(self, series: Series, readings: Mapping[str, Sequence[Reading]]) -> None:
        if not series.points or series.points[-1].at_s - self._last_s < EVERY_S:
            return
        point = series.points[-1]
        self._last_s = point.at_s
        cpu = "/".join(_cpu(all_of_them) for all_of_them in readings.values())
        self._say(
            f"{point.at_s:7.1f} s  connected {point.ready}  frames/s {point.received_per_s:.0f}  "
            f"sent/s {point.sent_per_s:.0f}  requests/s {point.calls_per_s:.0f}  p50 {point.p50_ms:.1f} ms  "
            f"p99 {point.p99_ms:.1f} ms  errors {point.errors}  faults {point.faults}  "
            f"own CPU {point.cpu_share:.0%}  servers' CPU {cpu}"
        )

    def close(self) -> None:
        """Every line is out already."""


def _cpu(readings: Sequence[Reading]) -> str:
    if len(readings) < 2:
        return "-"
    before, last = readings[-2], readings[-1]
    return f"{(last.cpu_s - before.cpu_s) / max(last.at_s - before.at_s, 1e-9):.0%}"
