"""Tests of who may register, over HTTP: approval, invite codes and blocked names."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from config.mail import MAIL_LIMITS, MailKind
from config.settings import MailSettings, RegistrationSettings
from server.instance import Instance
from storage.embedded import StoreUrls
from tests.server.api_client import ApiClient
from tests.server.registered_users import PASSWORD, RegisteredUser, RegisteredUsers
from tests.server.running_instance import running_instance
from tests.smtp_server import ReceivedMail, SmtpServer
from tests.until import until

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
USERS = "/v1/users"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def smtp_server() -> AsyncIterator[SmtpServer]:
    server = SmtpServer()
    await server.open()
    yield server
    await server.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def approving(stores: StoreUrls, smtp_server: SmtpServer) -> AsyncIterator[ApiClient]:
    """A server on the same stores, where registrations need approval."""
    mail = MailSettings(
        host="127.0.0.1",
        port=smtp_server.port,
        security="none",
        sender="convene@example.test",
        base_url="https://convene.example",
    )
    async with (
        running_instance(stores, registration=RegistrationSettings("approval"), mail=mail) as instance,
        ApiClient(instance) as api,
    ):
        yield api


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def inviting(stores: StoreUrls) -> AsyncIterator[ApiClient]:
    """A server on the same stores, where registrations need an invite code."""
    async with (
        running_instance(stores, registration=RegistrationSettings("invite")) as instance,
        ApiClient(instance) as api,
    ):
        yield api


def registration(**more: Json) -> Json:
    name = f"r{uuid4().hex[:20]}"
    return {"email": f"{name}@example.test", "username": name, "password": PASSWORD, **more}


async def find_waiting(api: ApiClient, admin: RegisteredUser, body: Json) -> str | None:
    waiting = await api.collect_pages(admin, "/v1/admin/registrations", 1)
    return next((one["id"] for one in waiting if one["username"] == body["username"]), None)


async def test_registration_waits_for_approval(approving: ApiClient, admin: RegisteredUser) -> None:
    """No account until then, and the names are taken; afterwards the user logs in with the password."""
    body = registration(display_name="Ana")
    login = {"login": body["username"], "password": PASSWORD}
    key = uuid4().hex
    for _ in range(2):
        assert await approving.expect(202, None, "POST", USERS, body, Idempotency_Key=key) is None
    await approving.expect_error("auth.invalid_credentials", 401, None, "POST", "/v1/sessions", login)
    await approving.expect_error(
        "user.not_found", 404, admin, "GET", f"{USERS}/by-username/{body['username']}"
    )
    for taken, code in (("email", "user.email_taken"), ("username", "user.username_taken")):
        other = {**registration(), taken: body[taken].upper()}
        await approving.expect_error(code, 409, None, "POST", USERS, other)
    waiting = await find_waiting(approving, admin, body)
    path = f"/v1/admin/registrations/{waiting}/approval"
    await approving.expect(204, admin, "PUT", path)
    await approving.expect_error("registration.not_found", 404, admin, "PUT", path)
    signed_in = await approving.expect(201, None, "POST", "/v1/sessions", login)
    assert signed_in["user"]["display_name"] == "Ana"
    assert await find_waiting(approving, admin, body) is None
    (action,) = (await approving.get(admin, "/v1/admin/audit?limit=1"))["items"]
    assert (action["type"], action["kind"], action["target_id"]) == ("approve", "registration", waiting)
    assert action["user"]["username"] == body["username"]


async def test_declined_registration_is_deleted(
    approving: ApiClient, admin: RegisteredUser, smtp_server: SmtpServer
) -> None:
    """Its address gets an e-mail, without the name. The same names can be registered again."""
    body = registration()
    await approving.expect(202, None, "POST", USERS, body)
    path = f"/v1/admin/registrations/{await find_waiting(approving, admin, body)}"
    await approving.expect(204, admin, "DELETE", path)
    await approving.expect_error("registration.not_found", 404, admin, "DELETE", path)

    def mails() -> list[ReceivedMail]:
        found = smtp_server.with_subject("Your registration was declined")
        return [mail for mail in found if mail.message["To"] == body["email"]]

    await until(lambda: len(mails()) == 1)
    assert "was not approved" in mails()[0].text
    assert body["username"] not in mails()[0].text
    await approving.expect(202, None, "POST", USERS, body)


async def test_mails_about_declined_registrations_are_limited(
    approving: ApiClient, admin: RegisteredUser, smtp_server: SmtpServer
) -> None:
    """However often strangers register with an address, and moderators decline."""
    body = registration()
    limit = MAIL_LIMITS[MailKind.REGISTRATION].burst
    for _ in range(limit + 1):
        await approving.expect(202, None, "POST", USERS, body)
        path = f"/v1/admin/registrations/{await find_waiting(approving, admin, body)}"
        await approving.expect(204, admin, "DELETE", path)
    last = registration()
    await approving.expect(202, None, "POST", USERS, last)
    path = f"/v1/admin/registrations/{await find_waiting(approving, admin, last)}"
    await approving.expect(204, admin, "DELETE", path)

    def count(email: str) -> int:
        return [mail.message["To"] for mail in smtp_server.mails].count(email)

    await until(lambda: count(last["email"]) == 1 and count(body["email"]) >= limit)
    assert count(body["email"]) == limit


async def test_approval_of_a_taken_name(approving: ApiClient, api: ApiClient, admin: RegisteredUser) -> None:
    """Where another server registers it meanwhile: the registration stays."""
    body = registration()
    await approving.expect(202, None, "POST", USERS, body)
    await api.expect(201, None, "POST", USERS, {**registration(), "username": body["username"]})
    path = f"/v1/admin/registrations/{await find_waiting(approving, admin, body)}"
    await approving.expect_error("user.username_taken", 409, admin, "PUT", f"{path}/approval")
    await approving.expect(204, admin, "DELETE", path)


async def test_invite_code_is_used_as_often_as_allowed(inviting: ApiClient, admin: RegisteredUser) -> None:
    """Also by concurrent registrations; a failed registration does not use it up."""
    key = uuid4().hex
    path = "/v1/admin/invite-codes"
    code = await inviting.expect(201, admin, "POST", path, {"uses": 2}, Idempotency_Key=key)
    assert await inviting.expect(201, admin, "POST", path, {"uses": 2}, Idempotency_Key=key) == code
    for wrong in ({}, {"invite_code": "x"}, {"invite_code": "\u0000"}, {"invite_code": "x" * 5000}):
        await inviting.expect_error(
            "registration.invite_required", 403, None, "POST", USERS, registration(**wrong)
        )
    taken = {**registration(invite_code=code["code"]), "username": admin.username}
    await inviting.expect_error("user.username_taken", 409, None, "POST", USERS, taken)
    answers = await asyncio.gather(
        *(inviting.request(None, "POST", USERS, registration(invite_code=code["code"])) for _ in range(6))
    )
    assert sorted(status for status, _, _ in answers) == [201, 201, 403, 403, 403, 403]
    codes = await inviting.collect_pages(admin, path, 1)
    assert [one["uses_left"] for one in codes if one["id"] == code["id"]] == [0]
    await inviting.expect(204, admin, "DELETE", f"{path}/{code['id']}")
    await inviting.expect_error("invite_code.not_found", 404, admin, "DELETE", f"{path}/{code['id']}")


async def test_deleted_and_expired_codes_do_not_work(inviting: ApiClient, admin: RegisteredUser) -> None:
    """An end must be in the future."""
    path = "/v1/admin/invite-codes"
    for body in ({"uses": 0}, {"uses": 10_001}, {"expires_at": "2020-01-01T00:00:00Z"}):
        await inviting.expect_error("request.invalid", 422, admin, "POST", path, body)
    code = await inviting.expect(201, admin, "POST", path, {"expires_at": "2090-01-01T00:00:00Z"})
    await inviting.expect(204, admin, "DELETE", f"{path}/{code['id']}")
    body = registration(invite_code=code["code"])
    await inviting.expect_error("registration.invite_required", 403, None, "POST", USERS, body)


async def test_blocked_names_cannot_be_taken(
    api: ApiClient, approving: ApiClient, admin: RegisteredUser, instance: Instance, people: RegisteredUsers
) -> None:
    """By new users, by changes and by registrations that wait; a domain stands for its subdomains too."""
    (ana,) = await people.register(1, instance)
    name, domain = f"b{uuid4().hex[:20]}", f"{uuid4().hex[:20]}.test"
    path = "/v1/admin/blocked-names"
    for _ in range(2):
        await api.expect(204, admin, "PUT", f"{path}/username/{name.upper()}")
        await api.expect(204, admin, "PUT", f"{path}/email_domain/{domain}")
    for each in (api, approving):
        for field, value, code in (
            ("username", name, "reserved"),
            ("email", f"x@{domain}", "blocked"),
            ("email", f"x@sub.{domain.upper()}", "blocked"),
        ):
            body = {**registration(), field: value}
            problem = await each.expect_error("request.invalid", 422, None, "POST", USERS, body)
            assert [(one["field"], one["code"]) for one in problem["errors"]] == [(field, code)]
    await api.expect_error("request.invalid", 422, ana, "PATCH", "/v1/users/me", {"username": name})
    change = {"email": f"x@{domain}", "current_password": PASSWORD}
    await api.expect_error("request.invalid", 422, ana, "PATCH", "/v1/users/me", change)
    await api.expect(201, None, "POST", USERS, {**registration(), "email": f"{name}@other{domain}"})
    for kind, value in (("username", name), ("email_domain", domain)):
        values = [one["value"] for one in await api.collect_pages(admin, f"{path}?kind={kind}", 1)]
        assert value in values
        assert values == sorted(values)
        await api.expect(204, admin, "DELETE", f"{path}/{kind}/{value}")
    await api.expect(200, ana, "PATCH", "/v1/users/me", {"username": name})
    for wrong in ("username/a%20b", "email_domain/nothing", "group/x"):
        await api.expect_error("request.invalid", 422, admin, "PUT", f"{path}/{wrong}")
