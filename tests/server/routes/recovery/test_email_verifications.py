"""Whether an address is its user's, shown by a link, over real HTTP, real SMTP and PostgreSQL."""

import asyncio
from typing import Any

import pytest

from config.accounts import VERIFICATION_LIFETIME_S, VERIFICATIONS_PER_LIFETIME
from tests.post_office import Letter, PostOffice
from tests.server.routes.recovery.house import RESETS, VERIFICATIONS, House, reset_token, verification_token

Database = Any
EMAIL = "ana@example.test"
VERIFIED = "SELECT email_verified_at IS NOT NULL FROM users WHERE username = 'ana'"
BADGE = "SELECT verified FROM users WHERE username = 'ana'"


async def letters(house: House, office: PostOffice) -> list[Letter]:
    """All letters of this kind that came."""
    await house.settled()
    return office.about(VERIFICATIONS)


async def change_email(house: House, token: str, email: str) -> None:
    await house.answer(200, "PATCH", "/v1/users/me", {"email": email}, token)


async def test_registration_sends_a_link_that_verifies(
    house: House, office: PostOffice, database: Database
) -> None:
    """The address is verified by the link in its mail; the badge of moderators is another thing."""
    await house.register("ana")
    (letter,) = await letters(house, office)
    assert letter.recipient == EMAIL
    assert "Hello ana" in letter.text
    assert not await database.fetchval(VERIFIED)
    assert await house.verify(verification_token(letter)) == 204
    assert await database.fetchval(VERIFIED)
    assert not await database.fetchval(BADGE)


async def test_link_works_once(house: House, office: PostOffice) -> None:
    """The second use is 404; so are many at once but one."""
    await house.register("ana")
    token = verification_token((await letters(house, office))[0])
    statuses = await asyncio.gather(*(house.verify(token) for _ in range(6)))
    assert sorted(statuses) == [204] + [404] * 5
    problem = await house.refused("email_verification.not_found", "PUT", f"/v1/email-verifications/{token}")
    assert problem["status"] == 404


async def test_link_lives_three_days(house: House, office: PostOffice, database: Database) -> None:
    """Past its time it is as unknown as any; naming the address again brings another."""
    ana = await house.register("ana")
    token = verification_token((await letters(house, office))[0])
    left = await database.fetchval("SELECT expires_at - now() FROM mail_tokens")
    assert abs(left.total_seconds() - VERIFICATION_LIFETIME_S) < 30
    await database.execute("UPDATE mail_tokens SET expires_at = now()")
    assert await house.verify(token) == 404
    await change_email(house, ana["token"], EMAIL)
    (_, again) = await letters(house, office)
    assert await house.verify(verification_token(again)) == 204
    assert await database.fetchval(VERIFIED)


@pytest.mark.parametrize("token", ["x", "x" * 42, "x" * 44, "x" * 43, "%00" * 43, "é" * 43])
async def test_made_up_links_are_not_found(house: House, token: str) -> None:
    """Whatever stands in the link, it is 404 and nothing else."""
    assert await house.verify(token) == 404


async def test_another_address_is_not_verified_yet(
    house: House, office: PostOffice, database: Database
) -> None:
    """A change clears it and sends a link to the new address; the old link is worth nothing."""
    ana = await house.register("ana")
    old = verification_token((await letters(house, office))[0])
    assert await house.verify(old) == 204
    await change_email(house, ana["token"], "new@example.test")
    assert not await database.fetchval(VERIFIED)
    (_, letter) = await letters(house, office)
    assert letter.recipient == "new@example.test"
    assert await house.verify(verification_token(letter)) == 204
    assert await database.fetchval(VERIFIED)


async def test_link_to_an_old_address_verifies_no_new_one(
    house: House, office: PostOffice, database: Database
) -> None:
    """Whoever reads the old address says nothing about the new one."""
    ana = await house.register("ana")
    old = verification_token((await letters(house, office))[0])
    await change_email(house, ana["token"], "new@example.test")
    assert await house.verify(old) == 404
    assert not await database.fetchval(VERIFIED)


async def test_address_in_another_case_is_another(
    house: House, office: PostOffice, database: Database
) -> None:
    """Some mailboxes know the difference, so the proof is asked for again."""
    ana = await house.register("ana")
    assert await house.verify(verification_token((await letters(house, office))[0])) == 204
    await change_email(house, ana["token"], "Ana@example.test")
    assert not await database.fetchval(VERIFIED)
    assert [letter.recipient for letter in await letters(house, office)] == [EMAIL, "Ana@example.test"]


async def test_other_changes_leave_it(house: House, office: PostOffice, database: Database) -> None:
    """A profile may change, and the same address be named again, without a mail or a loss."""
    ana = await house.register("ana")
    await change_email(house, ana["token"], EMAIL)
    (letter,) = await letters(house, office)
    assert await house.verify(verification_token(letter)) == 204
    await house.answer(200, "PATCH", "/v1/users/me", {"bio": "hello", "username": "ana"}, ana["token"])
    await change_email(house, ana["token"], EMAIL)
    assert len(await letters(house, office)) == 1
    assert await database.fetchval(VERIFIED)


async def test_change_beside_the_link_never_verifies_the_new_address(
    house: House, office: PostOffice, database: Database
) -> None:
    """Whichever of the two is first, what was proven was the old address."""
    ana = await house.register("ana")
    for number in range(VERIFICATIONS_PER_LIFETIME - 1):
        token = verification_token((await letters(house, office))[-1])
        await asyncio.gather(
            house.verify(token), change_email(house, ana["token"], f"new{number}@example.test")
        )
        assert not await database.fetchval(VERIFIED)


async def test_one_account_writes_to_few_addresses(house: House, office: PostOffice) -> None:
    """Changing the address on and on does not make the server write to everybody."""
    ana = await house.register("ana")
    for number in range(VERIFICATIONS_PER_LIFETIME + 5):
        await change_email(house, ana["token"], f"new{number}@example.test")
        await house.settled()
    assert len(await letters(house, office)) == VERIFICATIONS_PER_LIFETIME


async def test_refused_change_sends_nothing(house: House, office: PostOffice) -> None:
    """An address that is taken gets no mail by it."""
    ana, _ = await house.register("ana"), await house.register("ben")
    await letters(house, office)
    body = {"email": "BEN@example.test"}
    await house.refused("user.email_taken", "PATCH", "/v1/users/me", body, ana["token"])
    again = {"email": EMAIL, "username": "eva", "password": "a good password"}
    await house.refused("user.email_taken", "POST", "/v1/users", again)
    assert len(await letters(house, office)) == 2


async def test_registration_waits_for_no_mail_server(house: House, office: PostOffice) -> None:
    """Registering works while mail does not, and the mail follows."""
    await office.close()
    ana = await house.register("ana")
    await house.answer(200, "GET", "/v1/users/me", token=ana["token"])
    await office.open()
    assert len(await letters(house, office)) == 1


async def test_links_are_for_one_thing(house: House, office: PostOffice, database: Database) -> None:
    """A link that verifies sets no password, and the other way round."""
    await house.register("ana")
    verification = verification_token((await letters(house, office))[0])
    await house.ask_reset(EMAIL)
    await house.settled()
    reset = reset_token(office.about(RESETS)[-1])
    assert await house.reset(verification) == 404
    assert await house.verify(reset) == 404
    assert not await database.fetchval(VERIFIED)
    assert await house.reset(reset) == 204
    assert await house.verify(verification) == 204
