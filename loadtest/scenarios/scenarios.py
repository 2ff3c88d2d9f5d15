"""The workload of each scenario."""

from collections.abc import Callable
from typing import Final

from loadtest.run_plan import Scenario
from loadtest.scenarios.chat import ChatWorkload
from loadtest.scenarios.feed import FeedWorkload
from loadtest.scenarios.idle import IdleWorkload
from loadtest.scenarios.mixed import MixedWorkload
from loadtest.scenarios.workload import ScenarioContext, Workload

WORKLOADS: Final[dict[str, Callable[[ScenarioContext], Workload]]] = {
    Scenario.IDLE: IdleWorkload,
    Scenario.PAIRS: ChatWorkload,
    Scenario.ROOM: ChatWorkload,
    Scenario.MIXED: MixedWorkload,
    Scenario.STORM: ChatWorkload,
    Scenario.FEED: FeedWorkload,
}
