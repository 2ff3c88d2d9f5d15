"""Interface of workloads, and the context they run in."""

import random
from dataclasses import dataclass
from typing import Protocol

from loadtest.http_calls import HttpCalls
from loadtest.run_plan import WorkerPlan
from loadtest.virtual_users.user_pool import UserPool
from loadtest.virtual_users.worker_context import WorkerContext


@dataclass(frozen=True, slots=True)
class ScenarioContext:
    """What every workload is given. `rng` is seeded per process."""

    plan: WorkerPlan
    user_pool: UserPool
    worker: WorkerContext
    http_calls: HttpCalls
    rng: random.Random


class Workload(Protocol):
    """What a scenario does during the load."""

    def perform(self, intended_us: int) -> None:
        """Do one operation scheduled for `intended_us`. Must not block or raise; failures are counted."""

    async def run_background(self, begin_us: int, end_us: int) -> None:
        """Run concurrently with the paced operations. May be cancelled."""
