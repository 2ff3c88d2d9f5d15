"""Tests of e-mail verification links, over HTTP, SMTP and PostgreSQL."""

import asyncio
from typing import Any

import pytest

from config.accounts import VERIFICATION_LIFETIME_S, VERIFICATIONS_PER_LIFETIME
from tests.server.routes.recovery.mail_user_service import (
    RESET_SUBJECT,
    VERIFICATION_SUBJECT,
    MailUserService,
    reset_token,
    verification_token,
)
from tests.server.routes.user_service import PASSWORD
from tests.smtp_server import ReceivedMail, SmtpServer

Database = Any
EMAIL = "ana@example.test"
VERIFIED = "SELECT email_verified_at IS NOT NULL FROM users WHERE username = 'ana'"
BADGE = "SELECT verified FROM users WHERE username = 'ana'"


async def verification_mails(service: MailUserService, smtp_server: SmtpServer) -> list[ReceivedMail]:
    """Return all verification e-mails received."""
    await service.wait_until_idle()
    return smtp_server.with_subject(VERIFICATION_SUBJECT)


async def change_email(service: MailUserService, token: str, email: str) -> None:
    await service.expect(200, "PATCH", "/v1/users/me", {"email": email, "current_password": PASSWORD}, token)


async def test_registration_sends_a_verification_link(
    service: MailUserService, smtp_server: SmtpServer, database: Database
) -> None:
    """The link verifies the address; the verified badge of moderators is independent."""
    await service.register("ana")
    (mail,) = await verification_mails(service, smtp_server)
    assert mail.recipient == EMAIL
    assert "Hi ana" in mail.text
    assert not await database.fetchval(VERIFIED)
    assert await service.verify_email(verification_token(mail)) == 204
    assert await database.fetchval(VERIFIED)
    assert not await database.fetchval(BADGE)


async def test_link_works_once(service: MailUserService, smtp_server: SmtpServer) -> None:
    """A second use is 404, also when used concurrently."""
    await service.register("ana")
    token = verification_token((await verification_mails(service, smtp_server))[0])
    statuses = await asyncio.gather(*(service.verify_email(token) for _ in range(6)))
    assert sorted(statuses) == [204] + [404] * 5
    problem = await service.expect_error(
        "email_verification.not_found", "PUT", f"/v1/email-verifications/{token}"
    )
    assert problem["status"] == 404


async def test_link_expires_after_half_an_hour(
    service: MailUserService, smtp_server: SmtpServer, database: Database
) -> None:
    """An expired link is 404; setting the address again sends a new one."""
    ana = await service.register("ana")
    token = verification_token((await verification_mails(service, smtp_server))[0])
    left = await database.fetchval("SELECT expires_at - now() FROM mail_tokens")
    assert abs(left.total_seconds() - VERIFICATION_LIFETIME_S) < 30
    await database.execute("UPDATE mail_tokens SET expires_at = now()")
    assert await service.verify_email(token) == 404
    await change_email(service, ana["token"], EMAIL)
    (_, again) = await verification_mails(service, smtp_server)
    assert await service.verify_email(verification_token(again)) == 204
    assert await database.fetchval(VERIFIED)


@pytest.mark.parametrize("token", ["x", "x" * 42, "x" * 44, "x" * 43, "%00" * 43, "é" * 43])
async def test_forged_links_are_not_found(service: MailUserService, token: str) -> None:
    """Any other token is 404."""
    assert await service.verify_email(token) == 404


async def test_changed_address_is_unverified(
    service: MailUserService, smtp_server: SmtpServer, database: Database
) -> None:
    """A change sends a link to the new address; the old link stops working."""
    ana = await service.register("ana")
    old = verification_token((await verification_mails(service, smtp_server))[0])
    assert await service.verify_email(old) == 204
    await change_email(service, ana["token"], "new@example.test")
    assert not await database.fetchval(VERIFIED)
    (_, mail) = await verification_mails(service, smtp_server)
    assert mail.recipient == "new@example.test"
    assert await service.verify_email(verification_token(mail)) == 204
    assert await database.fetchval(VERIFIED)


async def test_link_to_the_old_address_does_not_verify_the_new_one(
    service: MailUserService, smtp_server: SmtpServer, database: Database
) -> None:
    """Access to the old mailbox proves nothing about the new one."""
    ana = await service.register("ana")
    old = verification_token((await verification_mails(service, smtp_server))[0])
    await change_email(service, ana["token"], "new@example.test")
    assert await service.verify_email(old) == 404
    assert not await database.fetchval(VERIFIED)


async def test_change_of_case_requires_verification(
    service: MailUserService, smtp_server: SmtpServer, database: Database
) -> None:
    """Some mail servers distinguish case, so the address must be verified again."""
    ana = await service.register("ana")
    assert (
        await service.verify_email(verification_token((await verification_mails(service, smtp_server))[0]))
        == 204
    )
    await change_email(service, ana["token"], "Ana@example.test")
    assert not await database.fetchval(VERIFIED)
    assert [mail.recipient for mail in await verification_mails(service, smtp_server)] == [
        EMAIL,
        "Ana@example.test",
    ]


async def test_other_profile_changes_keep_the_verification(
    service: MailUserService, smtp_server: SmtpServer, database: Database
) -> None:
    """Also setting the same address again, which sends no e-mail."""
    ana = await service.register("ana")
    await change_email(service, ana["token"], EMAIL)
    (mail,) = await verification_mails(service, smtp_server)
    assert await service.verify_email(verification_token(mail)) == 204
    await service.expect(200, "PATCH", "/v1/users/me", {"bio": "hello", "username": "ana"}, ana["token"])
    await change_email(service, ana["token"], EMAIL)
    assert len(await verification_mails(service, smtp_server)) == 1
    assert await database.fetchval(VERIFIED)


async def test_concurrent_change_and_link_do_not_verify_the_new_address(
    service: MailUserService, smtp_server: SmtpServer, database: Database
) -> None:
    """In either order, only the old address was verified."""
    ana = await service.register("ana")
    for number in range(VERIFICATIONS_PER_LIFETIME - 1):
        token = verification_token((await verification_mails(service, smtp_server))[-1])
        await asyncio.gather(
            service.verify_email(token), change_email(service, ana["token"], f"new{number}@example.test")
        )
        assert not await database.fetchval(VERIFIED)


async def test_number_of_addresses_per_account_is_limited(
    service: MailUserService, smtp_server: SmtpServer
) -> None:
    """Repeated changes do not make the server send e-mail to many addresses."""
    ana = await service.register("ana")
    for number in range(VERIFICATIONS_PER_LIFETIME + 5):
        await change_email(service, ana["token"], f"new{number}@example.test")
        await service.wait_until_idle()
    assert len(await verification_mails(service, smtp_server)) == VERIFICATIONS_PER_LIFETIME


async def test_rejected_change_sends_no_mail(service: MailUserService, smtp_server: SmtpServer) -> None:
    """An address that is taken gets no e-mail."""
    ana, _ = await service.register("ana"), await service.register("ben")
    await verification_mails(service, smtp_server)
    body = {"email": "BEN@example.test", "current_password": PASSWORD}
    await service.expect_error("user.email_taken", "PATCH", "/v1/users/me", body, ana["token"])
    again = {"email": EMAIL, "username": "eva", "password": "a good password"}
    await service.expect_error("user.email_taken", "POST", "/v1/users", again)
    assert len(await verification_mails(service, smtp_server)) == 2


async def test_registration_does_not_wait_for_the_mail_server(
    service: MailUserService, smtp_server: SmtpServer
) -> None:
    """Registration works while SMTP is down; the e-mail is sent later."""
    await smtp_server.close()
    ana = await service.register("ana")
    await service.expect(200, "GET", "/v1/users/me", token=ana["token"])
    await smtp_server.open()
    assert len(await verification_mails(service, smtp_server)) == 1


async def test_link_types_are_not_interchangeable(
    service: MailUserService, smtp_server: SmtpServer, database: Database
) -> None:
    """A verification link does not reset a password, nor the reverse."""
    await service.register("ana")
    verification = verification_token((await verification_mails(service, smtp_server))[0])
    await service.request_reset(EMAIL)
    await service.wait_until_idle()
    reset = reset_token(smtp_server.with_subject(RESET_SUBJECT)[-1])
    assert await service.reset_password(verification) == 404
    assert await service.verify_email(reset) == 404
    assert not await database.fetchval(VERIFIED)
    assert await service.reset_password(reset) == 204
    assert await service.verify_email(verification) == 204
