"""Commands that are more work for the stores take more of the user's rate limit."""

from actors.protocol.commands import Ping, SendMessage, WatchPosts, WatchPresence
from actors.sessions.command_registry import REGISTRATIONS


def test_watching_costs_more_than_a_message() -> None:
    """It looks up who may see whom, for up to 200 users."""
    assert REGISTRATIONS[WatchPresence].cost == 10
    assert REGISTRATIONS[WatchPosts].cost == 2
    assert REGISTRATIONS[SendMessage].cost == REGISTRATIONS[Ping].cost == 1
