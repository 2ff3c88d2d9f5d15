"""Idempotency keys on every POST route that creates: a retry returns the first result."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from server.instance import Instance
from storage.embedded import StoreUrls
from tests.server.api_client import ApiClient
from tests.server.registered_users import PASSWORD, RegisteredUser, RegisteredUsers
from tests.server.running_instance import running_instance

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
TIMES = {"start_datetime": "2090-05-01T18:00:00Z", "end_datetime": "2090-05-01T20:00:00Z"}


@dataclass(frozen=True)
class CreateRoute:
    """A route, a valid body, the same body in another form, and a different body."""

    path: str
    status: int
    body: Json
    other: Json


TABLE = [
    CreateRoute("/v1/posts", 201, {"content": "x"}, {"content": "y"}),
    CreateRoute("/v1/posts", 201, {"content": "x", "event_id": "{event}"}, {"content": "x"}),
    CreateRoute("/v1/posts/{post}/comments", 201, {"content": "x"}, {"content": "y"}),
    CreateRoute(
        "/v1/events",
        201,
        {"title": "x", "capacity": 5, **TIMES},
        {"title": "x", "capacity": 6, **TIMES},
    ),
    CreateRoute("/v1/events/{event}/invites", 204, {"user_ids": ["{ben}"]}, {"user_ids": ["{eve}"]}),
    CreateRoute(
        "/v1/reports",
        202,
        {"kind": "post", "id": "{post}", "reason": "x"},
        {"kind": "post", "id": "{post}", "reason": "y"},
    ),
    CreateRoute(
        "/v1/conversations",
        201,
        {"type": "GROUP", "participants": ["{ben}"], "name": "x"},
        {"type": "GROUP", "participants": ["{ben}", "{eve}"], "name": "x"},
    ),
]


@dataclass(frozen=True)
class TwoServers:
    """Two servers and three users; the first has a post and an event."""

    api: ApiClient
    second_api: ApiClient
    instance: Instance
    ana: RegisteredUser
    ben: RegisteredUser
    eve: RegisteredUser
    placeholders: dict[str, str]

    async def create(
        self,
        key: str,
        path: str,
        body: Json,
        person: RegisteredUser | None = None,
        api: ApiClient | None = None,
    ) -> tuple[int, Json]:
        for word, replacement in self.placeholders.items():
            path = path.replace(f"{{{word}}}", replacement)
        status, response_body, _ = await (api or self.api).request(
            person or self.ana, "POST", path, fill_placeholders(body, self.placeholders), Idempotency_Key=key
        )
        return status, response_body


def fill_placeholders(value: Json, words: dict[str, str]) -> Json:
    if isinstance(value, str) and value.startswith("{"):
        return words[value[1:-1]]
    if isinstance(value, list):
        return [fill_placeholders(element, words) for element in value]
    if isinstance(value, dict):
        return {name: fill_placeholders(one, words) for name, one in value.items()}
    return value


def get_id(body: Json) -> Json:
    return body and body["id"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def servers(stores: StoreUrls, people: RegisteredUsers) -> AsyncIterator[TwoServers]:
    async with (
        running_instance(stores) as instance,
        running_instance(stores) as second,
        ApiClient(instance) as api,
        ApiClient(second) as there,
    ):
        ana, ben, eve = await people.register(3, instance)
        post, event = await api.post(ana), await api.event(ana)
        words = {"post": post["id"], "event": event["id"], "ben": ben.id, "eve": eve.id}
        yield TwoServers(api, there, instance, ana, ben, eve, words)


for_each_route = pytest.mark.parametrize("creating", TABLE, ids=lambda one: f"{one.path} {one.status}")


@for_each_route
async def test_retry_returns_the_first_response(creating: CreateRoute, servers: TwoServers) -> None:
    """The same status and body on every instance; field order does not matter."""
    key = uuid4().hex
    first = await servers.create(key, creating.path, creating.body)
    assert first[0] == creating.status, first
    turned = dict(reversed(creating.body.items()))
    assert await servers.create(key, creating.path, turned) == first
    assert await servers.create(key, creating.path, creating.body, api=servers.second_api) == first


@for_each_route
async def test_different_body_is_a_conflict(creating: CreateRoute, servers: TwoServers) -> None:
    """409 on every instance; retries of the first body still work."""
    key = uuid4().hex
    first = await servers.create(key, creating.path, creating.body)
    for api in (servers.api, servers.second_api):
        status, body = await servers.create(key, creating.path, creating.other, api=api)
        assert (status, body["code"]) == (409, "idempotency.conflict")
    assert await servers.create(key, creating.path, creating.body) == first


@for_each_route
async def test_concurrent_requests_create_one_object(creating: CreateRoute, servers: TwoServers) -> None:
    """Ten concurrent requests to two instances get one result."""
    key = uuid4().hex
    answers = await asyncio.gather(
        *(
            servers.create(key, creating.path, creating.body, api=api)
            for api in [servers.api, servers.second_api] * 5
        )
    )
    assert {status for status, _ in answers} == {creating.status}, answers
    assert len({get_id(body) for _, body in answers}) == 1


@for_each_route
async def test_key_is_scoped_to_the_user(creating: CreateRoute, servers: TwoServers) -> None:
    """The same key of another user creates another object."""
    key = uuid4().hex
    first = await servers.create(key, creating.path, creating.body)
    other_body = (
        creating.other
        if "/conversations" not in creating.path
        else {"type": "GROUP", "participants": ["{eve}"], "name": "x"}
    )
    status, body = await servers.create(key, creating.path, other_body, servers.ben)
    assert status == creating.status, body
    assert get_id(body) is None or get_id(body) != get_id(first[1])


@for_each_route
async def test_key_has_1_to_200_characters(creating: CreateRoute, servers: TwoServers) -> None:
    """Empty and longer keys are rejected; without the header requests are independent."""
    for key in ("", "k" * 201):
        status, body = await servers.create(key, creating.path, creating.body)
        assert (status, body["code"]) == (422, "request.invalid")
    key = uuid4().hex.ljust(200, "k")
    first = await servers.create(key, creating.path, creating.body)
    assert await servers.create(key, creating.path, creating.body) == first
    assert first[0] == creating.status


@for_each_route
async def test_rejected_request_leaves_the_key_unused(creating: CreateRoute, servers: TwoServers) -> None:
    """A valid request can use the same key."""
    key = uuid4().hex
    assert (await servers.create(key, creating.path, {}))[0] == 422
    assert (await servers.create(key, creating.path, creating.body))[0] == creating.status


@pytest.mark.parametrize(
    ("create", "body", "delete"),
    [
        ("/v1/posts", {"content": "x"}, "/v1/posts/{created}"),
        ("/v1/posts/{post}/comments", {"content": "x"}, "/v1/comments/{created}"),
        ("/v1/posts/{post}/comments", {"content": "x"}, "/v1/posts/{post}"),
        ("/v1/events", {"title": "x", "capacity": 5, **TIMES}, "/v1/events/{created}"),
        ("/v1/events/{event}/invites", {"user_ids": ["{ben}"]}, "/v1/events/{event}"),
        ("/v1/reports", {"kind": "post", "id": "{post}", "reason": "x"}, "/v1/posts/{post}"),
        (
            "/v1/conversations",
            {"type": "GROUP", "participants": ["{ben}"], "name": "x"},
            "/v1/conversations/{created}/participants/{ana}",
        ),
    ],
)
async def test_retry_after_deletion_returns_the_first_response(
    create: str, body: Json, delete: str, servers: TwoServers
) -> None:
    """On every instance, also when the object that held what was created is gone, and for no other user."""
    post, event = await servers.api.post(servers.ana), await servers.api.event(servers.ana)
    words = {"post": post["id"], "event": event["id"], "ben": servers.ben.id, "ana": servers.ana.id}
    key, path, filled = uuid4().hex, create, fill_placeholders(body, words)
    for word, value in words.items():
        path = path.replace(f"{{{word}}}", value)
        delete = delete.replace(f"{{{word}}}", value)
    first = await servers.create(key, path, filled)
    deleted = delete.replace("{created}", str(get_id(first[1])))
    assert (await servers.api.request(servers.ana, "DELETE", deleted))[0] in {200, 204}
    for api in (servers.api, servers.second_api):
        assert await servers.create(key, path, filled, api=api) == first
    other = await servers.create(key, path, filled, servers.eve)
    assert other[0] < 500
    assert other != first or first[1] is None


async def test_retry_of_a_direct_conversation_returns_the_first_status(
    servers: TwoServers, people: RegisteredUsers
) -> None:
    """201 with the key that created it, also at once and on the other instance; 200 with a later key."""
    ana, ben = await people.register(2, servers.instance)
    key, body = uuid4().hex, {"type": "DIRECT", "participants": [ben.id]}
    apis = [servers.api, servers.second_api] * 3
    answers = await asyncio.gather(
        *(servers.create(key, "/v1/conversations", body, ana, api) for api in apis)
    )
    answers.append(await servers.create(key, "/v1/conversations", body, ana))
    assert {status for status, _ in answers} == {201}
    later = uuid4().hex
    for api in (servers.api, servers.second_api):
        status, conversation = await servers.create(later, "/v1/conversations", body, ana, api)
        assert (status, conversation["id"]) == (200, answers[0][1]["id"])


async def test_not_found_leaves_the_key_unused(servers: TwoServers, people: RegisteredUsers) -> None:
    """First an unknown event, then an existing one."""
    key = uuid4().hex
    lost = {"content": "x", "event_id": str(uuid4())}
    assert (await servers.create(key, "/v1/posts", lost))[0] == 404
    assert (await servers.create(key, "/v1/posts", {"content": "x"}))[0] == 201


async def test_key_is_scoped_to_the_path(servers: TwoServers) -> None:
    """The same key creates a post, and a comment on each of two posts."""
    key, body = uuid4().hex, {"content": "x"}
    _, post = await servers.create(key, "/v1/posts", body)
    for path in ("/v1/posts/{post}/comments", f"/v1/posts/{post['id']}/comments"):
        assert (await servers.create(key, path, body))[0] == 201
    assert (await servers.api.get(servers.ana, f"/v1/posts/{post['id']}"))["comment_count"] == 1


async def test_retries_have_one_effect(servers: TwoServers, people: RegisteredUsers) -> None:
    """Afterwards there is one post, one comment, one group and one invitation."""
    ana, ben = await people.register(2, servers.instance)
    for _ in range(3):
        _, post = await servers.create("k", "/v1/posts", {"content": "x"}, ana)
        await servers.create("k", f"/v1/posts/{post['id']}/comments", {"content": "x"}, ana)
        group = {"type": "GROUP", "participants": [ben.id], "name": "x"}
        await servers.create("k", "/v1/conversations", group, ana)
        await servers.create("k", "/v1/events/{event}/invites", {"user_ids": [ben.id]}, ana)
    assert len((await servers.api.get(ana, f"/v1/users/{ana.id}/posts"))["items"]) == 1
    assert len((await servers.api.get(ana, f"/v1/posts/{post['id']}/comments"))["items"]) == 1
    assert len((await servers.api.get(ana, "/v1/conversations"))["items"]) == 1
    page = await servers.api.wait_for(ben, "/v1/notifications", lambda page: page["items"])
    assert [(item["type"], item["count"]) for item in page["items"]] == [("EVENT_INVITE", 1)]


async def test_retried_registration_is_the_same_user(servers: TwoServers) -> None:
    """With a new token each time; concurrent ones are one user, another password is a conflict."""
    name, key = f"u{uuid4().hex}", uuid4().hex
    body = {"email": f"{name}@example.test", "username": name, "password": PASSWORD}

    async def register(sent: Json, api: ApiClient = servers.api) -> tuple[int, Json]:
        status, response_body, _ = await api.request(None, "POST", "/v1/users", sent, Idempotency_Key=key)
        return status, response_body

    answers = await asyncio.gather(*(register(body, api) for api in [servers.api, servers.second_api] * 3))
    assert {status for status, _ in answers} == {201}, answers
    assert {response_body["user"]["id"] for _, response_body in answers} == {answers[0][1]["user"]["id"]}
    tokens = {response_body["token"] for _, response_body in answers}
    assert len(tokens) == len(answers)
    for token in tokens:
        me = await servers.api.get(RegisteredUser("", name, token), "/v1/users/me")
        assert me["id"] == answers[0][1]["user"]["id"]
    for other in (
        {**body, "password": "another password"},
        {**body, "display_name": "x"},
        {**body, "email": f"x{name}@example.test"},
    ):
        status, response_body = await register(other)
        assert (status, response_body["code"]) == (409, "idempotency.conflict"), response_body
    for length in (0, 201):
        sent = {**body, "username": f"{name[:40]}.{length}", "email": f"{length}{name}@example.test"}
        status, response_body, _ = await servers.api.request(
            None, "POST", "/v1/users", sent, Idempotency_Key="k" * length
        )
        assert (status, response_body["code"]) == (422, "request.invalid")
