"""Every conversation route by role: an invisible conversation does not exist."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers

Json = Any
ROOT = "/v1/conversations"
ROLES = ["admin", "member", "stranger", "former", "anonymous"]


@dataclass(frozen=True)
class Row:
    """A request and the status for each of `WHO`; `{id}`, `{other}`, `{new}` and `{self}` are filled in."""

    method: str
    path: str
    statuses: tuple[int, int, int, int, int]
    body: Json = None


OPEN_TO_MEMBERS = (200, 200, 404, 404, 401)
ADMIN_ONLY = (200, 403, 404, 404, 401)
TABLE = [
    Row("GET", "", OPEN_TO_MEMBERS),
    Row("PATCH", "", ADMIN_ONLY, {"name": "renamed"}),
    Row("PATCH", "", ADMIN_ONLY, {"admins": ["{admin}", "{other}"]}),
    Row("PATCH", "", ADMIN_ONLY, {"name": "renamed", "muted": True}),
    Row("PATCH", "", OPEN_TO_MEMBERS, {"muted": True}),
    Row("PATCH", "", OPEN_TO_MEMBERS, {}),
    Row("GET", "/participants", OPEN_TO_MEMBERS),
    Row("PUT", "/participants/{new}", (204, 403, 404, 404, 401)),
    Row("PUT", "/participants/{nobody}", (404, 404, 404, 404, 401)),
    Row("DELETE", "/participants/{other}", (204, 403, 404, 404, 401)),
    Row("DELETE", "/participants/{self}", (204, 204, 404, 404, 401)),
    Row("GET", "/messages", OPEN_TO_MEMBERS),
    Row("GET", "/messages?after=0&limit=1", OPEN_TO_MEMBERS),
    Row("POST", "/messages", (201, 201, 404, 404, 401), {"client_id": "{unique}", "content": "x"}),
    Row("PUT", "/read", OPEN_TO_MEMBERS, {"seq": 1}),
    Row("GET", "/changes", OPEN_TO_MEMBERS),
    Row("GET", "/changes?after=1", OPEN_TO_MEMBERS),
]


def fill_placeholders(value: Json, words: dict[str, str]) -> Json:
    if isinstance(value, str):
        return value.format(**words)
    if isinstance(value, list):
        return [fill_placeholders(element, words) for element in value]
    if isinstance(value, dict):
        return {name: fill_placeholders(one, words) for name, one in value.items()}
    return value


async def conversation(
    api: ApiClient,
    admin: RegisteredUser,
    member: RegisteredUser,
    other: RegisteredUser,
    former: RegisteredUser,
) -> str:
    group: str = (await api.group(admin, member, other, former))["id"]
    await api.send(former, group, "hello")
    await api.expect(204, former, "DELETE", f"{ROOT}/{group}/participants/{former.id}")
    return group


@pytest.mark.parametrize("ask", TABLE, ids=lambda ask: f"{ask.method} {ask.path} {ask.body or ''}")
async def test_route_status_by_role(
    ask: Row, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Members read, admins change, strangers and former members get 404, anonymous requests 401."""
    admin, member, other, former, outsider, new = await people.shared(6, instance)
    askers = {"admin": admin, "member": member, "stranger": outsider, "former": former, "anonymous": None}
    for who, status in zip(ROLES, ask.statuses, strict=True):
        group = await conversation(api, admin, member, other, former)
        before = await api.get_conversation(other, group)
        asker = askers[who]
        words = {
            "admin": admin.id,
            "other": other.id,
            "new": new.id,
            "nobody": str(uuid4()),
            "self": asker.id if asker is not None else admin.id,
            "unique": uuid4().hex,
        }
        actual_status, body, _ = await api.request(
            asker,
            ask.method,
            f"{ROOT}/{group}{fill_placeholders(ask.path, words)}",
            fill_placeholders(ask.body, words),
        )
        assert actual_status == status, (who, body)
        if status == 404 and who in {"stranger", "former"}:
            assert body["code"] == "conversation.not_found"
        if status == 403:
            assert body["code"] == "permission.denied"
        if status == 401:
            assert body["code"] == "auth.required"
        if status >= 400:
            assert await api.get_conversation(other, group) == before, "a refusal changes nothing"


@pytest.mark.parametrize("ask", TABLE, ids=lambda ask: f"{ask.method} {ask.path} {ask.body or ''}")
async def test_foreign_and_unknown_and_malformed_ids_look_the_same(
    ask: Row, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """The same status and text, so ids cannot be probed."""
    admin, member, other, former, outsider, new = await people.shared(6, instance)
    group = await conversation(api, admin, member, other, former)
    words = {
        "admin": admin.id,
        "other": other.id,
        "new": new.id,
        "nobody": str(uuid4()),
        "self": outsider.id,
        "unique": "c",
    }
    answers = []
    for conversation_id in (
        group,
        "0123456789abcdef01234567",
        "x",
        "G" * 24,
        "0" * 25,
        "%24ne",
        "%00",
        "a" * 300,
    ):
        path = f"{ROOT}/{conversation_id}{fill_placeholders(ask.path, words)}"
        status, body, _ = await api.request(outsider, ask.method, path, fill_placeholders(ask.body, words))
        body.pop("request_id")
        answers.append((status, body))
    assert answers[0][0] == 404
    assert all(answer == answers[0] for answer in answers), answers


async def test_list_has_the_users_conversations_only(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Not those of others or those the user has left; 401 without a token."""
    admin, member, other, former, outsider = await people.register(5, instance)
    group = await conversation(api, admin, member, other, former)
    for person, wanted in ((admin, [group]), (member, [group]), (former, []), (outsider, [])):
        assert [entry["id"] for entry in (await api.get(person, ROOT))["items"]] == wanted
    await api.expect_error("auth.required", 401, None, "GET", ROOT)
    await api.expect_error("auth.required", 401, None, "POST", ROOT, {"type": "GROUP", "participants": []})


async def test_direct_conversation_is_private(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """A third user cannot find it or create its id."""
    ana, ben, eve = await people.register(3, instance)
    made = await api.direct(ana, ben)
    for method, path, body in (
        ("GET", "", None),
        ("GET", "/messages", None),
        ("POST", "/messages", {"client_id": "c", "content": "x"}),
        ("PUT", f"/participants/{eve.id}", None),
        ("PATCH", "", {"name": "x"}),
    ):
        await api.expect_error("conversation.not_found", 404, eve, method, f"{ROOT}/{made['id']}{path}", body)
    sent = await api.send(ben, made["id"], "hello")
    assert (await api.get_conversation(ana, made["id"]))["last_message"]["content"] == "hello"
    assert sent["seq"] >= 1
