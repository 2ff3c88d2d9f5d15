"""A cluster of in-memory instances for each test."""

import pytest


@pytest.fixture(autouse=True)
def short_effect_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """Share records of pending effects for a shorter time, and do not renew them: instances crash here."""
    monkeypatch.setattr("actors.conversations.pending_effects.SHARED_FOR_S", 0.05)
    monkeypatch.setattr("actors.conversations.pending_effects.RENEWAL_PERIOD_S", 3600.0)
