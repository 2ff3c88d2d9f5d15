"""A new password by a link in a mail, over real HTTP, real SMTP and PostgreSQL."""

import asyncio
import io
import logging
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import structlog

from actors.accounts.tokens import new_token, hash_token
from config.accounts import RESET_LIFETIME_S, RESETS_PER_LIFETIME
from config.limits import Limits
from config.logs import configure_logs
from config.settings import LogSettings
from storage.postgres.pool import PostgresPool
from tests.post_office import Letter, PostOffice
from tests.server.routes.edge import PASSWORD
from tests.server.routes.recovery.house import NEW_PASSWORD, RESETS, House, reset_token
from tests.server.routes.recovery.late_sessions import LateSessions
from tests.until import until

Database = Any
EMAIL = "ana@example.test"
PATH = "/v1/password-resets"


async def resets(office: PostOffice, house: House) -> list[Letter]:
    """All letters of this kind that came."""
    await house.settled()
    return office.about(RESETS)


async def token_for(house: House, office: PostOffice, email: str = EMAIL) -> str:
    """Ask for a reset and read the link."""
    await house.ask_reset(email)
    return reset_token((await resets(office, house))[-1])


async def test_the_whole_way_by_mail(house: House, office: PostOffice) -> None:
    """A link comes by mail; the new password works, the old one and all sessions do not."""
    ana = await house.register("ana")
    other = await house.login("ana")
    for signed in (ana, other):
        await house.answer(200, "GET", "/v1/users/me", token=signed["token"])
    await house.ask_reset(EMAIL)
    (letter,) = await resets(office, house)
    assert letter.recipient == EMAIL
    assert letter.message.get_content_type() == "text/plain"
    assert "Hello ana" in letter.text
    assert "30 minutes" in letter.text
    assert await house.reset(reset_token(letter)) == 204
    for signed in (ana, other):
        await house.refused("auth.required", "GET", "/v1/users/me", token=signed["token"])
    assert len(house.revoked) == 2
    login = {"login": "ana", "password": PASSWORD}
    await house.refused("auth.invalid_credentials", "POST", "/v1/sessions", login)
    await house.login(EMAIL, NEW_PASSWORD)


async def test_nobody_elses_sessions_end(house: House, office: PostOffice) -> None:
    """A reset is about one user."""
    await house.register("ana")
    ben = await house.register("ben")
    assert await house.reset(await token_for(house, office)) == 204
    await house.answer(200, "GET", "/v1/users/me", token=ben["token"])
    await house.login("ben")


async def test_link_works_once(house: House, office: PostOffice) -> None:
    """The second use is 404, and the password is that of the first."""
    await house.register("ana")
    token = await token_for(house, office)
    assert await house.reset(token) == 204
    problem = await house.refused(
        "password_reset.not_found", "PUT", f"{PATH}/{token}", {"new_password": "another password"}
    )
    assert problem["status"] == 404
    await house.login("ana", NEW_PASSWORD)


async def test_link_used_many_times_at_once_works_once(house: House, office: PostOffice) -> None:
    """Of many who use it in the same moment one sets the password."""
    await house.register("ana")
    token = await token_for(house, office)
    words = [f"password number {number}" for number in range(8)]
    statuses = await asyncio.gather(*(house.reset(token, word) for word in words))
    assert sorted(statuses) == [204] + [404] * 7
    await house.login("ana", words[statuses.index(204)])


async def test_one_reset_ends_all_others(house: House, office: PostOffice) -> None:
    """Every link works until one of them is used; another's stay."""
    await house.register("ana")
    await house.register("ben")
    first = await token_for(house, office)
    bens = await token_for(house, office, "ben@example.test")
    second = await token_for(house, office)
    assert await house.reset(first) == 204
    assert await house.reset(second, "another password") == 404
    assert await house.reset(bens) == 204
    await house.login("ana", NEW_PASSWORD)


async def test_two_links_used_at_once_set_one_password(house: House, office: PostOffice) -> None:
    """Whichever link is first ends the other, also when both are used in the same moment."""
    await house.register("ana")
    tokens = [await token_for(house, office), await token_for(house, office)]
    statuses = await asyncio.gather(*(house.reset(one, f"password {one}") for one in tokens))
    assert sorted(statuses) == [204, 404]
    await house.login("ana", f"password {tokens[statuses.index(204)]}")


async def test_link_lives_thirty_minutes(house: House, office: PostOffice, database: Database) -> None:
    """Past its time a link is as unknown as any."""
    await house.register("ana")
    token = await token_for(house, office)
    left = await database.fetchval("SELECT expires_at - now() FROM mail_tokens WHERE kind = 'reset'")
    assert RESET_LIFETIME_S == 1800
    assert abs(left.total_seconds() - RESET_LIFETIME_S) < 30
    await database.execute("UPDATE mail_tokens SET expires_at = now()")
    assert await house.reset(token) == 404
    await house.login("ana")


async def test_unknown_address_gets_the_same_answer_and_no_mail(house: House, office: PostOffice) -> None:
    """Known, unknown, banned: one status, one body, one set of headers."""
    await house.register("ana")
    await house.register("ben")
    await house.moderation.ban("ben")
    looks = set()
    for email in (EMAIL, "nobody@example.test", "ben@example.test", "ANA@Example.TEST"):
        response = await house.ask("POST", PATH, {"email": email})
        looks.add((response.status, await response.text(), frozenset(response.headers) - {"Date"}))
    assert len(looks) == 1
    assert next(iter(looks))[:2] == (202, "")
    assert [letter.recipient for letter in await resets(office, house)] == [EMAIL, EMAIL]
    assert "nobody@example.test" not in office.recipients


async def test_answer_waits_for_no_store(house: House, database: Database) -> None:
    """Nothing that is done for a known address alone is done before the answer, so its time tells nothing."""
    await house.register("ana")
    await house.settled()
    transaction = database.transaction()
    await transaction.start()
    await database.execute("SELECT id FROM users FOR UPDATE")
    await house.ask_reset(EMAIL)
    assert house.password_recovery.statistics().pending == 1
    await transaction.rollback()
    await house.settled()


async def test_one_account_gets_few_mails(house: House, office: PostOffice, database: Database) -> None:
    """However often and from wherever it is asked, also at once; later there are mails again."""
    await house.register("ana")
    await asyncio.gather(*(house.ask_reset(EMAIL) for _ in range(20)))
    letters = await resets(office, house)
    assert len(letters) == RESETS_PER_LIFETIME
    assert await house.reset(reset_token(letters[0])) == 204
    await house.ask_reset(EMAIL)
    assert len(await resets(office, house)) == RESETS_PER_LIFETIME
    await database.execute("UPDATE mail_tokens SET expires_at = now()")
    await house.ask_reset(EMAIL)
    assert len(await resets(office, house)) == RESETS_PER_LIFETIME + 1
    assert await database.fetchval("SELECT count(*) FROM mail_tokens WHERE kind = 'reset'") == 1


@pytest.mark.parametrize("limits", [Limits(logins_per_s=1, logins_burst=3)])
async def test_asking_has_the_budget_of_logging_in(house: House) -> None:
    """Past the burst of an address it is 429, for addresses of nobody too."""
    for _ in range(3):
        await house.ask_reset("nobody@example.test")
    await house.refused("rate.limited", "POST", PATH, {"email": EMAIL})
    await house.refused("rate.limited", "PUT", f"{PATH}/x", {"new_password": NEW_PASSWORD})


async def test_link_to_an_old_address_is_worth_nothing(house: House, office: PostOffice) -> None:
    """Whoever reads the mail of an address that was given up does not get the account."""
    ana = await house.register("ana")
    token = await token_for(house, office)
    await house.answer(200, "PATCH", "/v1/users/me", {"email": "new@example.test"}, ana["token"])
    assert await house.reset(token) == 404
    assert await house.reset(await token_for(house, office, "new@example.test")) == 204


async def test_new_password_ends_links(house: House, office: PostOffice) -> None:
    """Who has set a password by the old one has no use for links that were asked for before."""
    ana = await house.register("ana")
    token = await token_for(house, office)
    change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    await house.answer(204, "PUT", "/v1/users/me/password", change, ana["token"])
    assert await house.reset(token, "another password") == 404
    await house.login("ana", NEW_PASSWORD)


async def test_faulty_password_leaves_the_link(house: House, office: PostOffice) -> None:
    """A password that is too short is 422; the link can be used again."""
    await house.register("ana")
    token = await token_for(house, office)
    for body, code in (
        ({"new_password": "short"}, "too_short"),
        ({}, "required"),
        ({"new_password": 8}, "type"),
    ):
        problem = await house.refused("request.invalid", "PUT", f"{PATH}/{token}", body)
        assert [(fault["field"], fault["code"]) for fault in problem["errors"]] == [("new_password", code)]
    assert await house.reset(token) == 204


@pytest.mark.parametrize("token", ["x", "x" * 42, "x" * 44, "x" * 43, "%00" * 43, "é" * 43, "x" * 42 + "%0A"])
async def test_made_up_links_are_not_found(house: House, token: str) -> None:
    """Whatever stands in the link, it is 404 and nothing else."""
    assert await house.reset(token) == 404


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
async def test_text_that_is_no_address_is_told(house: House, body: dict[str, Any], code: str) -> None:
    """A slip of the finger is told, by syntax alone."""
    problem = await house.refused("request.invalid", "POST", PATH, body)
    assert [(fault["field"], fault["code"]) for fault in problem["errors"]] == [("email", code)]


async def test_mail_server_that_was_away_gets_the_mail(house: House, office: PostOffice) -> None:
    """The answer does not wait for it; the mail comes once it is back, once."""
    await house.register("ana")
    await house.settled()
    await office.close()
    await house.ask_reset(EMAIL)
    await until(lambda: house.mail_queue.statistics().retries)
    await office.open()
    (letter,) = await resets(office, house)
    assert await house.reset(reset_token(letter)) == 204
    assert house.mail_queue.statistics().failed == 0


async def test_no_table_holds_a_token(house: House, office: PostOffice, database: Database) -> None:
    """A copy of the database opens nothing."""
    await house.register("ana")
    token = await token_for(house, office)
    dump = repr(await database.fetch("SELECT * FROM mail_tokens"))
    assert token not in dump
    assert str(hash_token(token)) in dump


@pytest.mark.parametrize("sessions_of", [LateSessions])
async def test_login_with_the_old_password_loses_to_the_reset(
    house: House, office: PostOffice, database: Database, sessions_of: Callable[[PostgresPool], LateSessions]
) -> None:
    """A login that was checked before and opened after a reset ends in nothing."""
    assert isinstance(house.sessions, LateSessions)
    await house.register("ana")
    token = await token_for(house, office)
    house.sessions.shut()
    body = {"login": "ana", "password": PASSWORD}
    late = asyncio.ensure_future(house.refused("auth.invalid_credentials", "POST", "/v1/sessions", body))
    await house.sessions.at_the_door.wait()
    assert await house.reset(token) == 204
    house.sessions.door.set()
    await late
    assert await database.fetchval("SELECT count(*) FROM user_sessions") == 0


async def test_no_log_shows_an_address_or_a_link(
    house: House, office: PostOffice, database: Database
) -> None:
    """All well, a mail refused in the server's own words, a store that fails: no line shows whose it is."""
    log = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logs(LogSettings(level="DEBUG", format="json"), log)
    try:
        await house.register("ana")
        token = await token_for(house, office)
        await house.reset(token)
        office.replies = ["450 4.2.1 <ana@example.test> later", "550 5.1.1 <ana@example.test> is unknown"]
        await house.ask_reset(EMAIL)
        await house.settled()
        await database.execute("ALTER TABLE mail_tokens RENAME TO elsewhere")
        await house.ask_reset(EMAIL)
        broken = await house.client.put(f"{PATH}/{new_token()}", json={"new_password": NEW_PASSWORD})
        assert broken.status == 500
        await house.settled()
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
        await database.execute("ALTER TABLE IF EXISTS elsewhere RENAME TO mail_tokens")
    # The mail server of the test shows everything; the log of accesses is one that `run.py` does not keep.
    lines = [msgspec.json.decode(line) for line in log.getvalue().splitlines()]
    said = [line for line in lines if line["logger"] not in {"mail.log", "mail.debug", "aiohttp.access"}]
    events = {(line["event"], line.get("reason")) for line in said}
    assert ("a mail was not sent", "SMTPRecipientsRefused 550") in events
    assert ("password resets: an errand failed", None) in events
    secrets = (token, str(hash_token(token)), EMAIL, "ana@", "#/reset", PASSWORD, NEW_PASSWORD)
    assert [line for line in said if any(secret in str(line) for secret in secrets)] == []
