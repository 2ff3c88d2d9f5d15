"""Users who left or were removed: who may add them again, and on which grounds."""

import pytest

from actors.conversations.commands import AddByRule, AddMember, MembershipChange, RemoveByRule, RemoveMember
from actors.conversations.errors import ConsentRequiredError
from config.limits import FORMER_MEMBERS_KEPT
from storage.contracts.messaging import FormerMember
from tests.actors.fake_cluster import ANA, BEN, FakeCluster, card

LEAVE, REMOVE = RemoveMember(card(BEN), card(BEN)), RemoveMember(card(ANA), card(BEN))
END_OF_TIME_MS = 2**52


@pytest.mark.parametrize(
    ("end", "change", "is_added"),
    [
        (LEAVE, AddMember(card(ANA), card(BEN), accepted=True), True),
        (LEAVE, AddByRule(card(BEN)), False),
        (LEAVE, AddByRule(card(BEN), invited_at_ms=END_OF_TIME_MS), False),
        (LEAVE, AddByRule(card(BEN), requested_at_ms=END_OF_TIME_MS), True),
        (REMOVE, AddMember(card(ANA), card(BEN)), True),
        (REMOVE, AddByRule(card(BEN)), False),
        (REMOVE, AddByRule(card(BEN), requested_at_ms=END_OF_TIME_MS), False),
        (REMOVE, AddByRule(card(BEN), invited_at_ms=END_OF_TIME_MS), True),
        (RemoveByRule(card(BEN)), AddMember(card(ANA), card(BEN)), True),
        (RemoveByRule(card(BEN)), AddByRule(card(BEN)), True),
    ],
)
async def test_former_member_is_added_on_sufficient_grounds(
    cluster: FakeCluster, end: MembershipChange, change: MembershipChange, *, is_added: bool
) -> None:
    """On an instance that was active before, and on one that loads the document."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    await here.conversations.change_membership(room, end)
    for core in (there, here):
        await core.conversations.change_membership(room, change)
        record = await cluster.messaging.get(room)
        assert record is not None
        assert (BEN in record.participants) == is_added


async def test_one_who_left_is_not_added_without_accepting(cluster: FakeCluster) -> None:
    """An addition by any admin is refused, until the user accepted once."""
    here = await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    await here.conversations.change_membership(room, LEAVE)
    there = await cluster.start_instance()
    for core in (here, there):
        with pytest.raises(ConsentRequiredError):
            await core.conversations.change_membership(room, AddMember(card(ANA), card(BEN)))
    await here.conversations.change_membership(room, AddMember(card(ANA), card(BEN), accepted=True))
    record = await cluster.messaging.get(room)
    assert record is not None
    assert record.former_members == ()


async def test_former_members_are_bounded(cluster: FakeCluster) -> None:
    """The oldest is forgotten first."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    record = await cluster.messaging.get(room)
    assert record is not None
    former = tuple(FormerMember(f"u{at}", at, removed=False) for at in range(FORMER_MEMBERS_KEPT))
    cluster.messaging._conversations[room] = type(record)(
        record.id, record.type, record.name, record.participants, record.admins, 0, former_members=former
    )
    await core.conversations.change_membership(room, LEAVE)
    record = await cluster.messaging.get(room)
    assert record is not None
    assert [one.user_id for one in record.former_members] == [*(f"u{at}" for at in range(1, 5000)), BEN]


async def test_membership_changes_see_those_of_other_instances(cluster: FakeCluster) -> None:
    """A change is neither refused nor ignored because the bus has not told of the one before it."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA)
    for core in (here, there):
        await core.conversations.change_membership(room, RemoveByRule(card(BEN)))
    cluster.broker.disconnect()
    add = AddMember(card(ANA), card(BEN))
    for first, second in ((here, there), (there, here)):
        await first.conversations.change_membership(room, add)
        await second.conversations.change_membership(room, REMOVE)
        await first.conversations.change_membership(room, add)
        await second.conversations.change_membership(room, REMOVE)
    record = await cluster.messaging.get(room)
    assert record is not None
    assert (record.participants, record.applied_seq) == ((ANA,), 8)
