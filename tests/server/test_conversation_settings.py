"""Group names, admins and muting over HTTP."""

from uuid import uuid4

import pytest

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.conversation_calls import ROOT, Json, add_member, count_system_messages, updates
from tests.server.registered_users import RegisteredUsers


async def test_admin_renames_a_group(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """Visible to all members at once, with one SYSTEM message and a change in the log."""
    ana, ben = await people.shared(2, instance)
    made = await api.group(ana, ben, name="before")
    group = made["id"]
    changed = await api.expect(200, ana, "PATCH", f"{ROOT}/{group}", {"name": "  after \u20ac "})
    assert changed["name"] == "after \u20ac"
    assert (await api.get_conversation(ben, group))["name"] == "after \u20ac"
    assert await count_system_messages(api, ben, group) == 1
    (update,) = await updates(api, ben, group, made["last_seq"])
    assert update["type"] == "conversation.updated"
    assert update["seq"] == made["last_seq"] + 1
    assert update["conversation_id"] == group
    assert update["changed"] == {"name": "after \u20ac"}
    assert update["member_count"] == 2
    assert update["message"]["message_type"] == "SYSTEM"
    assert update["message"]["seq"] == update["seq"]


async def test_unchanged_name_takes_no_seq(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """A change without an effect writes nothing."""
    ana, ben = await people.shared(2, instance)
    made = await api.group(ana, ben, name="same")
    for _ in range(2):
        shown = await api.expect(200, ana, "PATCH", f"{ROOT}/{made['id']}", {"name": " same "})
        assert shown["last_seq"] == made["last_seq"]
    await api.expect(200, ana, "PATCH", f"{ROOT}/{made['id']}", {"admins": [ana.id]})
    await api.expect(200, ana, "PATCH", f"{ROOT}/{made['id']}", {})
    assert (await api.get_conversation(ben, made["id"]))["last_seq"] == made["last_seq"]


@pytest.mark.parametrize(
    "name", ["", "  ", "x" * 101, "\U0001f600" * 101, 5, ["x"], {"a": 1}, True], ids=repr
)
async def test_name_length_is_limited(
    name: Json, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """422 and no change."""
    ana, ben = await people.shared(2, instance)
    made = await api.group(ana, ben)
    await api.expect_error("request.invalid", 422, ana, "PATCH", f"{ROOT}/{made['id']}", {"name": name})
    shown = await api.get_conversation(ana, made["id"])
    assert (shown["name"], shown["last_seq"]) == (made["name"], made["last_seq"])


# --- admins


async def test_admin_appoints_admins(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """A new admin has the permissions; an omitted one loses them."""
    ana, ben, eve = await people.shared(3, instance)
    made = await api.group(ana, ben)
    group = made["id"]
    shown = await api.expect(200, ana, "PATCH", f"{ROOT}/{group}", {"admins": [ben.id]})
    assert shown["admins"] == [ben.id]
    (update,) = await updates(api, ben, group, made["last_seq"])
    assert update["changed"] == {"admins": [ben.id]}
    await api.expect_error("permission.denied", 403, ana, "PUT", f"{ROOT}/{group}/participants/{eve.id}")
    await add_member(api, ben, group, eve.id)
    shown = await api.expect(200, ben, "PATCH", f"{ROOT}/{group}", {"admins": [ana.id, ben.id, ana.id]})
    assert sorted(shown["admins"]) == sorted([ana.id, ben.id])


async def test_admins_must_be_members_and_at_least_one(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """A non-member, an unknown id, a malformed id and an empty list are rejected without a change."""
    ana, ben, eve = await people.shared(3, instance)
    made = await api.group(ana, ben)
    wrong: list[Json] = [[eve.id], [ana.id, str(uuid4())], ["nonsense"], [], "x", [5], {"a": 1}]
    for admins in wrong:
        status, problem, _ = await api.request(ana, "PATCH", f"{ROOT}/{made['id']}", {"admins": admins})
        assert (status, problem["code"]) in {
            (422, "request.invalid"),
            (404, "participant.not_found"),
            (404, "user.not_found"),
        }, admins
    shown = await api.get_conversation(ben, made["id"])
    assert (shown["admins"], shown["last_seq"]) == ([ana.id], made["last_seq"])


async def test_name_and_admins_change_together_or_not_at_all(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """One request, one SYSTEM message; an invalid field prevents both changes."""
    ana, ben, eve = await people.shared(3, instance)
    made = await api.group(ana, ben, name="before")
    group = made["id"]
    wrong = {"name": "after", "admins": [eve.id]}
    status, _, _ = await api.request(ana, "PATCH", f"{ROOT}/{group}", wrong)
    assert status in {404, 422}
    assert (await api.get_conversation(ana, group))["name"] == "before"
    right = {"name": "after", "admins": [ana.id, ben.id]}
    shown = await api.expect(200, ana, "PATCH", f"{ROOT}/{group}", right)
    assert (shown["name"], sorted(shown["admins"])) == ("after", sorted([ana.id, ben.id]))
    assert shown["last_seq"] == made["last_seq"] + 1


async def test_muting_affects_the_user_only(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Invisible to others and not in the log; reversible, also in direct conversations."""
    ana, ben = await people.register(2, instance)
    for made in (await api.group(ana, ben), await api.direct(ana, ben)):
        path = f"{ROOT}/{made['id']}"
        assert (await api.expect(200, ben, "PATCH", path, {"muted": True}))["muted"] is True
        assert (await api.get_conversation(ben, made["id"]))["muted"] is True
        assert (await api.get_conversation(ana, made["id"]))["muted"] is False
        assert (await api.get_conversation(ben, made["id"]))["last_seq"] == made["last_seq"]
        assert (await api.expect(200, ben, "PATCH", path, {"muted": False}))["muted"] is False
        await api.expect_error("request.invalid", 422, ben, "PATCH", path, {"muted": "yes"})
