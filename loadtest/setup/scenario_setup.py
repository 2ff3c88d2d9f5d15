"""The setup and the default rate of each scenario."""

from collections.abc import Awaitable, Callable
from typing import Final

from loadtest.options import Options
from loadtest.run_plan import Scenario
from loadtest.setup.conversations import create_conversations
from loadtest.setup.setup_client import SetupClient
from loadtest.setup.setup_state import SetupState
from loadtest.setup.social_content import create_events, create_follows, create_posts

ROOM_MEMBERS: Final = 5000
GROUP_MEMBERS: Final = 25
STORM_GROUP_MEMBERS: Final = 20
SOCKETS_PER_USER: Final = 20
IDLE_SOCKETS_PER_USER: Final = 10

SetupFunction = Callable[[SetupClient, SetupState], Awaitable[None]]


async def _set_up_nothing(_client: SetupClient, _state: SetupState) -> None:
    """Idle connections need no setup."""


async def _set_up_pairs(client: SetupClient, state: SetupState) -> None:
    await create_conversations(client, state, 2, "pairs")


async def _set_up_rooms(client: SetupClient, state: SetupState) -> None:
    await create_conversations(client, state, ROOM_MEMBERS, "rooms")


async def _set_up_storm_groups(client: SetupClient, state: SetupState) -> None:
    await create_conversations(client, state, STORM_GROUP_MEMBERS, "groups")


async def _set_up_feed(client: SetupClient, state: SetupState) -> None:
    await create_follows(client, state)
    await create_posts(client, state)


async def _set_up_mixed(client: SetupClient, state: SetupState) -> None:
    await create_conversations(client, state, GROUP_MEMBERS, "groups")
    await create_conversations(client, state, 2, "pairs")
    await create_follows(client, state)
    await create_posts(client, state)
    await create_events(client, state)


SETUP_FUNCTIONS: Final[dict[str, SetupFunction]] = {
    Scenario.IDLE: _set_up_nothing,
    Scenario.PAIRS: _set_up_pairs,
    Scenario.ROOM: _set_up_rooms,
    Scenario.STORM: _set_up_storm_groups,
    Scenario.FEED: _set_up_feed,
    Scenario.MIXED: _set_up_mixed,
}
USERS_PER_BLOCK: Final = {
    Scenario.PAIRS: 2,
    Scenario.STORM: STORM_GROUP_MEMBERS,
    Scenario.MIXED: 2 * GROUP_MEMBERS,
}
"""Users to keep in one process, so that their conversations are checked there alone."""


def users_needed(options: Options) -> int:
    """Return the number of users for the connections."""
    if options.scenario == Scenario.IDLE:
        return -(-options.connections // IDLE_SOCKETS_PER_USER)
    return options.connections


def default_rate_per_s(options: Options) -> float:
    """Return the total rate used if `rate_per_s` is None."""
    match options.scenario:
        case Scenario.IDLE:
            return 0.0
        case Scenario.ROOM:
            return 10.0
        case Scenario.PAIRS:
            return max(1.0, options.connections / 10)
        case _:
            return max(1.0, options.connections / 20)
