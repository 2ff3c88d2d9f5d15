"""What a run is shown by."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from loadtest.figures.series import Series
from loadtest.figures.servers import Reading


class Show(Protocol):
    """None of these waits for anything."""

    def making(self, what: str, done: int, total: int) -> None:
        """So much of something was made for the load."""

    def phase(self, phase: str) -> None:
        """Something else begins: coming, load, answers, judging."""

    def update(self, series: Series, readings: Mapping[str, Sequence[Reading]]) -> None:
        """About once a second, with everything so far."""

    def close(self) -> None:
        """It is over."""


class Silent:
    """A `Show` of nothing."""

    def making(self, what: str, done: int, total: int) -> None: ...

    def phase(self, phase: str) -> None: ...

    def update(self, series: Series, readings: Mapping[str, Sequence[Reading]]) -> None: ...

    def close(self) -> None: ...
