"""What a scenario does while the load lasts, and what it has to do it with."""

import random
from dataclasses import dataclass
from typing import Protocol

from loadtest.http_calls import HttpCalls
from loadtest.run_plan import WorkerPlan
from loadtest.virtual_users.user_pool import UserPool
from loadtest.virtual_users.worker_context import WorkerContext


@dataclass(frozen=True, slots=True)
class ScenarioContext:
    """What every play is given. `dice` is this process's own, from the seed."""

    plan: WorkerPlan
    user_pool: UserPool
    worker: WorkerContext
    http_calls: HttpCalls
    rng: random.Random


class Workload(Protocol):
    """`act` never waits and never raises: what fails is counted."""

    def perform(self, intended_us: int) -> None:
        """Do one thing that was meant to be done at that moment."""

    async def run_background(self, begin_us: int, end_us: int) -> None:
        """What happens beside the paced acts. May be cancelled."""
