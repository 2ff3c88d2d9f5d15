"""Which play a scenario is. Every scenario stands here, once."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from loadtest.play.feed import FeedWorkload
from loadtest.play.idle import IdleWorkload
from loadtest.play.play import ScenarioContext, Workload
from loadtest.play.talk import ChatWorkload
from loadtest.play.town import MixedWorkload


class Scenario(StrEnum):
    IDLE = "idle"
    PAIRS = "pairs"
    ROOM = "room"
    MIXED = "town"
    STORM = "storm"
    FEED = "feed"


WORKLOADS: Final[dict[str, Callable[[ScenarioContext], Workload]]] = {
    Scenario.IDLE: IdleWorkload,
    Scenario.PAIRS: ChatWorkload,
    Scenario.ROOM: ChatWorkload,
    Scenario.MIXED: MixedWorkload,
    Scenario.STORM: ChatWorkload,
    Scenario.FEED: FeedWorkload,
}
