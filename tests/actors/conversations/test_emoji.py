"""What is a reaction: one emoji, however many code points it is made of."""

import pytest

from actors.conversations.drafts import validate_emoji
from actors.protocol.errors import ApiError


@pytest.mark.parametrize("emoji", ["👍", "❤️", "👩‍🚀", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇸🇮", "👍🏽", "1️⃣"])
def test_emoji_of_several_code_points_is_accepted(emoji: str) -> None:
    """Joined, coloured and chosen forms are taken as they are."""
    assert validate_emoji(emoji) == emoji


@pytest.mark.parametrize("text", ["", " ", "\u200d", "ab", "👍 👍", "\n", "👍\x00", "👍" * 33])
def test_non_emoji_is_refused(text: str) -> None:
    """Nothing, white space, words and control characters are no reaction."""
    with pytest.raises(ApiError) as refused:
        validate_emoji(text)
    assert refused.value.code == "request.invalid"
