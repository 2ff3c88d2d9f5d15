"""Which users have to accept first, and what finding out costs."""

from collections.abc import Mapping, Sequence

import pytest

from actors.consent.consent import AdditionKind, Consent, ConsentNeeded
from storage.contracts.privacy import PrivacyRecord

ANA = "ana"
KINDS = list(AdditionKind)


class FakeStores:
    """Implements what `Consent` reads, and counts the queries."""

    def __init__(self) -> None:
        self.settings: dict[str, PrivacyRecord] = {}
        self.followers: set[str] = set()
        self.acquainted: set[str] = set()
        self.queries: list[str] = []

    async def list_restricted(self, user_ids: Sequence[str]) -> Mapping[str, PrivacyRecord]:
        self.queries.append("privacy")
        return {user_id: self.settings[user_id] for user_id in user_ids if user_id in self.settings}

    async def followers_among(self, user_id: str, others: Sequence[str]) -> set[str]:
        assert user_id == ANA
        self.queries.append("follows")
        return self.followers.intersection(others)

    async def users_knowing(self, user_id: str, others: Sequence[str]) -> set[str]:
        assert user_id == ANA
        self.queries.append("conversations")
        return self.acquainted.intersection(others)


def make_consent(stores: FakeStores) -> Consent:
    return Consent(stores, stores, stores)  # type: ignore[arg-type]


async def test_500_open_users_cost_one_query() -> None:
    """Adding many people asks the privacy settings once, and nothing else if nobody restricts anything."""
    stores = FakeStores()
    users = [f"user{number}" for number in range(500)]
    assert await make_consent(stores).find_needed(ANA, users, AdditionKind.GROUP) == ConsentNeeded()
    assert stores.queries == ["privacy"]


async def test_500_restricted_users_cost_three_queries() -> None:
    """Whatever their settings are; those who follow or know the actor do not have to accept."""
    stores = FakeStores()
    users = [f"user{number}" for number in range(500)]
    stores.settings = {user: PrivacyRecord(("known", "nobody")[at % 2]) for at, user in enumerate(users)}
    stores.followers = {"user0", "user1"}
    stores.acquainted = {"user2", "user3"}
    needed = await make_consent(stores).find_needed(ANA, users, AdditionKind.GROUP)
    assert set(users) - set(needed.user_ids) == {"user0", "user2"}
    assert needed.unseen == tuple(users[1::2])
    assert stores.queries == ["privacy", "follows", "conversations"]


@pytest.mark.parametrize("kind", KINDS)
async def test_each_setting_decides_about_its_kind(kind: AdditionKind) -> None:
    """`groups` does not affect invites, nor `invites` groups; oneself never has to accept."""
    stores = FakeStores()
    stores.settings = {
        ANA: PrivacyRecord("nobody", "nobody"),
        "no groups": PrivacyRecord("nobody", "everyone"),
        "no invites": PrivacyRecord("everyone", "nobody"),
    }
    needed = await make_consent(stores).find_needed(ANA, [*stores.settings], kind)
    expected = ("no groups",) if kind is AdditionKind.GROUP else ("no invites",)
    assert needed == ConsentNeeded(expected, expected)
