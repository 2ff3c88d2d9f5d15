"""An invisible conversation does not exist, and its id cannot be probed."""

from typing import Any
from uuid import uuid4

import pytest

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers

Json = Any
ROOT = "/v1/conversations"


REQUESTS: list[tuple[str, str, Json]] = [
    ("GET", "", None),
    ("PATCH", "", {"name": "renamed"}),
    ("PATCH", "", {"admins": ["{admin}", "{other}"]}),
    ("PATCH", "", {"muted": True}),
    ("PATCH", "", {}),
    ("GET", "/participants", None),
    ("PUT", "/participants/{new}", None),
    ("PUT", "/participants/{nobody}", None),
    ("DELETE", "/participants/{other}", None),
    ("DELETE", "/participants/{self}", None),
    ("GET", "/messages", None),
    ("GET", "/messages?after=0&limit=1", None),
    ("POST", "/messages", {"client_id": "{unique}", "content": "x"}),
    ("PUT", "/read", {"seq": 1}),
    ("GET", "/changes", None),
    ("GET", "/changes?after=1", None),
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


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
async def test_foreign_and_unknown_and_malformed_ids_look_the_same(
    method: str, path: str, body: Json, api: ApiClient, instance: Instance, people: RegisteredUsers
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
        target = f"{ROOT}/{conversation_id}{fill_placeholders(path, words)}"
        status, answer, _ = await api.request(outsider, method, target, fill_placeholders(body, words))
        answer.pop("request_id")
        answers.append((status, answer))
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
