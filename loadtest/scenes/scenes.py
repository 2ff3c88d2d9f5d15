"""What each scenario needs to stand on the server, and how much it does a second where nobody says.

Every scenario stands here, once.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from loadtest.options import Options
from loadtest.play.plays import Scenario
from loadtest.scenes.making import Making
from loadtest.scenes.neighbourhood import make_events, make_follows, make_posts
from loadtest.scenes.stage import Stage
from loadtest.scenes.talks import make_talks

ROOM_MEMBERS: Final = 5000
NEIGHBOURS: Final = 25
STORM_NEIGHBOURS: Final = 20
SOCKETS_PER_USER: Final = 20
IDLE_SOCKETS_PER_USER: Final = 10

SetUp = Callable[[Making, Stage], Awaitable[None]]


async def _nothing(_making: Making, _stage: Stage) -> None:
    """Whoever is idle needs nothing."""


async def _pairs(making: Making, stage: Stage) -> None:
    await make_talks(making, stage, 2, "pairs")


async def _room(making: Making, stage: Stage) -> None:
    await make_talks(making, stage, ROOM_MEMBERS, "rooms")


async def _storm(making: Making, stage: Stage) -> None:
    await make_talks(making, stage, STORM_NEIGHBOURS, "groups")


async def _feed(making: Making, stage: Stage) -> None:
    await make_follows(making, stage)
    await make_posts(making, stage)


async def _town(making: Making, stage: Stage) -> None:
    await make_talks(making, stage, NEIGHBOURS, "neighbourhoods")
    await make_talks(making, stage, 2, "pairs")
    await make_follows(making, stage)
    await make_posts(making, stage)
    await make_events(making, stage)


SCENES: Final[dict[str, SetUp]] = {
    Scenario.IDLE: _nothing,
    Scenario.PAIRS: _pairs,
    Scenario.ROOM: _room,
    Scenario.STORM: _storm,
    Scenario.FEED: _feed,
    Scenario.TOWN: _town,
}
GROUPED: Final = {Scenario.PAIRS: 2, Scenario.STORM: STORM_NEIGHBOURS, Scenario.TOWN: 2 * NEIGHBOURS}
"""People who are best kept in one process: what they tell each other is then checked there alone."""


def people_wanted(options: Options) -> int:
    """How many people the connections are best shared by."""
    if options.scenario == Scenario.IDLE:
        return -(-options.connections // IDLE_SOCKETS_PER_USER)
    return options.connections


def default_rate_per_s(options: Options) -> float:
    """How much is done a second over all where nobody says."""
    match options.scenario:
        case Scenario.IDLE:
            return 0.0
        case Scenario.ROOM:
            return 10.0
        case Scenario.PAIRS:
            return max(1.0, options.connections / 10)
        case _:
            return max(1.0, options.connections / 20)
