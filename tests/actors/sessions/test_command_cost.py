"""Unordered commands take as many tokens of the user's rate limit as they are work."""

from actors.protocol.commands import Typing, WatchPresence
from actors.sessions.unordered_commands import WATCH_PRESENCE_COST, command_cost


def test_watching_presence_takes_more_tokens() -> None:
    """It looks up hundreds of users; other commands take one token."""
    assert command_cost(WatchPresence(id=1, user_ids=[])) == WATCH_PRESENCE_COST > 1
    assert command_cost(Typing(id=1, conversation_id="0" * 24, active=True)) == 1
