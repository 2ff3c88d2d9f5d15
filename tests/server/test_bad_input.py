"""Invalid bodies for every route that takes one: rejected with the field, and never a 5xx."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from tests.server.owned_objects import OwnedObjects, assert_invalid_field, fill_placeholders
from tests.server.registered_users import PASSWORD

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
TIMES = {"start_datetime": "2090-05-01T18:00:00Z", "end_datetime": "2090-05-01T20:00:00.5+02:00"}
BODY_BYTES = 64 * 1024
BODY_WITH_IDS_BYTES = 256 * 1024


@dataclass(frozen=True)
class BodyRoute:
    """A route with a valid body, its status, and the required fields."""

    method: str
    path: str
    status: int
    body: dict[str, Json]
    required: tuple[str, ...]
    body_bytes_max: int = BODY_BYTES
    body_optional: bool = False

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


BODY_ROUTES = [
    BodyRoute(
        "POST",
        "/v1/users",
        201,
        {"email": "{unique}@example.test", "username": "{unique}", "password": PASSWORD, "display_name": "x"},
        ("email", "username", "password"),
    ),
    BodyRoute(
        "PATCH",
        "/v1/users/me",
        200,
        {
            "email": "{unique}@example.test",
            "username": "{unique}",
            "display_name": "x",
            "bio": "x",
            "avatar_url": "https://example.test/x.png",
            "current_password": PASSWORD,
        },
        (),
    ),
    BodyRoute(
        "PUT",
        "/v1/users/me/password",
        204,
        {"current_password": PASSWORD, "new_password": PASSWORD},
        ("current_password", "new_password"),
    ),
    BodyRoute(
        "POST",
        "/v1/sessions",
        201,
        {"login": "{other_name}", "password": PASSWORD},
        ("login", "password"),
    ),
    BodyRoute("POST", "/v1/password-resets", 202, {"email": "nobody@example.test"}, ("email",)),
    BodyRoute("PUT", "/v1/password-resets/unknown", 404, {"new_password": PASSWORD}, ("new_password",)),
    BodyRoute("POST", "/v1/posts", 201, {"content": "x", "event_id": "{event}"}, ("content",)),
    BodyRoute("POST", "/v1/posts/{post}/comments", 201, {"content": "x"}, ("content",)),
    BodyRoute("POST", "/v1/posts/{post}/repost", 201, {"content": "x"}, (), body_optional=True),
    BodyRoute("PATCH", "/v1/posts/{post}", 200, {"content": "x"}, ("content",)),
    BodyRoute(
        "POST",
        "/v1/reports",
        202,
        {"kind": "post", "id": "{post}", "reason": "x"},
        ("kind", "id", "reason"),
    ),
    BodyRoute(
        "POST",
        "/v1/admin/actions",
        201,
        {"type": "warn", "kind": "user", "id": "{other}", "reason": "x"},
        ("type", "kind", "id", "reason"),
    ),
    BodyRoute(
        "PUT",
        "/v1/admin/users/{stranger}/role",
        200,
        {"role": "moderator", "reason": "x"},
        ("reason",),
    ),
    BodyRoute(
        "POST",
        "/v1/appeals",
        404,
        {"action_id": "unknown", "content": "x"},
        ("action_id", "content"),
    ),
    BodyRoute(
        "POST",
        "/v1/account-appeals",
        401,
        {"login": "{other_name}", "password": PASSWORD, "content": "x"},
        ("login", "password", "content"),
    ),
    BodyRoute(
        "PUT",
        "/v1/admin/appeals/unknown/answer",
        404,
        {"accepted": True, "answer": "x"},
        ("accepted", "answer"),
    ),
    BodyRoute("POST", "/v1/admin/invite-codes", 201, {"uses": 1}, ()),
    BodyRoute("PUT", "/v1/admin/reports/unknown/resolution", 404, {"resolution": "x"}, ("resolution",)),
    BodyRoute(
        "POST",
        "/v1/events",
        201,
        {"title": "x", "description": "x", "category": "x", "capacity": 5, "approval": True, **TIMES},
        ("title", "start_datetime", "end_datetime"),
    ),
    BodyRoute(
        "PATCH",
        "/v1/events/{event}",
        200,
        {"title": "x", "description": "x", "category": "x", "capacity": 5, "approval": True, **TIMES},
        (),
    ),
    BodyRoute(
        "PUT",
        "/v1/events/{event}/rsvp",
        200,
        {"status": "GOING", "waitlist": True, "guests": 1, "reminders": [60]},
        ("status",),
    ),
    BodyRoute("POST", "/v1/events/{event}/announcements", 201, {"content": "x"}, ("content",)),
    BodyRoute(
        "POST", "/v1/events/{cancelled_event}/cancellation", 200, {"reason": "x"}, (), body_optional=True
    ),
    BodyRoute(
        "POST",
        "/v1/events/{event}/invites",
        204,
        {"user_ids": ["{other}"]},
        ("user_ids",),
        BODY_WITH_IDS_BYTES,
    ),
    BodyRoute(
        "POST",
        "/v1/conversations",
        201,
        {"type": "GROUP", "participants": ["{other}"], "name": "x"},
        ("type", "participants"),
        BODY_WITH_IDS_BYTES,
    ),
    BodyRoute(
        "PATCH",
        "/v1/conversations/{group}",
        200,
        {"name": "x", "admins": ["{self}"], "muted": False},
        (),
        BODY_WITH_IDS_BYTES,
    ),
    BodyRoute(
        "POST",
        "/v1/conversations/{group}/messages",
        201,
        {"client_id": "{unique}", "content": "x", "mentions": ["{other}"], "reply_to": "{message}"},
        ("client_id", "content"),
    ),
    BodyRoute("PATCH", "/v1/conversations/{group}/messages/{message}", 200, {"content": "x"}, ("content",)),
    BodyRoute("PUT", "/v1/conversations/{group}/read", 200, {"seq": 1}, ("seq",)),
]
NULLABLE = {"display_name", "bio", "avatar_url", "event_id", "description", "name", "reply_to"} | {
    "reason",
    "role",
    "guests",
    "reminders",
}


def wrong_values(value: Json) -> list[Json]:
    """Return values of other types that the field must not accept."""
    match value:
        case bool():
            return ["true", 1, [], {}]
        case int():
            return ["1", 1.5, True, [], {}]
        case [int(), *_]:
            return ["x", 1, {}, ["1"], [None], [[]]]
        case list():
            return ["x", 1, {}, [1], [None], [[]]]
        case _:
            return [1, True, [], {}]


@pytest.mark.parametrize("taking", BODY_ROUTES, ids=lambda one: one.name)
async def test_unknown_fields_are_ignored(taking: BodyRoute, owned: OwnedObjects) -> None:
    """A newer client may send fields that the server does not know."""
    body = {**taking.body, "surprise": {"deep": [1, None]}, "id": 7}
    if "id" in taking.body:
        body["id"] = taking.body["id"]
    status, response_body = await owned.request(taking.method, taking.path, body)
    assert status == taking.status, response_body


@pytest.mark.parametrize("taking", BODY_ROUTES, ids=lambda one: one.name)
async def test_wrong_type_is_rejected_with_its_field(taking: BodyRoute, owned: OwnedObjects) -> None:
    """422 for each field with another type, with null, or missing."""
    for field, value in taking.body.items():
        wrong = wrong_values(value) + ([] if field in NULLABLE and field not in taking.required else [None])
        for one in wrong:
            status, body = await owned.request(taking.method, taking.path, {**taking.body, field: one})
            assert status == 422, (field, one, body)
            assert_invalid_field(body, field)
    for field in taking.required:
        without = {name: value for name, value in taking.body.items() if name != field}
        status, body = await owned.request(taking.method, taking.path, without)
        assert status == 422, (field, body)
        assert_invalid_field(body, field)


@pytest.mark.parametrize("taking", BODY_ROUTES, ids=lambda one: one.name)
async def test_non_object_body_is_rejected(taking: BodyRoute, owned: OwnedObjects) -> None:
    """Invalid JSON, invalid UTF-8, truncated JSON, other JSON types and an empty body are 422."""
    path = fill_placeholders(taking.path, owned.placeholders)
    for sent in (
        b"{",
        b"\xff\xfe",
        b"[]",
        b'"words"',
        b"1",
        b"null",
        b"{}{}",
        b"[" * 30_000,
        b'{"surprise":' * 5_000,
        *(() if taking.body_optional else (None,)),
    ):
        status, body, headers = await owned.api.request_bytes(
            owned.owner, taking.method, path, sent, Content_Type="application/json"
        )
        assert headers["content-type"].startswith("application/problem+json"), (sent, body)
        assert status == 422, (sent and sent[:20], body)
        assert json.loads(body)["code"] == "request.invalid"


@pytest.mark.parametrize("taking", BODY_ROUTES, ids=lambda one: one.name)
async def test_too_large_body_is_rejected(taking: BodyRoute, owned: OwnedObjects) -> None:
    """413, with `Content-Length` or chunked."""
    path, large = fill_placeholders(taking.path, owned.placeholders), b" " * (taking.body_bytes_max + 1)
    status, body, _ = await owned.api.request_bytes(owned.owner, taking.method, path, large)
    assert (status, json.loads(body)["code"]) == (413, "request.too_large")

    async def parts() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 8192):
            yield large[start : start + 8192]

    headers = {"Authorization": f"Bearer {owned.owner.token}", "Content-Type": "application/json"}
    async with owned.api._session.request(
        taking.method, owned.api._root + path, data=parts(), headers=headers
    ) as answer:
        assert (answer.status, (await answer.json(content_type=None))["code"]) == (413, "request.too_large")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/posts", {}, "content"),
        ("/v1/posts/{post}/comments", {}, "content"),
        ("/v1/events", {"capacity": 5, "title": "x", **TIMES}, "title"),
        ("/v1/events", {"capacity": 5, "title": "x", **TIMES}, "description"),
        ("/v1/events", {"capacity": 5, "title": "x", **TIMES}, "category"),
        ("/v1/reports", {"kind": "post", "id": "{post}"}, "reason"),
        (
            "/v1/users",
            {"email": "{unique}@example.test", "username": "{unique}", "password": PASSWORD},
            "display_name",
        ),
    ],
)
async def test_unstorable_text_is_rejected(path: str, body: Json, field: str, owned: OwnedObjects) -> None:
    """NUL and an escaped lone surrogate are 422, and nothing is stored."""
    status, response_body = await owned.request("POST", path, {**body, field: "a\u0000b"})
    assert status == 422, response_body
    assert_invalid_field(response_body, field)
    sent = json.dumps(
        fill_placeholders({**body, field: "a\ud800b"}, {**owned.placeholders, "unique": f"u{uuid4().hex}"})
    )
    answer = await owned.api.request_bytes(
        owned.owner, "POST", fill_placeholders(path, owned.placeholders), sent.encode()
    )
    assert answer[0] == 422, answer
