"""The limits in the published command documentation are those of the configuration."""

import msgspec
import pytest

from actors.protocol.commands import AddReaction, RemoveReaction, SendMessage, Typing, WatchPresence
from config.limits import (
    EMOJI_CHARACTERS,
    EMOJIS_PER_MESSAGE,
    MESSAGE_CHARACTERS,
    PRESENCE_WATCHED_USERS,
    TYPING_MEMBERS_MAX,
)


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (SendMessage, f"1 to {MESSAGE_CHARACTERS:,} characters"),
        (RemoveReaction, f"at most {EMOJI_CHARACTERS} characters"),
        (AddReaction, f"at most {EMOJIS_PER_MESSAGE} different ones"),
        (Typing, f"more than {TYPING_MEMBERS_MAX} members"),
        (WatchPresence, f"At most {PRESENCE_WATCHED_USERS} user ids"),
    ],
)
def test_documented_limit_matches_the_configuration(command: type[msgspec.Struct], text: str) -> None:
    """The docstring and field descriptions name the configured limit."""
    assert text in " ".join(msgspec.json.encode(msgspec.json.schema(command)).decode().split())
