"""Validation of reaction emoji."""

import pytest

from actors.conversations.drafts import validate_emoji
from actors.protocol.errors import ApiError


@pytest.mark.parametrize("emoji", ["👍", "❤️", "👩‍🚀", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇸🇮", "👍🏽", "1️⃣"])
def test_emoji_of_several_code_points_is_accepted(emoji: str) -> None:
    """Joined sequences, skin tones and variation selectors are accepted unchanged."""
    assert validate_emoji(emoji) == emoji


@pytest.mark.parametrize("text", ["", " ", "\u200d", "ab", "👍 👍", "\n", "👍\x00", "👍" * 33])
def test_non_emoji_is_refused(text: str) -> None:
    """Empty text, white space, letters, several emoji and control characters are refused."""
    with pytest.raises(ApiError) as refusal:
        validate_emoji(text)
    assert refusal.value.code == "request.invalid"
