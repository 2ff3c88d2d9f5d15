"""What is a reaction: one emoji, however many code points it is made of."""

import pytest

from actors.conversation.drafts import emoji_of
from actors.wire.refusal import Refusal


@pytest.mark.parametrize("emoji", ["👍", "❤️", "👩‍🚀", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇸🇮", "👍🏽", "1️⃣"])
def test_emoji_of_many_code_points_are_one(emoji: str) -> None:
    """Joined, coloured and chosen forms are taken as they are."""
    assert emoji_of(emoji) == emoji


@pytest.mark.parametrize("text", ["", " ", "\u200d", "ab", "👍 👍", "\n", "👍\x00", "👍" * 33])
def test_what_is_no_emoji_is_refused(text: str) -> None:
    """Nothing, white space, words and control characters are no reaction."""
    with pytest.raises(Refusal) as refused:
        emoji_of(text)
    assert refused.value.code == "request.invalid"
