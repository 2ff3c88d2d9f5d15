"""Tests of moderation and its effects, over HTTP and PostgreSQL."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from actors.protocol.errors import ApiError
from storage.contracts.moderation import ActionType, TargetKind
from storage.errors import Missing
from storage.postgres.pool import PostgresPool
from storage.postgres.sessions import PostgresSessions
from tests.moderation import act_on_user
from tests.server.routes.recovery.gated_sessions import GatedSessions
from tests.server.routes.recovery.mail_user_service import (
    NEW_PASSWORD,
    RESET_SUBJECT,
    MailUserService,
    reset_token,
)
from tests.server.routes.user_service import PASSWORD
from tests.smtp_server import SmtpServer

Database = Any
LOGIN = {"login": "ana", "password": PASSWORD}


async def test_ban_ends_sessions_and_logins(service: MailUserService, database: Database) -> None:
    """Tokens stop working. Who knows the password learns of the ban; others get the usual error."""
    ana, ben = await service.register("ana"), await service.register("ben")
    other = await service.login("ana")
    for signed in (ana, other, ben):
        await service.expect(200, "GET", "/v1/users/me", token=signed["token"])
    assert await service.moderation.ban("ANA") == 2
    for signed in (ana, other):
        await service.expect_error("auth.required", "GET", "/v1/users/me", token=signed["token"])
    assert len(service.revoked) == 2
    looks = set()
    for login in ("ana", "ana@example.test"):
        body = {"login": login, "password": PASSWORD}
        await service.expect_error("user.suspended", "POST", "/v1/sessions", body)
    for login, password in (("ana", "a bad password"), ("ben", "a bad password")):
        response = await service.request("POST", "/v1/sessions", {"login": login, "password": password})
        problem = await response.json(content_type=None)
        del problem["request_id"]
        looks.add((response.status, tuple(sorted(problem.items())), frozenset(response.headers) - {"Date"}))
    assert len(looks) == 1
    assert next(iter(looks))[0] == 401
    await service.expect(200, "GET", "/v1/users/me", token=ben["token"])
    assert await database.fetchval("SELECT count(*) FROM user_sessions") == 1


async def test_ban_may_be_repeated_and_lifted(service: MailUserService, database: Database) -> None:
    """A second ban keeps the time of the first; lifting it does not restore sessions."""
    ana = await service.register("ana")
    assert await service.moderation.ban("ana") == 1
    since = await database.fetchval("SELECT banned_at FROM users")
    assert await service.moderation.ban("ana") == 0
    assert await database.fetchval("SELECT banned_at FROM users") == since
    await service.moderation.unban("Ana")
    await service.moderation.unban("ana")
    await service.expect_error("auth.required", "GET", "/v1/users/me", token=ana["token"])
    await service.login("ana")


async def test_ban_applies_to_password_resets(service: MailUserService, smtp_server: SmtpServer) -> None:
    """Earlier links stop working, and no new one is sent."""
    await service.register("ana")
    await service.request_reset("ana@example.test")
    await service.wait_until_idle()
    token = reset_token(smtp_server.with_subject(RESET_SUBJECT)[-1])
    await service.moderation.ban("ana")
    assert await service.reset_password(token) == 404
    await service.request_reset("ana@example.test")
    await service.wait_until_idle()
    assert len(smtp_server.with_subject(RESET_SUBJECT)) == 1
    await service.moderation.unban("ana")
    await service.login("ana")
    assert await service.reset_password(token) == 204
    await service.login("ana", NEW_PASSWORD)


@pytest.mark.parametrize("sessions_of", [GatedSessions])
async def test_concurrent_login_loses_to_a_ban(
    service: MailUserService, database: Database, sessions_of: Callable[[PostgresPool], GatedSessions]
) -> None:
    """A login whose password was checked before the ban gets no session."""
    assert isinstance(service.sessions, GatedSessions)
    await service.register("ana")
    service.sessions.close_gate()
    late = asyncio.ensure_future(
        service.expect_error("auth.invalid_credentials", "POST", "/v1/sessions", LOGIN)
    )
    await service.sessions.waiting.wait()
    await service.moderation.ban("ana")
    service.sessions.gate.set()
    await late
    assert await database.fetchval("SELECT count(*) FROM user_sessions") == 0


@pytest.mark.parametrize("action", [ActionType.BAN, ActionType.SUSPEND])
async def test_no_session_survives_a_concurrent_ban(
    service: MailUserService, database: Database, users_pool: PostgresPool, action: ActionType
) -> None:
    """In any interleaving a banned or suspended user has no session."""
    ana = await service.register("ana")
    sessions = PostgresSessions(users_pool)
    for number in range(20):
        opened, _ = await asyncio.gather(
            sessions.open(ana["user"]["id"], f"{number:064d}", 60),
            act_on_user(users_pool, ana["user"]["id"], action),
            return_exceptions=True,
        )
        assert await database.fetchval("SELECT count(*) FROM user_sessions") == 0
        assert not isinstance(opened, Exception) or isinstance(opened, Missing)
        lifted = ActionType.UNBAN if action is ActionType.BAN else ActionType.UNSUSPEND
        await act_on_user(users_pool, ana["user"]["id"], lifted)


async def test_badge_is_given_and_taken(service: MailUserService) -> None:
    """The profile shows the badge at once; giving it is idempotent."""
    ana = await service.register("ana")
    for _ in range(2):
        await service.moderation.verify("Ana")
    assert (await service.expect(200, "GET", "/v1/users/me", token=ana["token"]))["verified"]
    await service.moderation.unverify("ana")
    assert not (await service.expect(200, "GET", "/v1/users/me", token=ana["token"]))["verified"]


@pytest.mark.parametrize("username", ["nobody", "", "ana@example.test"])
async def test_unknown_username_is_an_error(service: MailUserService, username: str) -> None:
    """An unknown name changes nothing and is reported."""
    await service.register("ana")
    acts = (
        service.moderation.ban,
        service.moderation.unban,
        service.moderation.verify,
        service.moderation.unverify,
    )
    for act in acts:
        with pytest.raises(ApiError) as refused:
            await act(username)
        assert refused.value.code == "user.not_found"


async def test_open_reports_are_paginated(service: MailUserService) -> None:
    """Oldest first, each once, for every limit; resolved reports are omitted."""
    ana = await service.register("ana")
    for number in range(7):
        service.visible_targets.add((TargetKind.POST, f"p{number}"))
        body = {"kind": "post", "id": f"p{number}", "reason": "Not nice."}
        await service.expect(202, "POST", "/v1/reports", body, ana["token"])
    first = await service.moderation.list_open_reports(None, 1)
    await service.moderation.resolve_report(first.items[0].id, "  It is nice.  ")
    met: list[str] = []
    key = None
    while True:
        page = await service.moderation.list_open_reports(key, 2)
        met += [report.target_id for report in page.items]
        key = page.next_key
        if key is None:
            break
    assert met == [f"p{number}" for number in range(1, 7)]


async def test_report_is_resolved_once_with_a_text(service: MailUserService, database: Database) -> None:
    """The resolution is stored; a second one, an unknown id and an empty text are rejected."""
    ana = await service.register("ana")
    service.visible_targets.add((TargetKind.USER, "u1"))
    body = {"kind": "user", "id": "u1", "reason": "Not nice."}
    await service.expect(202, "POST", "/v1/reports", body, ana["token"])
    (report,) = (await service.moderation.list_open_reports(None, 10)).items
    for words in ("", "  ", "x" * 501):
        with pytest.raises(ApiError) as refused:
            await service.moderation.resolve_report(report.id, words)
        assert refused.value.code == "request.invalid"
    await service.moderation.resolve_report(report.id, " banned ")
    assert await database.fetchval("SELECT resolution FROM reports") == "banned"
    for report_id in (report.id, "no id", "00000000-0000-0000-0000-000000000000"):
        with pytest.raises(ApiError) as refused:
            await service.moderation.resolve_report(report_id, "banned")
        assert refused.value.code == "report.not_found"


async def test_hiding_is_delegated_to_the_post_service(service: MailUserService) -> None:
    """A post that does not exist is reported."""
    ana = await service.register("ana")
    service.posts.add("p1", ana["user"]["id"])
    for _ in range(2):
        await service.moderation.hide_post("p1")
        assert service.posts.contents["p1"].is_hidden
    for _ in range(2):
        await service.moderation.restore_post("p1")
        assert not service.posts.contents["p1"].is_hidden
    with pytest.raises(ApiError) as refused:
        await service.moderation.hide_post("p2")
    assert refused.value.code == "post.not_found"
