"""All guests of a process: they come spread over time, and leave together.

It never asks anything for them.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence

from loadtest.guests.ground import Ground
from loadtest.guests.guest import Guest
from loadtest.guests.journey import State
from loadtest.process.letters import Seat

LOOK_S = 0.02


class Crowd:
    def __init__(self, seats: Sequence[Seat], ground: Ground) -> None:
        self._seats = seats
        self.guests = [Guest(seat, ground) for seat in seats]
        self.speakers = [guest for guest, seat in zip(self.guests, seats, strict=True) if seat.speaks]

    async def come(self, deadline_s: float) -> None:
        """Connect everybody, each at the moment of its seat; waits for them so long after the last one."""
        began = time.monotonic()
        for seat, guest in sorted(zip(self._seats, self.guests, strict=True), key=_moment):
            ahead_s = began + seat.at_s - time.monotonic()
            if ahead_s > 0:
                await asyncio.sleep(ahead_s)
            guest.journey.come()
        end = time.monotonic() + deadline_s
        while self.ready + self.gone < len(self.guests) and time.monotonic() < end:  # noqa: ASYNC110 - rare
            await asyncio.sleep(LOOK_S)

    @property
    def ready(self) -> int:
        return sum(guest.state is State.READY for guest in self.guests)

    @property
    def gone(self) -> int:
        return sum(guest.state is State.GONE for guest in self.guests)

    @property
    def waiting(self) -> int:
        """How much was asked and not answered."""
        return sum(guest.waiting for guest in self.guests)

    def drop_all(self, return_s: float) -> None:
        """Cut everybody off at once; they come back spread over so long."""
        count = max(1, len(self.guests))
        for number, guest in enumerate(self.guests):
            guest.journey.drop(return_s * number / count)

    def present(self) -> Iterator[Guest]:
        """Those who are connected."""
        return (guest for guest in self.guests if guest.state is State.READY)

    def leave(self) -> None:
        for guest in self.guests:
            guest.journey.leave()


def _moment(pair: tuple[Seat, Guest]) -> float:
    return pair[0].at_s
