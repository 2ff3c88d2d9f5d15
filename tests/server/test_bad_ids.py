"""Ids of objects that do not exist, in paths and bodies, and users new to an instance."""

from typing import Any
from uuid import uuid4

import pytest

from storage.embedded import StoreUrls
from tests.server.api_client import ApiClient
from tests.server.owned_objects import OwnedObjects
from tests.server.registered_users import PASSWORD, RegisteredUsers
from tests.server.running_instance import running_instance

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
PATH_IDS = [
    ("GET", "/v1/users/{bad}", "user", None),
    ("GET", "/v1/users/by-username/{bad}", "user", None),
    ("GET", "/v1/users/{bad}/followers", "user", None),
    ("GET", "/v1/users/{bad}/following", "user", None),
    ("GET", "/v1/users/{bad}/stats", "user", None),
    ("GET", "/v1/users/{bad}/posts", "user", None),
    ("PUT", "/v1/users/{bad}/follow", "user", None),
    ("PUT", "/v1/users/{bad}/mute", "user", {}),
    ("DELETE", "/v1/sessions/{bad}", "session", None),
    ("PUT", "/v1/password-resets/{bad}", "password_reset", {"new_password": PASSWORD}),
    ("PUT", "/v1/email-verifications/{bad}", "email_verification", None),
    ("DELETE", "/v1/email-changes/{bad}", "email_change", None),
    ("GET", "/v1/posts/{bad}", "post", None),
    ("DELETE", "/v1/posts/{bad}", "post", None),
    ("PUT", "/v1/posts/{bad}/like", "post", None),
    ("DELETE", "/v1/posts/{bad}/like", "post", None),
    ("GET", "/v1/posts/{bad}/likes", "post", None),
    ("GET", "/v1/posts/{bad}/comments", "post", None),
    ("POST", "/v1/posts/{bad}/comments", "post", {"content": "x"}),
    ("DELETE", "/v1/comments/{bad}", "comment", None),
    ("PUT", "/v1/comments/{bad}/like", "comment", None),
    ("DELETE", "/v1/comments/{bad}/like", "comment", None),
    ("GET", "/v1/comments/{bad}/likes", "comment", None),
    ("GET", "/v1/events/{bad}", "event", None),
    ("PATCH", "/v1/events/{bad}", "event", {"title": "x"}),
    ("DELETE", "/v1/events/{bad}", "event", None),
    ("PUT", "/v1/events/{bad}/rsvp", "event", {"status": "GOING"}),
    ("GET", "/v1/events/{bad}/rsvp", "event", None),
    ("DELETE", "/v1/events/{bad}/rsvp", "event", None),
    ("POST", "/v1/events/{bad}/cancellation", "event", {}),
    ("POST", "/v1/events/{bad}/announcements", "event", {"content": "x"}),
    ("GET", "/v1/events/{bad}/attendance.csv", "event", None),
    ("PUT", "/v1/events/{bad}/attendance/{other}", "event", {"code": "x"}),
    ("PUT", "/v1/events/{bad}/hosts/{other}", "event", None),
    ("PUT", "/v1/events/{event}/hosts/{bad}", "user", None),
    ("DELETE", "/v1/events/{bad}/hosts/{other}", "event", None),
    ("GET", "/v1/events/{bad}/requests", "event", None),
    ("PUT", "/v1/events/{bad}/requests/{other}", "event", None),
    ("PUT", "/v1/events/{event}/requests/{bad}", "rsvp_request", None),
    ("DELETE", "/v1/events/{bad}/requests/{other}", "event", None),
    ("DELETE", "/v1/events/{event}/requests/{bad}", "rsvp_request", None),
    ("GET", "/v1/events/{bad}/rsvps", "event", None),
    ("POST", "/v1/events/{bad}/invites", "event", {"user_ids": ["{other}"]}),
    ("GET", "/v1/events/{bad}/calendar.ics", "event", None),
    ("GET", "/v1/conversations/{bad}", "conversation", None),
    ("PATCH", "/v1/conversations/{bad}", "conversation", {"name": "x"}),
    ("GET", "/v1/conversations/{bad}/participants", "conversation", None),
    ("PUT", "/v1/conversations/{bad}/participants/{other}", "conversation", None),
    ("DELETE", "/v1/conversations/{bad}/participants/{other}", "conversation", None),
    ("PUT", "/v1/conversations/{group}/participants/{bad}", "user", None),
    ("DELETE", "/v1/conversations/{group}/participants/{bad}", "participant", None),
    ("GET", "/v1/conversations/{bad}/messages", "conversation", None),
    ("POST", "/v1/conversations/{bad}/messages", "conversation", {"client_id": "c", "content": "x"}),
    ("PATCH", "/v1/conversations/{group}/messages/{bad}", "message", {"content": "x"}),
    ("DELETE", "/v1/conversations/{group}/messages/{bad}", "message", None),
    ("PUT", "/v1/conversations/{bad}/read", "conversation", {"seq": 1}),
    ("GET", "/v1/conversations/{bad}/changes", "conversation", None),
    ("PUT", "/v1/notifications/{bad}/read", "notification", None),
]
BODY_IDS = [
    ("/v1/posts", "event", {"content": "x", "event_id": "{bad}"}),
    ("/v1/reports", "post", {"kind": "post", "id": "{bad}", "reason": "x"}),
    ("/v1/reports", "comment", {"kind": "comment", "id": "{bad}", "reason": "x"}),
    ("/v1/reports", "message", {"kind": "message", "id": "{bad}", "reason": "x"}),
    ("/v1/events/{event}/invites", "user", {"user_ids": ["{bad}"]}),
    ("/v1/conversations", "user", {"type": "DIRECT", "participants": ["{bad}"]}),
    ("/v1/conversations", "user", {"type": "GROUP", "participants": ["{other}", "{bad}"]}),
    (
        "/v1/conversations/{group}/messages",
        "message",
        {"client_id": "c", "content": "x", "reply_to": "{bad}"},
    ),
]


@pytest.mark.parametrize(("method", "path", "noun", "body"), PATH_IDS)
async def test_unknown_id_in_path_is_not_found(
    method: str, path: str, noun: str, body: Json, owned: OwnedObjects
) -> None:
    """404 with the object's code; well-formed, odd and absurd ids look the same."""
    for bad in (
        str(uuid4()),
        uuid4().hex[:24],
        "x",
        "0",
        "-1",
        "%00",
        "%F0%9F%98%80",
        "%FF",
        "a" * 300,
        "'%20OR%201=1--",
    ):
        status, response_body = await owned.request(method, path, body, bad=bad)
        assert (status, response_body["code"]) == (404, f"{noun}.not_found"), (bad, response_body)


@pytest.mark.parametrize(("path", "noun", "body"), BODY_IDS)
async def test_unknown_id_in_body_is_not_found(path: str, noun: str, body: Json, owned: OwnedObjects) -> None:
    """404 with the code of the object named in the body."""
    for bad in (str(uuid4()), "0123456789abcdef01234567", "x", "", "\u0000", "\U0001f600"):
        status, response_body = await owned.request("POST", path, body, bad=bad)
        assert (status, response_body["code"]) == (404, f"{noun}.not_found"), (bad, response_body)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v1/users/{bad}", None, 404),
        ("PUT", "/v1/users/{bad}/follow", None, 404),
        ("DELETE", "/v1/users/{bad}/follow", None, 204),
        ("PUT", "/v1/users/{bad}/mute", None, 404),
        ("DELETE", "/v1/users/{bad}/mute", None, 204),
        ("PUT", "/v1/users/{bad}/block", None, 204),
        ("DELETE", "/v1/users/{bad}/block", None, 204),
        ("POST", "/v1/reports", {"kind": "user", "id": "{bad}", "reason": "x"}, 202),
    ],
)
async def test_hidden_deleted_and_unknown_users_look_the_same(
    owned: OwnedObjects, people: RegisteredUsers, method: str, path: str, body: Json, status: int
) -> None:
    """No request tells whether a user has blocked the caller, was deleted, or never existed."""
    hidden, deleted = await people.register(2, owned.instance)
    await owned.api.block(hidden, owned.owner)
    # Known to the other services before, so that a 404 shows that they know of the deletion.
    await owned.api.get(owned.owner, f"/v1/users/{deleted.id}/stats")
    await owned.api.expect(204, deleted, "DELETE", "/v1/users/me", {"current_password": PASSWORD})
    # Other services learn of the deletion from its event.
    await owned.api.wait_for(owned.owner, f"/v1/users/{deleted.id}/stats", lambda _: True, status=404)
    answers = [
        await owned.request(method, path, body, bad=user_id)
        for user_id in (hidden.id, deleted.id, str(uuid4()))
    ]
    assert {code for code, _ in answers} == {status}
    assert len({str(answer.get("code") if answer else None) for _, answer in answers}) == 1
    for malformed in ("x", "%00", "a" * 300) if status != 404 and method != "DELETE" else ():
        assert (await owned.request(method, path, body, bad=malformed))[0] == 404


async def test_new_user_is_known_to_other_instances(
    owned: OwnedObjects, stores: StoreUrls, people: RegisteredUsers
) -> None:
    """A user registered on one instance is found on another at once."""
    async with running_instance(stores) as second, ApiClient(second) as there:
        for _ in range(2):
            (new,) = await people.register(1, owned.instance)
            await there.follow(owned.owner, new)
            assert (await there.get(new, f"/v1/users/{new.id}/stats"))["followers_count"] == 1
            followers = await there.get(owned.owner, f"/v1/users/{new.id}/followers")
            assert [card["id"] for card in followers["items"]] == [owned.owner.id]
            (new,) = await people.register(1, owned.instance)
            made = await there.post(new)
            assert made["author"]["username"] == new.username
            (new,) = await people.register(1, owned.instance)
            event, post = owned.placeholders["event"], owned.placeholders["post"]
            assert (await there.rsvp(new, event, "MAYBE"))["user"]["username"] == new.username
            (new,) = await people.register(1, owned.instance)
            assert (await there.comment(new, post))["author"]["username"] == new.username
            (new,) = await people.register(1, owned.instance)
            await there.expect(
                204, owned.owner, "POST", f"/v1/events/{event}/invites", {"user_ids": [new.id]}
            )
            (new,) = await people.register(1, owned.instance)
            assert (await there.direct(owned.owner, new))["member_count"] == 2
