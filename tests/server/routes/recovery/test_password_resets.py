"""Tests of password reset links, over HTTP, SMTP and PostgreSQL."""

import asyncio
import io
import logging
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import structlog

from actors.accounts.tokens import hash_token, new_token
from config.accounts import RESET_LIFETIME_S, RESETS_PER_LIFETIME
from config.limits import Limits
from config.log_setup import configure_logging
from config.settings import LogSettings, ServerSettings
from storage.postgres.pool import PostgresPool
from tests.server.routes.recovery.gated_sessions import GatedSessions
from tests.server.routes.recovery.mail_user_service import (
    NEW_PASSWORD,
    RESET_SUBJECT,
    MailUserService,
    reset_token,
)
from tests.server.routes.user_service import PASSWORD
from tests.smtp_server import ReceivedMail, SmtpServer
from tests.until import until

Database = Any
EMAIL = "ana@example.test"
PATH = "/v1/password-resets"


async def reset_mails(smtp_server: SmtpServer, service: MailUserService) -> list[ReceivedMail]:
    """Return all reset e-mails received."""
    await service.wait_until_idle()
    return smtp_server.with_subject(RESET_SUBJECT)


async def token_for(service: MailUserService, smtp_server: SmtpServer, email: str = EMAIL) -> str:
    """Request a reset and return the token of its link."""
    await service.request_reset(email)
    return reset_token((await reset_mails(smtp_server, service))[-1])


async def test_reset_by_mail(service: MailUserService, smtp_server: SmtpServer) -> None:
    """The new password works; the old one and all sessions stop working."""
    ana = await service.register("ana")
    other = await service.login("ana")
    for signed in (ana, other):
        await service.expect(200, "GET", "/v1/users/me", token=signed["token"])
    await service.request_reset(EMAIL)
    (mail,) = await reset_mails(smtp_server, service)
    assert mail.recipient == EMAIL
    assert mail.message.get_content_type() == "text/plain"
    assert "Hi ana" in mail.text
    assert "30 minutes" in mail.text
    assert await service.reset_password(reset_token(mail)) == 204
    for signed in (ana, other):
        await service.expect_error("auth.required", "GET", "/v1/users/me", token=signed["token"])
    assert len(service.revoked) == 2
    login = {"login": "ana", "password": PASSWORD}
    await service.expect_error("auth.invalid_credentials", "POST", "/v1/sessions", login)
    await service.login(EMAIL, NEW_PASSWORD)


async def test_reset_affects_one_user_only(service: MailUserService, smtp_server: SmtpServer) -> None:
    """Sessions of other users continue."""
    await service.register("ana")
    ben = await service.register("ben")
    assert await service.reset_password(await token_for(service, smtp_server)) == 204
    await service.expect(200, "GET", "/v1/users/me", token=ben["token"])
    await service.login("ben")


async def test_link_works_once(service: MailUserService, smtp_server: SmtpServer) -> None:
    """A second use is 404, and the first password stays."""
    await service.register("ana")
    token = await token_for(service, smtp_server)
    assert await service.reset_password(token) == 204
    problem = await service.expect_error(
        "password_reset.not_found", "PUT", f"{PATH}/{token}", {"new_password": "another password"}
    )
    assert problem["status"] == 404
    await service.login("ana", NEW_PASSWORD)


async def test_concurrent_uses_of_a_link_succeed_once(
    service: MailUserService, smtp_server: SmtpServer
) -> None:
    """One of many concurrent uses sets the password."""
    await service.register("ana")
    token = await token_for(service, smtp_server)
    words = [f"password number {number}" for number in range(8)]
    statuses = await asyncio.gather(*(service.reset_password(token, word) for word in words))
    assert sorted(statuses) == [204] + [404] * 7
    await service.login("ana", words[statuses.index(204)])


async def test_reset_invalidates_the_users_other_links(
    service: MailUserService, smtp_server: SmtpServer
) -> None:
    """All links work until one is used; those of other users stay valid."""
    await service.register("ana")
    await service.register("ben")
    first = await token_for(service, smtp_server)
    bens = await token_for(service, smtp_server, "ben@example.test")
    second = await token_for(service, smtp_server)
    assert await service.reset_password(first) == 204
    assert await service.reset_password(second, "another password") == 404
    assert await service.reset_password(bens) == 204
    await service.login("ana", NEW_PASSWORD)


async def test_concurrent_uses_of_two_links_succeed_once(
    service: MailUserService, smtp_server: SmtpServer
) -> None:
    """The first one used invalidates the other."""
    await service.register("ana")
    tokens = [await token_for(service, smtp_server), await token_for(service, smtp_server)]
    statuses = await asyncio.gather(*(service.reset_password(one, f"password {one}") for one in tokens))
    assert sorted(statuses) == [204, 404]
    await service.login("ana", f"password {tokens[statuses.index(204)]}")


async def test_link_expires_after_thirty_minutes(
    service: MailUserService, smtp_server: SmtpServer, database: Database
) -> None:
    """An expired link is 404."""
    await service.register("ana")
    token = await token_for(service, smtp_server)
    left = await database.fetchval("SELECT expires_at - now() FROM mail_tokens WHERE kind = 'reset'")
    assert RESET_LIFETIME_S == 1800
    assert abs(left.total_seconds() - RESET_LIFETIME_S) < 30
    await database.execute("UPDATE mail_tokens SET expires_at = now()")
    assert await service.reset_password(token) == 404
    await service.login("ana")


async def test_unknown_address_gets_the_same_response_and_no_mail(
    service: MailUserService, smtp_server: SmtpServer
) -> None:
    """Known, unknown and banned addresses get the same status, body and headers."""
    await service.register("ana")
    await service.register("ben")
    await service.moderation.ban("ben")
    looks = set()
    for email in (EMAIL, "nobody@example.test", "ben@example.test", "ANA@Example.TEST"):
        response = await service.request("POST", PATH, {"email": email})
        looks.add((response.status, await response.text(), frozenset(response.headers) - {"Date"}))
    assert len(looks) == 1
    assert next(iter(looks))[:2] == (202, "")
    assert [mail.recipient for mail in await reset_mails(smtp_server, service)] == [EMAIL, EMAIL]
    assert "nobody@example.test" not in smtp_server.recipients


async def test_response_does_not_wait_for_a_store(service: MailUserService, database: Database) -> None:
    """No work specific to a known address precedes the response, so its timing reveals nothing."""
    await service.register("ana")
    await service.wait_until_idle()
    transaction = database.transaction()
    await transaction.start()
    await database.execute("SELECT id FROM users FOR UPDATE")
    await service.request_reset(EMAIL)
    assert service.password_recovery.statistics().pending == 1
    await transaction.rollback()
    await service.wait_until_idle()


async def test_mails_per_account_are_limited(
    service: MailUserService, smtp_server: SmtpServer, database: Database
) -> None:
    """For any number of requests and sources, also concurrent; later requests send e-mail again."""
    await service.register("ana")
    await asyncio.gather(*(service.request_reset(EMAIL) for _ in range(20)))
    mails = await reset_mails(smtp_server, service)
    assert len(mails) == RESETS_PER_LIFETIME
    assert await service.reset_password(reset_token(mails[0])) == 204
    await service.request_reset(EMAIL)
    assert len(await reset_mails(smtp_server, service)) == RESETS_PER_LIFETIME
    await database.execute("UPDATE mail_tokens SET expires_at = now()")
    await service.request_reset(EMAIL)
    assert len(await reset_mails(smtp_server, service)) == RESETS_PER_LIFETIME + 1
    assert await database.fetchval("SELECT count(*) FROM mail_tokens WHERE kind = 'reset'") == 1


@pytest.mark.parametrize("limits", [Limits(logins_per_s=1, logins_burst=3)])
async def test_requests_share_the_login_rate_limit(service: MailUserService) -> None:
    """Over the burst of an address it is 429, for unknown addresses too."""
    for _ in range(3):
        await service.request_reset("nobody@example.test")
    await service.expect_error("rate.limited", "POST", PATH, {"email": EMAIL})
    await service.expect_error("rate.limited", "PUT", f"{PATH}/x", {"new_password": NEW_PASSWORD})


async def test_link_to_an_old_address_stops_working(
    service: MailUserService, smtp_server: SmtpServer
) -> None:
    """Access to a former mailbox does not give access to the account."""
    ana = await service.register("ana")
    token = await token_for(service, smtp_server)
    await service.expect(
        200,
        "PATCH",
        "/v1/users/me",
        {"email": "new@example.test", "current_password": PASSWORD},
        ana["token"],
    )
    assert await service.reset_password(token) == 404
    assert await service.reset_password(await token_for(service, smtp_server, "new@example.test")) == 204


async def test_password_change_invalidates_links(service: MailUserService, smtp_server: SmtpServer) -> None:
    """A changed password invalidates links requested before."""
    ana = await service.register("ana")
    token = await token_for(service, smtp_server)
    change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    await service.expect(204, "PUT", "/v1/users/me/password", change, ana["token"])
    assert await service.reset_password(token, "another password") == 404
    await service.login("ana", NEW_PASSWORD)


async def test_invalid_password_does_not_consume_the_link(
    service: MailUserService, smtp_server: SmtpServer
) -> None:
    """A password that is too short is 422; the link still works."""
    await service.register("ana")
    token = await token_for(service, smtp_server)
    for body, code in (
        ({"new_password": "short"}, "too_short"),
        ({}, "required"),
        ({"new_password": 8}, "type"),
    ):
        problem = await service.expect_error("request.invalid", "PUT", f"{PATH}/{token}", body)
        assert [(fault["field"], fault["code"]) for fault in problem["errors"]] == [("new_password", code)]
    assert await service.reset_password(token) == 204


@pytest.mark.parametrize("token", ["x", "x" * 42, "x" * 44, "x" * 43, "%00" * 43, "é" * 43, "x" * 42 + "%0A"])
async def test_forged_links_are_not_found(service: MailUserService, token: str) -> None:
    """Any other token is 404."""
    assert await service.reset_password(token) == 404


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "required"),
        ({"email": None}, "type"),
        ({"email": 5}, "type"),
        ({"email": ""}, "invalid"),
        ({"email": "ana"}, "invalid"),
        ({"email": "ana@localhost"}, "invalid"),
        ({"email": "ana@example.test\x00"}, "invalid"),
        ({"email": "ana@example.test\r\nBcc: eva@example.test"}, "invalid"),
        ({"email": "a" * 300 + "@example.test"}, "too_long"),
    ],
)
async def test_malformed_address_is_rejected(
    service: MailUserService, body: dict[str, Any], code: str
) -> None:
    """Checked by syntax only."""
    problem = await service.expect_error("request.invalid", "POST", PATH, body)
    assert [(fault["field"], fault["code"]) for fault in problem["errors"]] == [("email", code)]


async def test_mail_is_sent_once_the_mail_server_is_back(
    service: MailUserService, smtp_server: SmtpServer
) -> None:
    """The response does not wait for SMTP; the e-mail is delivered once."""
    await service.register("ana")
    await service.wait_until_idle()
    await smtp_server.close()
    await service.request_reset(EMAIL)
    await until(lambda: service.mail_queue.statistics().retries)
    await smtp_server.open()
    (mail,) = await reset_mails(smtp_server, service)
    assert await service.reset_password(reset_token(mail)) == 204
    assert service.mail_queue.statistics().failed == 0


async def test_tokens_are_not_stored(
    service: MailUserService, smtp_server: SmtpServer, database: Database
) -> None:
    """A copy of the database contains no usable token."""
    await service.register("ana")
    token = await token_for(service, smtp_server)
    dump = repr(await database.fetch("SELECT * FROM mail_tokens"))
    assert token not in dump
    assert str(hash_token(token)) in dump


@pytest.mark.parametrize("sessions_of", [GatedSessions])
async def test_concurrent_login_loses_to_a_reset(
    service: MailUserService,
    smtp_server: SmtpServer,
    database: Database,
    sessions_of: Callable[[PostgresPool], GatedSessions],
) -> None:
    """A login checked before and opened after a reset gets no session."""
    assert isinstance(service.sessions, GatedSessions)
    await service.register("ana")
    token = await token_for(service, smtp_server)
    service.sessions.close_gate()
    body = {"login": "ana", "password": PASSWORD}
    late = asyncio.ensure_future(
        service.expect_error("auth.invalid_credentials", "POST", "/v1/sessions", body)
    )
    await service.sessions.waiting.wait()
    assert await service.reset_password(token) == 204
    service.sessions.gate.set()
    await late
    assert await database.fetchval("SELECT count(*) FROM user_sessions") == 0


async def test_no_log_shows_an_address_or_a_link(
    service: MailUserService, smtp_server: SmtpServer, database: Database
) -> None:
    """Neither on success, nor when SMTP rejects a mail in its own words, nor when a store fails."""
    log = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging(LogSettings(level="DEBUG", format="json"), log)
    try:
        await service.register("ana")
        token = await token_for(service, smtp_server)
        await service.reset_password(token)
        smtp_server.replies = [
            "450 4.2.1 <ana@example.test> later",
            "550 5.1.1 <ana@example.test> is unknown",
        ]
        await service.request_reset(EMAIL)
        await service.wait_until_idle()
        await database.execute("ALTER TABLE mail_tokens RENAME TO elsewhere")
        await service.request_reset(EMAIL)
        broken = await service.client.put(f"{PATH}/{new_token()}", json={"new_password": NEW_PASSWORD})
        assert broken.status == 500
        await service.wait_until_idle()
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
        await database.execute("ALTER TABLE IF EXISTS elsewhere RENAME TO mail_tokens")
    # The test's SMTP server logs everything, and `run.py` keeps no access log.
    lines = [msgspec.json.decode(line) for line in log.getvalue().splitlines()]
    stated = [line for line in lines if line["logger"] not in {"mail.log", "mail.debug", "aiohttp.access"}]
    events = {(line["event"], line.get("reason")) for line in stated}
    assert ("e-mail could not be sent", "SMTPRecipientsRefused 550") in events
    assert ("password resets: background task failed", None) in events
    secrets = (token, str(hash_token(token)), EMAIL, "ana@", "#/reset", PASSWORD, NEW_PASSWORD)
    assert [line for line in stated if any(secret in str(line) for secret in secrets)] == []


@pytest.mark.parametrize("server_settings", [ServerSettings(trusted_proxies=1)])
@pytest.mark.parametrize(
    "limits", [Limits(login_failures_elsewhere_burst=3, login_failures_elsewhere_per_minute=0.1)]
)
async def test_reset_lets_the_owner_log_in_while_others_try_passwords(
    service: MailUserService, smtp_server: SmtpServer
) -> None:
    """The network of the reset is known from then on."""

    async def login(password: str, address: str) -> int:
        response = await service.client.post(
            "/v1/sessions",
            json={"login": "ana", "password": password},
            headers={"X-Forwarded-For": address},
        )
        return response.status

    await service.register("ana")
    statuses = [await login("a bad password", f"192.0.2.{host}") for host in range(4)]
    assert statuses == [401, 401, 401, 429]
    assert await login(PASSWORD, "198.51.100.1") == 429
    token = await token_for(service, smtp_server)
    response = await service.client.put(
        f"{PATH}/{token}",
        json={"new_password": NEW_PASSWORD},
        headers={"X-Forwarded-For": "198.51.100.1"},
    )
    assert response.status == 204
    assert await login(NEW_PASSWORD, "198.51.100.1") == 201
    assert await login(NEW_PASSWORD, "192.0.2.1") == 429


@pytest.mark.parametrize("password", ["password123", "Ana@Example.Test", "ANA STASIA"])
async def test_reset_refuses_weak_passwords(
    service: MailUserService, smtp_server: SmtpServer, password: str
) -> None:
    """As registration does; the link can be used again."""
    await service.register("ana", display_name="Ana Stasia")
    token = await token_for(service, smtp_server)
    problem = await service.expect_error(
        "request.invalid", "PUT", f"{PATH}/{token}", {"new_password": password}
    )
    assert [error["field"] for error in problem["errors"]] == ["new_password"]
    assert await service.reset_password(token) == 204
