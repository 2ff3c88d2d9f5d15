"""Tests of address changes: the password they need, the link to the old address, and undoing them."""

import asyncio
from typing import Any

import asyncpg
import pytest

from config.accounts import EMAIL_CHANGE_UNDO_S, EMAIL_CHANGES_PER_LIFETIME
from config.mail import MAIL_LIMITS, MailKind
from tests.server.routes.recovery.mail_user_service import (
    EMAIL_CHANGED_SUBJECT,
    NEW_PASSWORD,
    RESET_SUBJECT,
    VERIFICATION_SUBJECT,
    MailUserService,
    reset_token,
    undo_token,
    verification_token,
)
from tests.server.routes.user_service import PASSWORD
from tests.smtp_server import ReceivedMail, SmtpServer

Database = Any
ME = "/v1/users/me"
OLD, NEW = "ana@example.test", "new@example.test"
VERIFIED = "SELECT email_verified_at IS NOT NULL FROM users WHERE username = 'ana'"


async def change_email(service: MailUserService, token: str, email: str, password: str = PASSWORD) -> None:
    await service.expect(200, "PATCH", ME, {"email": email, "current_password": password}, token)


async def notices(service: MailUserService, smtp_server: SmtpServer) -> list[ReceivedMail]:
    """Return all e-mails received by old addresses."""
    await service.wait_until_idle()
    return smtp_server.with_subject(EMAIL_CHANGED_SUBJECT)


async def undo(service: MailUserService, token: str) -> int:
    return (await service.request("DELETE", f"/v1/email-changes/{token}")).status


async def test_change_needs_the_password(service: MailUserService, smtp_server: SmtpServer) -> None:
    """Without it 403, with a wrong one 401, and nothing changes; other fields need none."""
    ana = await service.register("ana")
    change = {"email": NEW, "bio": "hello"}
    problem = await service.expect_error("auth.password_required", "PATCH", ME, change, ana["token"])
    assert problem["status"] == 403
    wrong = {**change, "current_password": "a bad password"}
    problem = await service.expect_error("auth.invalid_credentials", "PATCH", ME, wrong, ana["token"])
    assert problem["status"] == 401
    assert await service.expect(200, "GET", ME, token=ana["token"]) == ana["user"]
    assert await notices(service, smtp_server) == []
    await service.expect(200, "PATCH", ME, {"bio": "hello"}, ana["token"])


async def test_old_address_can_undo_the_change(
    service: MailUserService, smtp_server: SmtpServer, database: Database
) -> None:
    """The address is back and verified, all sessions have ended, and a new password is asked for by mail."""
    ana = await service.register("ana")
    other = await service.login("ana")
    await change_email(service, other["token"], NEW)
    (mail,) = await notices(service, smtp_server)
    assert mail.recipient == OLD
    left = await database.fetchval("SELECT expires_at - now() FROM mail_tokens WHERE kind = 'email_change'")
    assert abs(left.total_seconds() - EMAIL_CHANGE_UNDO_S) < 30
    assert await undo(service, undo_token(mail)) == 204
    for token in (ana["token"], other["token"]):
        await service.expect_error("auth.required", "GET", ME, token=token)
    # Whoever changed the address knows the password.
    for login in (OLD, "ana"):
        await service.expect_error(
            "auth.invalid_credentials", "POST", "/v1/sessions", {"login": login, "password": PASSWORD}
        )
    await service.wait_until_idle()
    (reset,) = smtp_server.with_subject(RESET_SUBJECT)
    assert reset.recipient == OLD
    assert await service.reset_password(reset_token(reset)) == 204
    signed = await service.login(OLD, NEW_PASSWORD)
    assert signed["user"]["email"] == OLD
    assert await database.fetchval(VERIFIED)


async def test_change_is_undone_though_the_domain_was_blocked(
    service: MailUserService, smtp_server: SmtpServer, database: Database
) -> None:
    """Its owner takes back the account. Once the change cannot be undone, the address is refused."""
    ana = await service.register("ana")
    await change_email(service, ana["token"], "ana@other.test")
    (mail,) = await notices(service, smtp_server)
    await database.execute("INSERT INTO name_blocks (kind, value) VALUES ('email_domain', 'example.test')")
    change = {"email": NEW, "current_password": PASSWORD}
    await service.expect_error("request.invalid", "PATCH", ME, change, ana["token"])
    assert await undo(service, undo_token(mail)) == 204
    assert await database.fetchval("SELECT email FROM users WHERE username = 'ana'") == OLD
    assert await database.fetchval(VERIFIED)
    await database.execute("UPDATE users SET email = 'ana@other.test'")
    await database.execute("UPDATE mail_tokens SET expires_at = now()")
    with pytest.raises(asyncpg.UniqueViolationError):
        await database.execute("UPDATE users SET email = $1", OLD)


async def test_link_works_once(service: MailUserService, smtp_server: SmtpServer) -> None:
    """A second use is 404, also when used concurrently."""
    ana = await service.register("ana")
    await change_email(service, ana["token"], NEW)
    token = undo_token((await notices(service, smtp_server))[0])
    statuses = await asyncio.gather(*(undo(service, token) for _ in range(6)))
    assert sorted(statuses) == [204] + [404] * 5


@pytest.mark.parametrize(
    "invalidation",
    [
        "UPDATE mail_tokens SET expires_at = now()",
        "UPDATE users SET banned_at = now()",
        f"UPDATE users SET email = '{OLD}'",
        "DELETE FROM users",
    ],
)
async def test_invalid_links_are_not_found(
    service: MailUserService, smtp_server: SmtpServer, database: Database, invalidation: str
) -> None:
    """Expired, of a banned or deleted user, or with nothing to undo."""
    ana = await service.register("ana")
    await change_email(service, ana["token"], NEW)
    token = undo_token((await notices(service, smtp_server))[0])
    await database.execute(invalidation)
    assert await undo(service, token) == 404


async def test_links_of_other_kinds_do_not_undo(service: MailUserService, smtp_server: SmtpServer) -> None:
    """Nor does an undo link reset a password or verify an address."""
    ana = await service.register("ana")
    await change_email(service, ana["token"], NEW)
    token = undo_token((await notices(service, smtp_server))[0])
    verification = verification_token(smtp_server.with_subject(VERIFICATION_SUBJECT)[-1])
    assert await undo(service, verification) == 404
    assert await service.reset_password(token) == 404
    assert await service.verify_email(token) == 404
    assert await undo(service, token) == 204


async def test_older_link_beats_younger_ones(service: MailUserService, smtp_server: SmtpServer) -> None:
    """Whoever changed the address twice can not undo what the owner undid, but the owner can."""
    ana = await service.register("ana")
    await change_email(service, ana["token"], NEW)
    await change_email(service, ana["token"], "third@example.test")
    by_recipient = {mail.recipient: mail for mail in await notices(service, smtp_server)}
    older, younger = undo_token(by_recipient[OLD]), undo_token(by_recipient[NEW])
    assert await undo(service, older) == 204
    assert await undo(service, younger) == 404


async def test_younger_link_leaves_the_older_one_good(
    service: MailUserService, smtp_server: SmtpServer
) -> None:
    """The second address can not shut out the first."""
    ana = await service.register("ana")
    await change_email(service, ana["token"], NEW)
    await change_email(service, ana["token"], "third@example.test")
    by_recipient = {mail.recipient: mail for mail in await notices(service, smtp_server)}
    assert await undo(service, undo_token(by_recipient[NEW])) == 204
    assert await undo(service, undo_token(by_recipient[OLD])) == 204


async def test_old_address_is_reserved_while_the_change_can_be_undone(
    service: MailUserService, smtp_server: SmtpServer, database: Database
) -> None:
    """Nobody else can take it, or the change could not be undone. The user can have it back."""
    ana, ben = await service.register("ana"), await service.register("ben")
    await change_email(service, ana["token"], NEW)
    eva = {"email": "ANA@example.test", "username": "eva", "password": PASSWORD}
    await service.expect_error("user.email_taken", "POST", "/v1/users", eva)
    taken = {"email": OLD, "current_password": PASSWORD}
    await service.expect_error("user.email_taken", "PATCH", ME, taken, ben["token"])
    await change_email(service, ana["token"], OLD)
    await change_email(service, ana["token"], NEW)
    await service.wait_until_idle()
    await database.execute("UPDATE mail_tokens SET expires_at = now()")
    await service.expect(201, "POST", "/v1/users", eva)


async def test_changes_of_one_account_are_limited(service: MailUserService) -> None:
    """Past the limit of a day the change is 429, and is not made."""
    ana = await service.register("ana")
    for number in range(EMAIL_CHANGES_PER_LIFETIME):
        await change_email(service, ana["token"], f"new{number}@example.test")
    change = {"email": NEW, "current_password": PASSWORD}
    await service.expect_error("rate.limited", "PATCH", ME, change, ana["token"])
    email = (await service.expect(200, "GET", ME, token=ana["token"]))["email"]
    assert email == f"new{EMAIL_CHANGES_PER_LIFETIME - 1}@example.test"


async def test_mail_to_one_address_is_limited_over_accounts(
    service: MailUserService, smtp_server: SmtpServer, database: Database
) -> None:
    """Registering and deleting again and again does not flood an address; resets have their own budget."""
    for number in range(12):
        await service.register(f"ana{number}", email=["ana@example.test", "ANA@Example.Test"][number % 2])
        await service.wait_until_idle()
        if number < 11:
            await database.execute("DELETE FROM users")
    sent = smtp_server.with_subject(VERIFICATION_SUBJECT)
    assert len(sent) == MAIL_LIMITS[MailKind.VERIFICATION].burst
    await service.request_reset(OLD)
    await service.wait_until_idle()
    assert len(smtp_server.with_subject(RESET_SUBJECT)) == 1


async def test_verified_address_is_always_warned(
    service: MailUserService, smtp_server: SmtpServer, database: Database
) -> None:
    """Other users who use up the budget of an address do not silence the warning to its owner."""
    burst = MAIL_LIMITS[MailKind.EMAIL_CHANGE].burst
    for number in range(burst + 2):
        other = await service.register(f"other{number}", email=OLD)
        await change_email(service, other["token"], f"other{number}@example.test")
        await service.wait_until_idle()
        await database.execute("DELETE FROM users")
    assert len(await notices(service, smtp_server)) == burst
    ana = await service.register("ana")
    await service.wait_until_idle()
    await database.execute("UPDATE users SET email_verified_at = now()")
    await change_email(service, ana["token"], NEW)
    assert len(await notices(service, smtp_server)) == burst + 1
