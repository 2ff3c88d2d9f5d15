"""What a scenario does while the load lasts, and what it has to do it with."""

import random
from dataclasses import dataclass
from typing import Protocol

from loadtest.guests.crowd import Crowd
from loadtest.guests.ground import Ground
from loadtest.play.calls import Calls
from loadtest.process.letters import Plan


@dataclass(frozen=True, slots=True)
class Cast:
    """What every play is given. `dice` is this process's own, from the seed."""

    plan: Plan
    crowd: Crowd
    ground: Ground
    calls: Calls
    dice: random.Random


class Play(Protocol):
    """`act` never waits and never raises: what fails is counted."""

    def act(self, intended_us: int) -> None:
        """Do one thing that was meant to be done at that moment."""

    async def run(self, begin_us: int, end_us: int) -> None:
        """What happens beside the paced acts. May be cancelled."""
