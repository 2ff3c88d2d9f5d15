"""Every published route by role: anonymous, stranger, owner, and a user the owner has blocked."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import msgspec
import pytest
import pytest_asyncio

from run import Instance
from storage.embedded import StoreUrls
from tests.server.api_client import ApiClient
from tests.server.registered_users import PASSWORD, RegisteredUser, RegisteredUsers
from tests.server.running_instance import running_instance

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
TOMORROW = "2090-05-01T18:00:00Z"
EVENT = {"title": "x", "start_datetime": TOMORROW, "end_datetime": "2090-05-01T20:00:00Z", "capacity": 5}
UNKNOWN_TOKEN = "A" * 43


@dataclass(frozen=True)
class Row:
    """A request and its status for anonymous, stranger, owner and blocked.

    `{post}` and the like are created by the owner for each request. With `own_people` the request uses users
    of its own; `endless` is a response that does not end by itself.
    """

    method: str
    path: str
    statuses: tuple[int, int, int, int]
    body: Json = None
    fresh_users: bool = False
    streams: bool = False

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def operation(self) -> tuple[str, str]:
        path = self.path.split("?")[0].replace(UNKNOWN_TOKEN, "{}")
        return self.method, re.sub(r"\{\w+\}", "{}", path)


PUBLIC = (200, 200, 200, 200)
CREATED = (201, 201, 201, 201)
ANY_USER = (401, 200, 200, 200)
ANY_USER_EMPTY = (401, 204, 204, 204)
NOT_FOUND = (404, 404, 404, 404)
VISIBLE = (401, 200, 200, 404)
VISIBLE_EMPTY = (401, 204, 204, 404)
OWNER_ONLY = (401, 403, 204, 404)
MEMBERS = (401, 404, 200, 404)
MEMBERS_EMPTY = (401, 404, 204, 404)
TABLE = [
    Row(
        "POST",
        "/v1/users",
        CREATED,
        {"email": "{unique}@example.test", "username": "{unique}", "password": PASSWORD},
    ),
    Row("GET", "/v1/users?q=x", ANY_USER),
    Row("GET", "/v1/users/me", ANY_USER),
    Row("PATCH", "/v1/users/me", ANY_USER, {"bio": "x"}),
    Row("GET", "/v1/users/me/privacy", ANY_USER),
    Row("PATCH", "/v1/users/me/privacy", ANY_USER, {"invites": "everyone"}),
    Row("DELETE", "/v1/users/me", ANY_USER_EMPTY, fresh_users=True),
    Row(
        "PUT",
        "/v1/users/me/password",
        ANY_USER_EMPTY,
        {"current_password": PASSWORD, "new_password": "another password"},
        fresh_users=True,
    ),
    Row("GET", "/v1/users/{owner}", VISIBLE),
    Row("GET", "/v1/users/by-username/{owner_name}", VISIBLE),
    Row("PUT", "/v1/users/{owner}/follow", (401, 204, 422, 404), fresh_users=True),
    Row("DELETE", "/v1/users/{owner}/follow", ANY_USER_EMPTY, fresh_users=True),
    Row("PUT", "/v1/users/{owner}/block", (401, 204, 422, 204), fresh_users=True),
    Row("DELETE", "/v1/users/{owner}/block", ANY_USER_EMPTY, fresh_users=True),
    Row("GET", "/v1/users/{owner}/followers", VISIBLE),
    Row("GET", "/v1/users/{owner}/following", VISIBLE),
    Row("GET", "/v1/users/{owner}/stats", VISIBLE),
    Row("GET", "/v1/users/{owner}/posts", VISIBLE),
    Row("POST", "/v1/sessions", CREATED, {"login": "{owner_name}", "password": PASSWORD}),
    Row("GET", "/v1/sessions", ANY_USER),
    Row("DELETE", "/v1/sessions/current", ANY_USER_EMPTY, fresh_users=True),
    Row("DELETE", "/v1/sessions/{session}", MEMBERS_EMPTY),
    Row("POST", "/v1/password-resets", (202, 202, 202, 202), {"email": "nobody@example.test"}),
    Row("PUT", f"/v1/password-resets/{UNKNOWN_TOKEN}", NOT_FOUND, {"new_password": PASSWORD}),
    Row("PUT", f"/v1/email-verifications/{UNKNOWN_TOKEN}", NOT_FOUND),
    Row("POST", "/v1/posts", (401, 201, 201, 201), {"content": "x"}),
    Row("GET", "/v1/posts/{post}", VISIBLE),
    Row("DELETE", "/v1/posts/{post}", OWNER_ONLY),
    Row("PUT", "/v1/posts/{post}/like", VISIBLE_EMPTY),
    Row("DELETE", "/v1/posts/{post}/like", VISIBLE_EMPTY),
    Row("GET", "/v1/posts/{post}/likes", VISIBLE),
    Row("GET", "/v1/posts/{post}/comments", VISIBLE),
    Row("POST", "/v1/posts/{post}/comments", (401, 201, 201, 404), {"content": "x"}),
    Row("DELETE", "/v1/comments/{comment}", OWNER_ONLY),
    Row("GET", "/v1/feed", ANY_USER),
    Row("POST", "/v1/reports", (401, 202, 202, 404), {"kind": "post", "id": "{post}", "reason": "x"}),
    Row("POST", "/v1/events", (401, 201, 201, 201), EVENT),
    Row("GET", "/v1/events", ANY_USER),
    Row("GET", "/v1/events/{event}", VISIBLE),
    Row("PATCH", "/v1/events/{event}", (401, 403, 200, 404), {"title": "y"}),
    Row("DELETE", "/v1/events/{event}", OWNER_ONLY),
    Row("PUT", "/v1/events/{event}/rsvp", VISIBLE, {"status": "MAYBE"}),
    Row("DELETE", "/v1/events/{event}/rsvp", VISIBLE),
    Row("GET", "/v1/events/{event}/rsvps", VISIBLE),
    Row("POST", "/v1/events/{event}/invites", VISIBLE_EMPTY, {"user_ids": ["{other}"]}),
    Row("GET", "/v1/events/{event}/calendar.ics", VISIBLE),
    Row(
        "POST",
        "/v1/conversations",
        (401, 201, 422, 403),
        {"type": "DIRECT", "participants": ["{owner}"]},
        fresh_users=True,
    ),
    Row("GET", "/v1/conversations", ANY_USER),
    Row("GET", "/v1/conversations/requests", ANY_USER),
    Row("PUT", "/v1/conversations/requests/{requested}", MEMBERS_EMPTY),
    Row("DELETE", "/v1/conversations/requests/{requested}", MEMBERS_EMPTY),
    Row("GET", "/v1/conversations/{group}", MEMBERS),
    Row("PATCH", "/v1/conversations/{group}", MEMBERS, {"name": "y", "muted": True}),
    Row("GET", "/v1/conversations/{group}/participants", MEMBERS),
    Row("PUT", "/v1/conversations/{group}/participants/{other}", MEMBERS_EMPTY),
    Row("DELETE", "/v1/conversations/{group}/participants/{member}", MEMBERS_EMPTY),
    Row("GET", "/v1/conversations/{group}/messages", MEMBERS),
    Row(
        "POST",
        "/v1/conversations/{group}/messages",
        (401, 404, 201, 404),
        {"client_id": "{unique}", "content": "x"},
    ),
    Row("PATCH", "/v1/conversations/{group}/messages/{message}", MEMBERS, {"content": "y"}),
    Row("DELETE", "/v1/conversations/{group}/messages/{message}", MEMBERS_EMPTY),
    Row("PUT", "/v1/conversations/{group}/read", MEMBERS, {"seq": 1}),
    Row("GET", "/v1/conversations/{group}/changes", MEMBERS),
    Row("GET", "/v1/notifications", ANY_USER),
    Row("GET", "/v1/notifications/unread_count", ANY_USER),
    Row("PUT", "/v1/notifications/{notification}/read", MEMBERS_EMPTY),
    Row("PUT", "/v1/notifications/read", ANY_USER_EMPTY),
    Row("GET", "/v1/presence?user_ids={owner}", ANY_USER),
    Row("GET", "/v1/stream", ANY_USER, streams=True),
    Row("GET", "/v1/ws", (422, 422, 422, 422)),
    Row("GET", "/healthz", PUBLIC),
    Row("GET", "/readyz", PUBLIC),
    Row("GET", "/metrics", PUBLIC),
    Row("GET", "/openapi.json", PUBLIC),
    Row("GET", "/asyncapi.json", PUBLIC),
    Row("GET", "/docs", PUBLIC),
    Row("GET", "/docs/socket", PUBLIC),
]
DOCUMENTED_EXAMPLES = {
    "post": ("/v1/posts/{post}", "/v1/posts/{post}/comments"),
    "event": ("/v1/events/{event}", "/v1/events/{event}/rsvps"),
    "group": ("/v1/conversations/{group}",),
    "owner": ("/v1/users/{owner}", "/v1/users/{owner}/stats"),
}


@dataclass(frozen=True)
class Roles:
    """The owner has blocked `blocked`; `member` is in the owner's groups, `other` in none."""

    owner: RegisteredUser
    unrelated: RegisteredUser
    blocked: RegisteredUser
    other: RegisteredUser
    member: RegisteredUser


class AccessFixture:
    """A server, and users shared by all rows that do not change them."""

    def __init__(self, api: ApiClient, people: RegisteredUsers, instance: Instance) -> None:
        self.api = api
        self._users = people
        self._instance = instance
        self._shared_roles: Roles | None = None

    async def new_roles(self) -> Roles:
        cast = Roles(*await self._users.register(5, self._instance))
        await self.api.block(cast.owner, cast.blocked)
        return cast

    async def roles_for(self, row: Row) -> Roles:
        if row.fresh_users:
            return await self.new_roles()
        self._shared_roles = self._shared_roles or await self.new_roles()
        return self._shared_roles

    async def placeholders(self, roles: Roles, text: str) -> dict[str, str]:
        """Create the owner's objects that the request names."""
        api, owner = self.api, roles.owner
        words = {"owner_name": owner.username, "other": roles.other.id, "member": roles.member.id}
        words["unique"] = f"u{uuid4().hex}"
        if "{owner}" in text:
            words["owner"] = owner.id
        if "{post}" in text or "{comment}" in text:
            words["post"] = (await api.post(owner))["id"]
        if "{comment}" in text:
            words["comment"] = (await api.comment(owner, words["post"]))["id"]
        if "{event}" in text:
            words["event"] = (await api.event(owner))["id"]
        if "{group}" in text:
            words["group"] = (await api.group(owner, roles.member))["id"]
        if "{requested}" in text:
            # The owner left the group of another user, who adds the owner again.
            words["requested"] = (await api.group(roles.other, owner))["id"]
            member = f"/v1/conversations/{words['requested']}/participants/{owner.id}"
            await api.expect(204, owner, "DELETE", member)
            await api.expect(202, roles.other, "PUT", member)
        if "{message}" in text:
            words["message"] = (await api.send(owner, words["group"], "x"))["id"]
        if "{notification}" in text:
            await api.follow(roles.other, owner)
            page = await api.wait_for(owner, "/v1/notifications", lambda page: page["items"])
            words["notification"] = page["items"][0]["id"]
        if "{session}" in text:
            login = {"login": owner.username, "password": PASSWORD}
            await api.expect(201, None, "POST", "/v1/sessions", login)
            sessions = (await api.get(owner, "/v1/sessions"))["items"]
            words["session"] = next(session["id"] for session in sessions if not session["current"])
        return words

    async def examples(self, roles: Roles, placeholders: dict[str, str]) -> list[Json]:
        """Return the owner's objects as the owner sees them."""
        paths = [
            path
            for name in placeholders.keys() & DOCUMENTED_EXAMPLES.keys()
            for path in DOCUMENTED_EXAMPLES[name]
        ]
        objects = [await self.api.get(roles.owner, path.format(**placeholders)) for path in sorted(paths)]
        # The number of posts is updated asynchronously, so a change of it is not caused by this request.
        return [
            {**example, "posts_count": None} if "posts_count" in example else example for example in objects
        ]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def access(stores: StoreUrls, people: RegisteredUsers) -> AsyncIterator[AccessFixture]:
    async with running_instance(stores) as instance, ApiClient(instance) as api:
        yield AccessFixture(api, people, instance)


async def published(api: ApiClient) -> set[tuple[str, str]]:
    document = await api.get(None, "/openapi.json")
    return {
        (method.upper(), re.sub(r"\{\w+\}", "{}", path))
        for path, methods in document["paths"].items()
        for method in methods
        if method in {"get", "put", "post", "patch", "delete"}
    }


async def test_every_published_route_has_a_row(access: AccessFixture) -> None:
    """A new route needs a row that states who may use it."""
    assert await published(access.api) == {row.operation for row in TABLE}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
async def test_route_status_by_role(row: Row, access: AccessFixture) -> None:
    """401 without a token; strangers cannot change others' objects; the blocked find nothing."""
    body = msgspec.json.encode(row.body).decode() if row.body is not None else ""
    cast = await access.roles_for(row)
    for who, asker, status in zip(
        ("anonymous", "stranger", "owner", "blocked"),
        (None, cast.unrelated, cast.owner, cast.blocked),
        row.statuses,
        strict=True,
    ):
        words = await access.placeholders(cast, row.path + body)
        before = await access.examples(cast, words) if asker is not cast.owner else []
        sent = body
        for word, value in words.items():
            sent = sent.replace(f"{{{word}}}", value)
        actual_status, answer = await request_as(access.api, asker, row, row.path.format(**words), sent)
        assert actual_status == status, (who, answer)
        if status == 401:
            assert msgspec.json.decode(answer)["code"] == "auth.required"
        if status == 404:
            assert msgspec.json.decode(answer)["code"].endswith(".not_found")
        if status >= 400 and asker is not cast.owner:
            assert await access.examples(cast, words) == before, (who, "changed something")


async def request_as(
    api: ApiClient, asker: RegisteredUser | None, row: Row, path: str, body: str
) -> tuple[int, bytes]:
    if row.streams and asker is not None:
        headers = {"Authorization": f"Bearer {asker.token}"}
        async with api._session.get(api._root + path, headers=headers) as answer:
            return answer.status, b""
    status, response_body, headers = await api.request_bytes(
        asker, row.method, path, body.encode() or None, Content_Type="application/json"
    )
    assert status < 400 or headers["content-type"].startswith("application/problem+json"), (
        status,
        response_body,
    )
    return status, response_body
