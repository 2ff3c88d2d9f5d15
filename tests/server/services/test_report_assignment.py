"""Reports that are assigned to a moderator, and reports about moderators."""

from uuid import uuid4

import pytest

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers
from tests.server.services.moderation_requests import find_report, report

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_report_is_assigned(
    api: ApiClient,
    instance: Instance,
    people: RegisteredUsers,
    admin: RegisteredUser,
    moderator: RegisteredUser,
) -> None:
    """To a moderator, and then to no one; both are in the audit log, and neither is a notification."""
    ana, ben = await people.register(2, instance)
    post = await api.post(ana)
    await report(api, ben, "post", post["id"])
    found = await find_report(api, moderator, post["id"])
    assert found["assigned_to"] is None
    path = f"/v1/admin/reports/{found['id']}"

    async def ids(query: str) -> list[str]:
        return [one["id"] for one in await api.collect_pages(admin, f"/v1/admin/reports?{query}", 1)]

    assert found["id"] in await ids("unassigned=true")
    await api.expect(204, admin, "PUT", f"{path}/assignee", {"user_id": moderator.id})
    assert (await api.get(admin, path))["assigned_to"]["id"] == moderator.id
    assert found["id"] not in await ids("unassigned=true")
    assert found["id"] in await ids(f"assigned_to={moderator.id}&state=open")
    assert found["id"] not in await ids(f"assigned_to={admin.id}")
    await api.expect_error("report.not_moderator", 409, admin, "PUT", f"{path}/assignee", {"user_id": ben.id})
    await api.expect_error("user.not_found", 404, admin, "PUT", f"{path}/assignee", {"user_id": str(uuid4())})
    await api.expect(204, moderator, "PUT", f"{path}/assignee", {"user_id": None})
    assert found["id"] in await ids("unassigned=true")
    actions = [
        (one["type"], one["reason"], one["actor"]["id"])
        for one in await api.collect_pages(admin, "/v1/admin/audit", 100)
        if one["target_id"] == found["id"]
    ]
    assert actions == [
        ("unassign", "Assigned to no one.", moderator.id),
        ("assign", f"Assigned to @{moderator.username}.", admin.id),
    ]
    await api.expect(204, moderator, "PUT", f"{path}/resolution", {"resolution": "x"})
    await api.expect_error("report.not_found", 404, admin, "PUT", f"{path}/assignee", {"user_id": None})


@pytest.mark.parametrize("kind", ["post", "user"])
async def test_reports_about_a_moderator_are_for_others(
    api: ApiClient,
    instance: Instance,
    people: RegisteredUsers,
    admin: RegisteredUser,
    moderator: RegisteredUser,
    kind: str,
) -> None:
    """The moderator neither resolves them nor has them assigned, nor sees who made them."""
    (ben,) = await people.register(1, instance)
    target_id = moderator.id if kind == "user" else (await api.post(moderator))["id"]
    await report(api, ben, kind, target_id)
    found = await find_report(api, admin, target_id)
    path = f"/v1/admin/reports/{found['id']}"
    assert found["reporter"]["id"] == ben.id
    assert (await api.get(moderator, path))["reporter"] is None
    for each, reporter_id in ((admin, ben.id), (moderator, None)):
        listed = {one["id"]: one for one in await api.collect_pages(each, "/v1/admin/reports", 100)}
        assert (listed[found["id"]]["reporter"] or {}).get("id") == reporter_id
    resolution, assignee = {"resolution": "nothing wrong"}, {"user_id": moderator.id}
    await api.expect_error("permission.denied", 403, moderator, "PUT", f"{path}/resolution", resolution)
    for each in (admin, moderator):
        await api.expect_error("permission.denied", 403, each, "PUT", f"{path}/assignee", assignee)
    assert (await api.get(admin, path))["resolved_at"] is None
    await api.expect(204, admin, "PUT", f"{path}/resolution", resolution)
