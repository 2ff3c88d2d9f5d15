"""Requests of moderators and to them."""

from typing import Any

from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser

Json = Any


async def set_role(api: ApiClient, admin: RegisteredUser, user: RegisteredUser, role: str | None) -> Json:
    body = {"role": role, "reason": "a reason"}
    return await api.expect(200, admin, "PUT", f"/v1/admin/users/{user.id}/role", body)


async def act(
    api: ApiClient, moderator: RegisteredUser, type_: str, kind: str, target_id: str, **more: Json
) -> Json:
    body = {"type": type_, "kind": kind, "id": target_id, "reason": f"to {type_}", **more}
    return await api.expect(201, moderator, "POST", "/v1/admin/actions", body)


async def refused(
    api: ApiClient, moderator: RegisteredUser, type_: str, kind: str, target_id: str, **more: Json
) -> str:
    body = {"type": type_, "kind": kind, "id": target_id, "reason": "a reason", **more}
    status, answer, _ = await api.request(moderator, "POST", "/v1/admin/actions", body)
    assert status >= 400, answer
    return str(answer["code"])


async def report(api: ApiClient, user: RegisteredUser, kind: str, target_id: str) -> None:
    body = {"kind": kind, "id": target_id, "reason": "not nice"}
    await api.expect(202, user, "POST", "/v1/reports", body)


async def find_report(api: ApiClient, moderator: RegisteredUser, target_id: str) -> Json:
    reports = await api.collect_pages(moderator, "/v1/admin/reports?state=open", 100)
    (found,) = (one for one in reports if one["target_id"] == target_id)
    return await api.get(moderator, f"/v1/admin/reports/{found['id']}")
