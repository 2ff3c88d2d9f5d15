"""Tests of registration, profiles and user search over HTTP."""

import asyncio
import re
import uuid
from typing import Any

import pytest

from storage.contracts.users import ProfileChange
from tests.server.routes.user_service import PASSWORD, UserService, UserServiceStores

OWN_FIELDS = {"email", "role", "silenced_until"}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
REGISTRATION = {"email": "ana@example.test", "username": "ana", "password": PASSWORD}


async def test_registration_returns_user_and_working_token(service: UserService) -> None:
    """The response contains the user's own e-mail address."""
    signed = await service.register("Ana.B_1", display_name="  Ana  ")
    user = signed["user"]
    assert signed.keys() == {"user", "token", "expires_at"}
    assert user == {
        "id": user["id"],
        "username": "ana.b_1",
        "display_name": "Ana",
        "avatar_url": None,
        "verified": False,
        "bio": None,
        "private": False,
        "created_at": user["created_at"],
        "email": "Ana.B_1@example.test",
        "role": None,
        "silenced_until": None,
    }
    assert uuid.UUID(user["id"])
    assert MOMENT.fullmatch(user["created_at"])
    assert MOMENT.fullmatch(signed["expires_at"])
    assert await service.expect(200, "GET", "/v1/users/me", token=signed["token"]) == user


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"email": "ANA@EXAMPLE.test", "username": "other"}, "user.email_taken"),
        ({"email": "other@example.test", "username": "ANA"}, "user.username_taken"),
    ],
)
async def test_taken_names_are_rejected_ignoring_case(
    service: UserService, change: dict[str, str], code: str
) -> None:
    """409 names the one that is taken."""
    await service.register("ana")
    problem = await service.expect_error(code, "POST", "/v1/users", {**REGISTRATION, **change})
    assert problem["status"] == 409


async def test_race_for_a_username_has_one_winner(service: UserService) -> None:
    """Of many concurrent registrations in different cases one is 201, the rest 409."""
    names = ["ana", "ANA", "Ana", "aNa", "anA", "AnA"]
    responses = await asyncio.gather(
        *(
            service.request(
                "POST", "/v1/users", {**REGISTRATION, "email": f"{number}@example.test", "username": name}
            )
            for number, name in enumerate(names)
        )
    )
    assert sorted(response.status for response in responses) == [201] + [409] * (len(names) - 1)


BAD_FIELDS: list[tuple[dict[str, Any], str, str]] = [
    ({"email": "ana"}, "email", "invalid"),
    ({"email": "ana@"}, "email", "invalid"),
    ({"email": "ana@localhost"}, "email", "invalid"),
    ({"email": "a na@example.test"}, "email", "invalid"),
    ({"email": "ana@example.test\x00"}, "email", "invalid"),
    ({"email": "a" * 250 + "@example.test"}, "email", "too_long"),
    ({"email": 5}, "email", "type"),
    ({"email": None}, "email", "type"),
    ({"username": "an"}, "username", "too_short"),
    ({"username": "a" * 51}, "username", "too_long"),
    ({"username": "ana b"}, "username", "invalid"),
    ({"username": "ana-b"}, "username", "invalid"),
    ({"username": "änna"}, "username", "invalid"),
    ({"username": "\u212aana"}, "username", "invalid"),
    ({"username": "ana\n"}, "username", "invalid"),
    ({"username": ["ana"]}, "username", "type"),
    ({"password": "1234567"}, "password", "too_short"),
    ({"password": "x" * 129}, "password", "too_long"),
    ({"password": 12345678}, "password", "type"),
    ({"display_name": "x" * 101}, "display_name", "too_long"),
    ({"display_name": "a\nb"}, "display_name", "invalid"),
    ({"display_name": "a\x00b"}, "display_name", "invalid"),
    ({"display_name": 1.5}, "display_name", "type"),
]


@pytest.mark.parametrize(("change", "field", "code"), BAD_FIELDS)
@pytest.mark.parametrize("backing", [None])
async def test_invalid_field_is_named(
    service: UserService, change: dict[str, Any], field: str, code: str
) -> None:
    """422 names the field and the error, and no user is registered."""
    problem = await service.expect_error("request.invalid", "POST", "/v1/users", {**REGISTRATION, **change})
    assert problem["status"] == 422
    assert [(fault["field"], fault["code"]) for fault in problem["errors"]] == [(field, code)]
    assert await service.accounts._users.by_username("ana") is None


@pytest.mark.parametrize("backing", [None])
async def test_all_field_errors_are_reported_at_once(service: UserService) -> None:
    """Missing, mistyped and malformed fields are in one response."""
    body = {"email": 5, "username": "A!", "display_name": "x" * 101}
    problem = await service.expect_error("request.invalid", "POST", "/v1/users", body)
    assert {(fault["field"], fault["code"]) for fault in problem["errors"]} == {
        ("email", "type"),
        ("username", "too_short"),
        ("password", "required"),
        ("display_name", "too_long"),
    }


@pytest.mark.parametrize("backing", [None])
@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"null", b'"x"', b'{"email":"\xff"}', b"\x00", b'{"a":"\\ud800"}', b"[" * 50_000],
)
async def test_body_must_be_a_json_object(service: UserService, raw: bytes) -> None:
    """Anything else is 422, not 500."""
    response = await service.client.post("/v1/users", data=raw, headers={"Content-Type": "application/json"})
    problem = await response.json(content_type="application/problem+json")
    assert (response.status, problem["code"]) == (422, "request.invalid")
    assert problem["errors"]


@pytest.mark.parametrize("backing", [None])
async def test_bounds_are_inclusive_and_count_code_points(service: UserService) -> None:
    """The longest and shortest allowed values pass, whatever their size in bytes."""
    await service.register("a" * 50, password="\U0001f511" * 128, display_name="\U0001f600" * 100)
    await service.register("abc", password="\U0001f511" * 8, display_name="   ")
    await service.login("a" * 50, "\U0001f511" * 128)
    await service.login("ABC", "\U0001f511" * 8)


@pytest.mark.parametrize("backing", [None])
async def test_unknown_fields_are_ignored(service: UserService) -> None:
    """A newer client may send fields that this server does not know."""
    raw = b'{"email":"ana@example.test","username":"ana","password":"a good password","is_admin":true}'
    response = await service.client.post("/v1/users", data=raw, headers={"Content-Type": "application/json"})
    assert response.status == 201


async def test_profile_of_another_user_has_no_email(service: UserService) -> None:
    """Found by id and by name in any case and width, without private fields."""
    ana, ben = await service.register("ana"), await service.register("ben")
    by_id = await service.expect(200, "GET", f"/v1/users/{ben['user']['id']}", token=ana["token"])
    for name in ("BEN", "ＢＥＮ"):
        by_name = await service.expect(200, "GET", f"/v1/users/by-username/{name}", token=ana["token"])
        assert by_id == by_name
    expected = {key: value for key, value in ben["user"].items() if key not in OWN_FIELDS}
    counts = {"followers_count": 0, "following_count": 0, "posts_count": 0}
    assert by_id == {**expected, **counts, "relationship": None}


@pytest.mark.parametrize(
    "path",
    [
        "/v1/users/nobody",
        "/v1/users/00000000-0000-4000-8000-0000000000ff",
        "/v1/users/%00",
        "/v1/users/by-username/nobody",
        "/v1/users/by-username/%00%01",
        "/v1/users/by-username/" + "x" * 1000,
        "/v1/users/by-username/%F0%9F%98%80",
    ],
)
async def test_unknown_users_are_not_found(service: UserService, path: str) -> None:
    """404 `user.not_found`."""
    ana = await service.register("ana")
    assert (await service.expect_error("user.not_found", "GET", path, token=ana["token"]))["status"] == 404


async def test_own_profile_changes_at_once(service: UserService) -> None:
    """Every read after a PATCH returns its result."""
    ana = await service.register("ana", display_name="Ana")
    token = ana["token"]
    patch = {"bio": " line\nline ", "avatar_url": "https://example.test/a.png", "username": "Anna"}
    changed = await service.expect(200, "PATCH", "/v1/users/me", patch, token)
    assert (changed["bio"], changed["username"], changed["display_name"]) == ("line\nline", "anna", "Ana")
    assert await service.expect(200, "GET", "/v1/users/me", token=token) == changed
    cards = await service.expect(200, "GET", f"/v1/users?ids={changed['id']}", token=token)
    assert cards["items"][0]["username"] == "anna"
    assert (await service.accounts.load_cards([changed["id"]]))[changed["id"]].username == "anna"
    cleared = await service.expect(200, "PATCH", "/v1/users/me", {"bio": None, "display_name": " "}, token)
    assert (cleared["bio"], cleared["display_name"], cleared["username"]) == (None, None, "anna")
    assert await service.expect(200, "PATCH", "/v1/users/me", {}, token) == cleared


@pytest.mark.parametrize(
    ("patch", "code", "fields"),
    [
        ({"bio": "x" * 501, "avatar_url": "http://example.test/a"}, "request.invalid", {"bio", "avatar_url"}),
        ({"avatar_url": "https://"}, "request.invalid", {"avatar_url"}),
        ({"avatar_url": "https://u:p@example.test/a"}, "request.invalid", {"avatar_url"}),
        ({"avatar_url": "https://example.test/" + "a" * 500}, "request.invalid", {"avatar_url"}),
        ({"avatar_url": "https://example.test/a b"}, "request.invalid", {"avatar_url"}),
        ({"avatar_url": "javascript:alert(1)"}, "request.invalid", {"avatar_url"}),
        ({"avatar_url": "https://[::1"}, "request.invalid", {"avatar_url"}),
        ({"bio": "a\x00b"}, "request.invalid", {"bio"}),
        ({"username": None, "email": None}, "request.invalid", {"username", "email"}),
        ({"username": "ben"}, "user.username_taken", set()),
        ({"email": "BEN@example.test", "current_password": PASSWORD}, "user.email_taken", set()),
        ({"email": "eva@example.test"}, "auth.password_required", set()),
        (
            {"email": "eva@example.test", "current_password": "a bad password"},
            "auth.invalid_credentials",
            set(),
        ),
    ],
)
async def test_invalid_change_has_no_effect(
    service: UserService, patch: dict[str, Any], code: str, fields: set[str]
) -> None:
    """A rejected PATCH names the error and leaves the profile unchanged."""
    ana = await service.register("ana")
    await service.register("ben")
    problem = await service.expect_error(code, "PATCH", "/v1/users/me", patch, ana["token"])
    assert {fault["field"] for fault in problem.get("errors", [])} == fields
    assert await service.expect(200, "GET", "/v1/users/me", token=ana["token"]) == ana["user"]


async def test_search_pages_follow_their_links(service: UserService) -> None:
    """Following `next` returns every match once, in order."""
    ana = await service.register("ana")
    for number in range(5):
        await service.register(f"zoe{number}", display_name=f"Q {number}")
    met: list[str] = []
    path = "/v1/users?q=ZO&limit=2"
    while path:
        response = await service.request("GET", path, token=ana["token"])
        page = await response.json()
        met += [card["username"] for card in page["items"]]
        assert all(
            card.keys()
            == ana["user"].keys() - {"email", "bio", "created_at", "private", "role", "silenced_until"}
            for card in page["items"]
        )
        link = re.fullmatch(r'<([^>]+)>; rel="next"', response.headers.get("Link", ""))
        assert (link is None) == (page["next_cursor"] is None)
        path = link[1] if link else ""
    assert met == [f"zoe{number}" for number in range(5)]
    users = await service.expect(200, "GET", "/v1/users?q=q%203", token=ana["token"])
    assert [card["username"] for card in users["items"]] == ["zoe3"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "request.invalid"),
        ("?q=", "request.invalid"),
        ("?q=%20", "request.invalid"),
        ("?q=%00", "request.invalid"),
        ("?q=a", "request.invalid"),
        ("?q=%22%27%22%27", "request.invalid"),
        ("?q=" + "%20".join(f"w{number}" for number in range(9)), "request.invalid"),
        ("?q=" + "a" * 101, "request.invalid"),
        ("?q=an&limit=0", "request.invalid"),
        ("?q=an&limit=101", "request.invalid"),
        ("?q=an&limit=-1", "request.invalid"),
        ("?q=an&limit=x", "request.invalid"),
        ("?q=an&limit=%C2%B2", "request.invalid"),
        ("?q=an&limit=" + "1" * 5000, "request.invalid"),
        ("?q=an&cursor=", "cursor.invalid"),
        ("?q=an&cursor=x", "cursor.invalid"),
        ("?q=an&cursor=%00", "cursor.invalid"),
        ("?q=an&cursor=kqFhAQ", "cursor.invalid"),
        ("?q=an&cursor=kqEAoWI", "cursor.invalid"),
        ("?q=an&cursor=" + "k" * 5000, "cursor.invalid"),
        ("?ids=" + ",".join(str(number) for number in range(101)), "request.invalid"),
    ],
)
async def test_invalid_queries_are_rejected(service: UserService, query: str, code: str) -> None:
    """Limits out of range, forged cursors and too many ids are 422."""
    ana = await service.register("ana")
    assert (await service.expect_error(code, "GET", "/v1/users" + query, token=ana["token"]))["status"] == 422


async def test_cards_have_the_order_of_the_ids(service: UserService) -> None:
    """Unknown ids are omitted, repeated ones are returned once."""
    ana, ben = (await service.register("ana"))["user"], (await service.register("ben"))["user"]
    token = (await service.login("ana"))["token"]
    ids = ",".join([ben["id"], "nobody", ana["id"], ben["id"], str(uuid.uuid4()), ""])
    page = await service.expect(200, "GET", f"/v1/users?ids={ids}", token=token)
    assert [card["id"] for card in page["items"]] == [ben["id"], ana["id"]]
    assert page["next_cursor"] is None


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("password1", "too_common"),
        ("TrustNo1x", None),
        ("Ana Stasia", "matches_profile"),
        ("ANASTASIA", "matches_profile"),
        ("nobody@example.test", "matches_profile"),
    ],
)
async def test_weak_passwords_are_refused(service: UserService, password: str, code: str | None) -> None:
    """At registration and at a change, with the field."""
    body = {
        "email": "nobody@example.test",
        "username": "anastasia",
        "display_name": "ana stasia",
        "password": password,
    }
    if code is None:
        await service.expect(201, "POST", "/v1/users", body)
        return
    problem = await service.expect_error("request.invalid", "POST", "/v1/users", body)
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [("password", code)]
    ana = await service.expect(201, "POST", "/v1/users", {**body, "password": PASSWORD})
    change = {"current_password": PASSWORD, "new_password": password}
    problem = await service.expect_error(
        "request.invalid", "PUT", "/v1/users/me/password", change, ana["token"]
    )
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [("new_password", code)]


async def test_older_usernames_keep_working(service: UserService, user_stores: UserServiceStores) -> None:
    """An account whose name meets no rule of today logs in, and changes other fields."""
    ana = await service.register("ana")
    await user_stores.users.change(ana["user"]["id"], ProfileChange(username="bob."))
    signed = await service.login("bob.")
    for patch in ({"bio": "hello"}, {"bio": "again", "username": "bob."}):
        assert (await service.expect(200, "PATCH", "/v1/users/me", patch, signed["token"]))[
            "username"
        ] == "bob."
    problem = await service.expect_error(
        "request.invalid", "PATCH", "/v1/users/me", {"username": "ben."}, signed["token"]
    )
    assert [error["field"] for error in problem["errors"]] == ["username"]
