"""A cluster of in-memory instances for each test."""

import pytest


@pytest.fixture(autouse=True)
def short_effect_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let records of pending effects be shared for a shorter time."""
    monkeypatch.setattr("actors.conversations.pending_effects.SHARED_FOR_S", 0.05)
