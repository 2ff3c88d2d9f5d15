"""The limits in the published documentation of the protocol are those of the configuration."""

import msgspec
import pytest

from actors.conversations.serializers import REACTION_USERS_SHOWN
from actors.protocol.commands import (
    AddReaction,
    RemoveReaction,
    Resume,
    SendMessage,
    Typing,
    WatchPosts,
    WatchPresence,
)
from actors.protocol.objects import Conversation, DeliveryStatus, Reaction
from actors.protocol.server_frames import ReadReceipt
from config.limits import (
    CLIENT_ID_CHARACTERS,
    EMOJI_CHARACTERS,
    EMOJIS_PER_MESSAGE,
    MENTIONS_PER_MESSAGE,
    MESSAGE_CHARACTERS,
    PARTICIPANTS_IN_OBJECT,
    POSTS_WATCHED,
    PRESENCE_WATCHED_USERS,
    REACTIONS_PER_MESSAGE,
    READ_BY_MEMBERS_MAX,
    RESUME_CONVERSATIONS,
    TYPING_MEMBERS_MAX,
)


@pytest.mark.parametrize(
    ("struct", "text"),
    [
        (SendMessage, f"1 to {MESSAGE_CHARACTERS:,} characters"),
        (RemoveReaction, f"at most {EMOJI_CHARACTERS} characters"),
        (AddReaction, f"at most {EMOJIS_PER_MESSAGE} different ones"),
        (AddReaction, f"{REACTIONS_PER_MESSAGE:,} reactions in all"),
        (Typing, f"more than {TYPING_MEMBERS_MAX} members"),
        (WatchPosts, f"At most {POSTS_WATCHED} post ids"),
        (WatchPresence, f"At most {PRESENCE_WATCHED_USERS} user ids"),
        (Conversation, f"at most {PARTICIPANTS_IN_OBJECT}"),
        (Reaction, f"the first {REACTION_USERS_SHOWN}"),
        (DeliveryStatus, f"more than {READ_BY_MEMBERS_MAX} members"),
        (ReadReceipt, f"more than {READ_BY_MEMBERS_MAX} members"),
    ],
)
def test_documented_limit_matches_the_configuration(struct: type[msgspec.Struct], text: str) -> None:
    """The docstring and field descriptions name the configured limit."""
    assert text in " ".join(msgspec.json.encode(msgspec.json.schema(struct)).decode().split())


@pytest.mark.parametrize(
    ("struct", "field", "keyword", "limit"),
    [
        (Resume, "conversations", "maxProperties", RESUME_CONVERSATIONS),
        (SendMessage, "client_id", "maxLength", CLIENT_ID_CHARACTERS),
        (SendMessage, "mentions", "maxItems", MENTIONS_PER_MESSAGE),
        (WatchPosts, "post_ids", "maxItems", POSTS_WATCHED),
        (WatchPresence, "user_ids", "maxItems", PRESENCE_WATCHED_USERS),
    ],
)
def test_decoded_limit_matches_the_configuration(
    struct: type[msgspec.Struct], field: str, keyword: str, limit: int
) -> None:
    """The protocol does not import the configuration, so its bounds are literals."""
    schema = msgspec.json.schema(struct)["$defs"][struct.__name__]
    assert schema["properties"][field][keyword] == limit
