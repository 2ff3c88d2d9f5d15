"""Tests of logins: the text that one registered with logs in, and its equivalents do."""

import unicodedata

import pytest

from tests.server.routes.user_service import UserService

NFD = unicodedata.normalize("NFD", "zoé@exämple.test")


@pytest.mark.parametrize(
    ("registered", "others"),
    [
        ("u@xn--mller-kva.test", ["u@müller.test", "U@MÜLLER.test", "u@XN--MLLER-KVA.TEST"]),
        ("u@müller.test", ["u@xn--mller-kva.test"]),
        ("u@ｅｘａｍｐｌｅ.test", ["u@example.test", "u@EXAMPLE。test"]),
        (NFD, ["zoé@exämple.test", "zoé@xn--exmple-cua.test"]),
        ("Ana.Town@Example.Test", ["ana.town@example.test", "  ANA.TOWN@example.test\n"]),
    ],
)
async def test_login_with_the_text_of_the_registration(
    service: UserService, registered: str, others: list[str]
) -> None:
    """Unicode and punycode domains, full width, decomposed letters, case, and spaces around."""
    user_id = (await service.register("ana", email=registered))["user"]["id"]
    for login in (registered, *others, "ana", " ANA "):
        assert (await service.login(login))["user"]["id"] == user_id, login


@pytest.mark.parametrize("spelling", ["ＩＮＥＳ＿Ｋ", "ｉｎｅｓ_k", "İNES_K", "ineſ_\u212a", " Ines_K "])
async def test_usernames_log_in_folded(service: UserService, spelling: str) -> None:
    """In NFKC and full case folding: full width, a capital dotted I, a long s, the Kelvin sign."""
    user_id = (await service.register("ines_k"))["user"]["id"]
    assert (await service.login(spelling))["user"]["id"] == user_id


async def test_equivalent_addresses_are_taken(service: UserService) -> None:
    """One mailbox has one account."""
    await service.register("ana", email="u@xn--mller-kva.test")
    ben = {"email": "u@müller.test", "username": "ben", "password": "a good password"}
    await service.expect_error("user.email_taken", "POST", "/v1/users", ben)


@pytest.mark.parametrize(
    "login", ["", " ", "@", "ana@", "@example.test", "a" * 256, "ana\x00", "Ana\u200b", "аna"]
)
async def test_malformed_logins_are_wrong_credentials(service: UserService, login: str) -> None:
    """401, as for any unknown login."""
    await service.register("ana")
    body = {"login": login, "password": "a good password"}
    await service.expect_error("auth.invalid_credentials", "POST", "/v1/sessions", body)
