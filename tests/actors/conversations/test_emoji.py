"""Reactions: exactly one emoji, in one form. `tests/emoji_cases.json` holds the cases."""

from pathlib import Path

import msgspec
import pytest
from emoji import EMOJI_DATA

from actors.conversations.message_changes import React, plan_message_change
from actors.conversations.message_validation import validate_emoji, validate_removed_emoji
from actors.conversations.serializers import to_message
from actors.protocol.errors import ApiError
from config.limits import EMOJI_CHARACTERS
from storage.contracts.message_log import MessageEntry, ReactionRecord
from storage.contracts.messaging import ConversationRecord

ANA, BEN = "ana", "ben"
HEART, BARE_HEART = "\u2764\ufe0f", "\u2764"


class Case(msgspec.Struct):
    name: str
    text: str
    stored: str = ""


class Cases(msgspec.Struct):
    accepted: list[Case]
    refused: list[Case]


ROOT = Path(__file__).parents[3]
CASES = msgspec.json.decode((ROOT / "tests" / "emoji_cases.json").read_bytes(), type=Cases)
GROUP = ConversationRecord("c", "GROUP", "Group", (ANA, BEN), (ANA,), 0)


def message_with(*reactions: ReactionRecord) -> MessageEntry:
    return MessageEntry("m", "c", 1, 1, 1, ANA, "k", "Hi", "TEXT", (), None, 0, reactions=reactions)


def react(message: MessageEntry, user_id: str, emoji: str, *, add: bool) -> tuple[ReactionRecord, ...] | None:
    state = plan_message_change(message, user_id, React("m", emoji, add=add), GROUP.admins, 1)
    return None if state is None else state.reactions


@pytest.mark.parametrize("case", CASES.accepted, ids=lambda case: case.name)
def test_emoji_is_stored_in_its_fully_qualified_form(case: Case) -> None:
    assert validate_emoji(case.text) == case.stored


@pytest.mark.parametrize("case", CASES.refused, ids=lambda case: case.name)
def test_everything_else_is_refused(case: Case) -> None:
    """The error names the field."""
    with pytest.raises(ApiError) as refusal:
        validate_emoji(case.text)
    assert (refusal.value.code, refusal.value.errors[0].field) == ("request.invalid", "emoji")


def test_every_emoji_of_the_data_has_one_stored_form_within_the_limit() -> None:
    for emoji in EMOJI_DATA:
        stored = validate_emoji(emoji)
        assert validate_emoji(stored) == stored
        assert len(emoji) <= len(stored) <= EMOJI_CHARACTERS


def test_every_emoji_of_the_browser_client_is_accepted() -> None:
    """The picker offers the forms that are stored, in each skin tone."""
    module = (ROOT / "web" / "vendor" / "emoji_data.js").read_text()
    rows = [
        msgspec.json.decode(line.strip().rstrip(",")) for line in module.splitlines() if line[:6] == '    ["'
    ]
    offered = [emoji for row in rows for emoji in (row[0], *(row[3] if len(row) > 3 else ()))]
    assert len(offered) > 3000
    assert [emoji for emoji in offered if validate_emoji(emoji) != emoji] == []


def test_forms_stored_by_older_versions_are_shown_as_one_reaction() -> None:
    message = message_with(ReactionRecord(BARE_HEART, (ANA,)), ReactionRecord(HEART, (ANA, BEN)))
    shown = to_message(message, BEN).reactions
    assert [(one.emoji, one.count, one.user_ids, one.mine) for one in shown] == [(HEART, 2, [ANA, BEN], True)]


def test_adding_the_other_form_changes_nothing() -> None:
    message = message_with(ReactionRecord(BARE_HEART, (ANA,)))
    assert react(message, ANA, validate_emoji(HEART), add=True) is None
    assert react(message, BEN, validate_emoji(BARE_HEART), add=True) == (ReactionRecord(HEART, (ANA, BEN)),)


@pytest.mark.parametrize("stored", [BARE_HEART, HEART, ".", "\u3164", "ab"])
def test_reaction_of_an_older_version_can_be_removed(stored: str) -> None:
    """Also one that could not be added any more."""
    message = message_with(ReactionRecord(stored, (ANA, BEN)), ReactionRecord("👍", (BEN,)))
    remaining = react(message, ANA, validate_removed_emoji(stored), add=False)
    assert remaining is not None
    assert [reaction.user_ids for reaction in remaining] == [(BEN,), (BEN,)]


@pytest.mark.parametrize("text", ["", "👍" * 33])
def test_removed_reaction_is_bounded(text: str) -> None:
    with pytest.raises(ApiError):
        validate_removed_emoji(text)
