"""What moderators do, and what those whom it is done to see of it, over real HTTP and PostgreSQL."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from actors.protocol.errors import ApiError
from storage.contracts.moderation import ModerationStore
from storage.errors import Missing
from storage.postgres.moderation import PostgresModeration
from storage.postgres.pool import PostgresPool
from storage.postgres.sessions import PostgresSessions
from storage.records.moderation import ReportKind
from tests.post_office import PostOffice
from tests.server.routes.edge import PASSWORD
from tests.server.routes.recovery.house import NEW_PASSWORD, RESETS, House, reset_token
from tests.server.routes.recovery.late_sessions import LateSessions

Database = Any
LOGIN = {"login": "ana", "password": PASSWORD}


async def test_ban_ends_sessions_and_logins(house: House, database: Database) -> None:
    """No token works any more, and logging in looks as if the password was wrong."""
    ana, ben = await house.register("ana"), await house.register("ben")
    other = await house.login("ana")
    for signed in (ana, other, ben):
        await house.answer(200, "GET", "/v1/users/me", token=signed["token"])
    assert await house.moderation.ban("ANA") == 2
    for signed in (ana, other):
        await house.refused("auth.required", "GET", "/v1/users/me", token=signed["token"])
    assert len(house.revoked) == 2
    looks = set()
    for login, password in (("ana", PASSWORD), ("ana@example.test", PASSWORD), ("ben", "a bad password")):
        response = await house.ask("POST", "/v1/sessions", {"login": login, "password": password})
        problem = await response.json(content_type=None)
        del problem["request_id"]
        looks.add((response.status, tuple(sorted(problem.items())), frozenset(response.headers) - {"Date"}))
    assert len(looks) == 1
    assert next(iter(looks))[0] == 401
    await house.answer(200, "GET", "/v1/users/me", token=ben["token"])
    assert await database.fetchval("SELECT count(*) FROM user_sessions") == 1


async def test_ban_may_be_repeated_and_lifted(house: House, database: Database) -> None:
    """The moment of the first ban stays; after it is lifted the old sessions stay ended."""
    ana = await house.register("ana")
    assert await house.moderation.ban("ana") == 1
    since = await database.fetchval("SELECT banned_at FROM users")
    assert await house.moderation.ban("ana") == 0
    assert await database.fetchval("SELECT banned_at FROM users") == since
    await house.moderation.unban("Ana")
    await house.moderation.unban("ana")
    await house.refused("auth.required", "GET", "/v1/users/me", token=ana["token"])
    await house.login("ana")


async def test_ban_holds_for_password_resets(house: House, office: PostOffice) -> None:
    """A link from before is worth nothing, and no new one is sent."""
    await house.register("ana")
    await house.ask_reset("ana@example.test")
    await house.settled()
    token = reset_token(office.about(RESETS)[-1])
    await house.moderation.ban("ana")
    assert await house.reset(token) == 404
    await house.ask_reset("ana@example.test")
    await house.settled()
    assert len(office.about(RESETS)) == 1
    await house.moderation.unban("ana")
    await house.login("ana")
    assert await house.reset(token) == 204
    await house.login("ana", NEW_PASSWORD)


@pytest.mark.parametrize("sessions_of", [LateSessions])
async def test_login_under_way_loses_to_the_ban(
    house: House, database: Database, sessions_of: Callable[[PostgresPool], LateSessions]
) -> None:
    """A login whose password was checked before the ban gets no session after it."""
    assert isinstance(house.sessions, LateSessions)
    await house.register("ana")
    house.sessions.shut()
    late = asyncio.ensure_future(house.refused("auth.invalid_credentials", "POST", "/v1/sessions", LOGIN))
    await house.sessions.at_the_door.wait()
    await house.moderation.ban("ana")
    house.sessions.door.set()
    await late
    assert await database.fetchval("SELECT count(*) FROM user_sessions") == 0


async def test_no_session_is_opened_beside_a_ban(
    house: House, database: Database, users_pool: PostgresPool
) -> None:
    """However the two meet, the database holds no session of somebody banned."""
    ana = await house.register("ana")
    moderation: ModerationStore = PostgresModeration(users_pool)
    sessions = PostgresSessions(users_pool)
    for number in range(20):
        opened, _ = await asyncio.gather(
            sessions.open(ana["user"]["id"], f"{number:064d}", 60),
            moderation.ban("ana"),
            return_exceptions=True,
        )
        assert await database.fetchval("SELECT count(*) FROM user_sessions") == 0
        assert not isinstance(opened, Exception) or isinstance(opened, Missing)
        await moderation.unban("ana")


async def test_badge_is_given_and_taken(house: House) -> None:
    """The badge shows in the profile at once; giving it twice is as once."""
    ana = await house.register("ana")
    for _ in range(2):
        await house.moderation.verify("Ana")
    assert (await house.answer(200, "GET", "/v1/users/me", token=ana["token"]))["verified"]
    await house.moderation.unverify("ana")
    assert not (await house.answer(200, "GET", "/v1/users/me", token=ana["token"]))["verified"]


@pytest.mark.parametrize("username", ["nobody", "", "ana@example.test"])
async def test_nobody_is_told(house: House, username: str) -> None:
    """A slip in a name does nothing, and says so."""
    await house.register("ana")
    acts = (house.moderation.ban, house.moderation.unban, house.moderation.verify, house.moderation.unverify)
    for act in acts:
        with pytest.raises(ApiError) as refused:
            await act(username)
        assert refused.value.code == "user.not_found"


async def test_open_reports_page_by_page(house: House) -> None:
    """The oldest first, each once, whatever the limit; resolved ones are gone."""
    ana = await house.register("ana")
    for number in range(7):
        house.seen.add((ReportKind.POST, f"p{number}"))
        body = {"kind": "post", "id": f"p{number}", "reason": "Not nice."}
        await house.answer(202, "POST", "/v1/reports", body, ana["token"])
    first = await house.moderation.list_open_reports(None, 1)
    await house.moderation.resolve_report(first.items[0].id, "  It is nice.  ")
    met: list[str] = []
    key = None
    while True:
        page = await house.moderation.list_open_reports(key, 2)
        met += [report.target_id for report in page.items]
        key = page.next_key
        if key is None:
            break
    assert met == [f"p{number}" for number in range(1, 7)]


async def test_report_is_resolved_once_with_words(house: House, database: Database) -> None:
    """What was done is kept; a second time, an unknown id and no words are refused."""
    ana = await house.register("ana")
    house.seen.add((ReportKind.USER, "u1"))
    body = {"kind": "user", "id": "u1", "reason": "Not nice."}
    await house.answer(202, "POST", "/v1/reports", body, ana["token"])
    (report,) = (await house.moderation.list_open_reports(None, 10)).items
    for words in ("", "  ", "x" * 501):
        with pytest.raises(ApiError) as refused:
            await house.moderation.resolve_report(report.id, words)
        assert refused.value.code == "request.invalid"
    await house.moderation.resolve_report(report.id, " banned ")
    assert await database.fetchval("SELECT resolution FROM reports") == "banned"
    for report_id in (report.id, "no id", "00000000-0000-0000-0000-000000000000"):
        with pytest.raises(ApiError) as refused:
            await house.moderation.resolve_report(report_id, "banned")
        assert refused.value.code == "report.not_found"


async def test_hidden_post_is_the_owners_business(house: House) -> None:
    """Hiding goes through whoever owns posts; one that is not there is told."""
    house.posts.add("p1")
    await house.moderation.hide_post("p1")
    assert house.posts == set()
    with pytest.raises(ApiError) as refused:
        await house.moderation.hide_post("p1")
    assert refused.value.code == "post.not_found"
