"""Everything that moderators and admins do is in the audit log."""

from collections.abc import AsyncIterator
from typing import Any, cast
from unittest.mock import MagicMock
from uuid import uuid4

import pytest
import pytest_asyncio

from config.settings import RegistrationSettings
from server.composition.components import ServerComponents
from server.composition.routes import create_routes
from server.instance import Instance
from storage.embedded import StoreUrls
from tests.server.api_client import ApiClient
from tests.server.registered_users import PASSWORD, RegisteredUser, RegisteredUsers
from tests.server.running_instance import running_instance
from tests.server.services.moderation_requests import act, find_report, report

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def approving(stores: StoreUrls) -> AsyncIterator[ApiClient]:
    """A server on the same stores, where registrations need approval."""
    async with (
        running_instance(stores, registration=RegistrationSettings("approval")) as instance,
        ApiClient(instance) as api,
    ):
        yield api


class Recorded:
    """Makes requests of an admin, and returns what each added to the audit log."""

    def __init__(self, api: ApiClient, admin: RegisteredUser) -> None:
        self._api = api
        self._admin = admin
        self.operations: set[tuple[str, str]] = set()

    async def request(
        self, method: str, path: str, template: str, body: Json = None
    ) -> list[tuple[str, str]]:
        """Return (type, kind) of the new records, all of them by the admin, the latest first."""
        before = await self._read()
        status, answer, _ = await self._api.request(self._admin, method, path, body)
        assert status < 300, answer
        self.operations.add((method, template))
        new = [one for one in await self._read() if one not in before]
        assert {one["actor"]["id"] for one in new} <= {self._admin.id}
        return [(one["type"], one["kind"]) for one in new]

    async def _read(self) -> list[Json]:
        return list((await self._api.get(self._admin, "/v1/admin/audit?limit=20"))["items"])


async def register(approving: ApiClient) -> str:
    """Request an account; return the id of the registration."""
    name = f"r{uuid4().hex[:20]}"
    body = {"email": f"{name}@example.test", "username": name, "password": PASSWORD}
    assert (await approving.request(None, "POST", "/v1/users", body))[0] == 202
    return name


async def test_every_change_by_a_role_is_recorded(
    api: ApiClient,
    approving: ApiClient,
    instance: Instance,
    people: RegisteredUsers,
    admin: RegisteredUser,
) -> None:
    """A new route of moderators that changes something needs a line here."""
    ana, ben = await people.register(2, instance)
    post = (await api.post(ana))["id"]
    await report(api, ben, "post", post)
    report_id = (await find_report(api, admin, post))["id"]
    warning = await act(api, admin, "warn", "user", ana.id)
    appeal = {"action_id": warning["id"], "content": "why?"}
    appeal_id = (await api.expect(201, ana, "POST", "/v1/appeals", appeal))["id"]
    names = [await register(approving) for _ in range(2)]
    waiting = await api.collect_pages(admin, "/v1/admin/registrations", 100)
    first, second = [one["id"] for one in waiting if one["username"] in names]
    recorded = Recorded(api, admin)
    reports, users, codes = "/v1/admin/reports", "/v1/admin/users", "/v1/admin/invite-codes"
    registrations, blocked = "/v1/admin/registrations", "/v1/admin/blocked-names"

    assert await recorded.request(
        "PUT", f"{reports}/{report_id}/assignee", f"{reports}/{{id}}/assignee", {"user_id": admin.id}
    ) == [("assign", "report")]
    assert await recorded.request(
        "PUT", f"{reports}/{report_id}/resolution", f"{reports}/{{id}}/resolution", {"resolution": "done"}
    ) == [("resolve", "report")]
    hide = {"type": "hide", "kind": "post", "id": post, "reason": "x"}
    assert await recorded.request("POST", "/v1/admin/actions", "/v1/admin/actions", hide) == [
        ("hide", "post")
    ]
    role = {"role": "moderator", "reason": "x"}
    assert await recorded.request("PUT", f"{users}/{ben.id}/role", f"{users}/{{id}}/role", role) == [
        ("make_moderator", "user")
    ]
    answer = {"accepted": True, "answer": "you are right"}
    assert await recorded.request(
        "PUT", f"/v1/admin/appeals/{appeal_id}/answer", "/v1/admin/appeals/{id}/answer", answer
    ) == [("accept_appeal", "appeal")]
    assert await recorded.request(
        "PUT", f"{registrations}/{first}/approval", f"{registrations}/{{id}}/approval"
    ) == [("approve", "registration")]
    assert await recorded.request("DELETE", f"{registrations}/{second}", f"{registrations}/{{id}}") == [
        ("decline", "registration")
    ]
    assert await recorded.request("POST", codes, codes, {}) == [("create_invite", "invite_code")]
    code = (await api.collect_pages(admin, codes, 100))[-1]["id"]
    assert await recorded.request("DELETE", f"{codes}/{code}", f"{codes}/{{id}}") == [
        ("delete_invite", "invite_code")
    ]
    for method, type_ in (("PUT", "block_name"), ("DELETE", "unblock_name")):
        path = f"{blocked}/username/{names[0]}x"
        assert await recorded.request(method, path, f"{blocked}/{{kind}}/{{value}}") == [(type_, "username")]
    assert recorded.operations == {
        (route.method, route.path)
        for route in create_routes(cast("ServerComponents", MagicMock()))
        if route.role is not None and route.method != "GET"
    }


async def test_answer_to_an_appeal_is_found_by_its_author(
    api: ApiClient, instance: Instance, people: RegisteredUsers, admin: RegisteredUser
) -> None:
    """With the beginning of the answer. It is no action that the author can appeal against."""
    (ana,) = await people.register(1, instance)
    warning = await act(api, admin, "warn", "user", ana.id)
    body = {"action_id": warning["id"], "content": "why?"}
    appeal = await api.expect(201, ana, "POST", "/v1/appeals", body)
    text = "no " * 600
    answer = {"accepted": False, "answer": text}
    await api.expect(204, admin, "PUT", f"/v1/admin/appeals/{appeal['id']}/answer", answer)
    logged, _ = await api.collect_pages(admin, f"/v1/admin/audit?user_id={ana.id}", 1)
    assert (logged["type"], logged["target_id"]) == ("decline_appeal", appeal["id"])
    assert logged["user"]["id"] == ana.id
    assert logged["reason"] == text[:500].strip()
    (own,) = await api.collect_pages(ana, "/v1/users/me/moderation-actions", 1)
    assert own["id"] == warning["id"]
    refused = {"action_id": logged["id"], "content": "again"}
    await api.expect_error("action.not_found", 404, ana, "POST", "/v1/appeals", refused)


async def test_report_that_was_resolved_before_is_not_recorded_again(
    api: ApiClient, instance: Instance, people: RegisteredUsers, admin: RegisteredUser
) -> None:
    """The record has the note and the report."""
    ana, ben = await people.register(2, instance)
    post = (await api.post(ana))["id"]
    await report(api, ben, "post", post)
    report_id = (await find_report(api, admin, post))["id"]
    path = f"/v1/admin/reports/{report_id}/resolution"
    await api.expect(204, admin, "PUT", path, {"resolution": "nothing wrong"})
    await api.expect_error("report.not_found", 404, admin, "PUT", path, {"resolution": "again"})
    log = await api.collect_pages(admin, "/v1/admin/audit", 100)
    (logged,) = (one for one in log if one["report_id"] == report_id)
    assert (logged["type"], logged["reason"], logged["user"]) == ("resolve", "nothing wrong", None)
