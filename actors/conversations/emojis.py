"""Emoji that can be reactions: the sequences of Unicode's emoji-test data, from the `emoji` package.

Stored reactions have the fully qualified form. Older versions stored any form, and text that is no emoji.
"""

from collections.abc import Iterable
from typing import Final

from emoji import EMOJI_DATA, STATUS

from storage.contracts.message_log import ReactionRecord

_SELECTORS = {ord("\ufe0e"): None, ord("\ufe0f"): None}


def _without_selectors(text: str) -> str:
    return text.translate(_SELECTORS)


_BY_BARE_FORM: Final = {
    _without_selectors(emoji): emoji
    for emoji, data in EMOJI_DATA.items()
    if data["status"] in {STATUS["fully_qualified"], STATUS["component"]}
}


def normalize_emoji(text: str) -> str | None:
    """Return the fully qualified form of an emoji, or None if `text` is not exactly one emoji.

    Forms that differ in variation selectors only are one emoji. An emoji is an emoji-test sequence of any
    status (fully qualified, minimally qualified, unqualified, component), or one code point of these with a
    variation selector.
    """
    if text in EMOJI_DATA:
        return _BY_BARE_FORM[_without_selectors(text)]
    if len(text) == 2 and text[1] in "\ufe0e\ufe0f":
        return _BY_BARE_FORM.get(text[0])
    return None


def canonical_emoji(emoji: str) -> str:
    """Return the form by which reactions are compared. Text that is no emoji is compared as it is."""
    return normalize_emoji(emoji) or emoji


def merge_reactions(reactions: Iterable[ReactionRecord]) -> dict[str, tuple[str, ...]]:
    """Return the users of each emoji. Stored forms of one emoji are merged, and each user counts once."""
    merged: dict[str, tuple[str, ...]] = {}
    for reaction in reactions:
        emoji = canonical_emoji(reaction.emoji)
        merged[emoji] = tuple(dict.fromkeys((*merged.get(emoji, ()), *reaction.user_ids)))
    return merged
