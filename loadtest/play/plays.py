"""Which play a scenario is. Every scenario stands here, once."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from loadtest.play.feed import Feed
from loadtest.play.idle import Idle
from loadtest.play.play import Cast, Play
from loadtest.play.talk import Talk
from loadtest.play.town import Town


class Scenario(StrEnum):
    IDLE = "idle"
    PAIRS = "pairs"
    ROOM = "room"
    TOWN = "town"
    STORM = "storm"
    FEED = "feed"


PLAYS: Final[dict[str, Callable[[Cast], Play]]] = {
    Scenario.IDLE: Idle,
    Scenario.PAIRS: Talk,
    Scenario.ROOM: Talk,
    Scenario.TOWN: Town,
    Scenario.STORM: Talk,
    Scenario.FEED: Feed,
}
