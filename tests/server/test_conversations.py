"""Creating conversations over HTTP, with and without idempotency keys."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.conftest import StartInstance
from tests.server.registered_users import RegisteredUsers

Json = Any
ROOT = "/v1/conversations"


# --- creating


async def test_creator_is_member_and_admin_of_a_group(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """201 with the whole object; every named user is a member once."""
    ana, ben, eve = await people.shared(3, instance)
    body = {"type": "GROUP", "participants": [ben.id, eve.id, ben.id, ana.id], "name": "  Lunch \u20ac "}
    made = await api.expect(201, ana, "POST", ROOT, body)
    assert made["type"] == "GROUP"
    assert made["name"] == "Lunch \u20ac"
    assert made["member_count"] == 3
    assert {card["id"] for card in made["participants"]} == {ana.id, ben.id, eve.id}
    assert made["participants"][0].keys() >= {"id", "username", "display_name", "avatar_url", "verified"}
    assert "email" not in made["participants"][0]
    assert made["admins"] == [ana.id]
    assert made["unread_count"] == 0
    assert made["muted"] is False
    assert made["created_at"].endswith("Z")
    for person in (ana, ben, eve):
        shown = await api.get_conversation(person, made["id"])
        assert shown["participants"] == made["participants"]


@pytest.mark.parametrize("with_self", [False, True])
async def test_direct_conversation_is_created_once(
    with_self: bool, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """No name and no admins; both users find the same one."""
    ana, ben = await people.register(2, instance)
    body = {"type": "DIRECT", "participants": [ben.id, ana.id] if with_self else [ben.id]}
    made = await api.expect(201, ana, "POST", ROOT, body)
    assert (made["type"], made["name"], made["admins"], made["member_count"]) == ("DIRECT", None, [], 2)
    again = await api.expect(200, ana, "POST", ROOT, body)
    other_way = await api.expect(200, ben, "POST", ROOT, {"type": "DIRECT", "participants": [ana.id]})
    assert made["id"] == again["id"] == other_way["id"]


async def test_concurrent_direct_conversations_are_one(
    start_instance: StartInstance, people: RegisteredUsers
) -> None:
    """Twenty requests from both users on two instances: one id, created once, in both lists once."""
    first, second = await start_instance(), await start_instance()
    ana, ben = await people.register(2, first)
    async with ApiClient(first) as here, ApiClient(second) as there:

        async def make(number: int) -> tuple[int, Json, Json]:
            one, other = (ana, ben) if number % 2 else (ben, ana)
            body = {"type": "DIRECT", "participants": [other.id]}
            return await (here if number % 4 < 2 else there).request(one, "POST", ROOT, body)

        made = await asyncio.gather(*map(make, range(20)))
        assert len({response_body["id"] for _, response_body, _ in made}) == 1
        assert sorted(status for status, _, _ in made) == [200] * 19 + [201]
        for api in (here, there):
            for person in (ana, ben):
                assert [conversation["id"] for conversation in (await api.get(person, ROOT))["items"]] == [
                    made[0][1]["id"]
                ]


INVALID: list[Json] = [
    None,
    [],
    "x",
    {},
    {"type": "GROUP"},
    {"participants": []},
    {"type": "ROOM", "participants": []},
    {"type": None, "participants": []},
    {"type": "GROUP", "participants": None},
    {"type": "GROUP", "participants": "x"},
    {"type": "GROUP", "participants": [5]},
    {"type": "GROUP", "participants": [None]},
    {"type": "GROUP", "participants": [], "name": 5},
    {"type": "GROUP", "participants": [], "name": "x" * 101},
    {"type": "GROUP", "participants": [], "name": "\U0001f600" * 101},
    {"type": "GROUP", "participants": [], "name": "  \n"},
    {"type": "DIRECT", "participants": []},
]


@pytest.mark.parametrize("body", INVALID, ids=lambda body: repr(body)[:60])
async def test_invalid_conversation_is_rejected(
    body: Json, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """422 `request.invalid`."""
    ana = (await people.shared(1, instance))[0]
    problem = await api.expect_error("request.invalid", 422, ana, "POST", ROOT, body)
    assert isinstance(problem.get("errors", []), list)


async def test_name_of_100_characters_is_accepted(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Characters are code points."""
    ana, ben = await people.shared(2, instance)
    assert (await api.group(ana, ben, name="\U0001f600" * 100))["name"] == "\U0001f600" * 100


async def test_direct_conversation_needs_one_other_user(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """With the caller, or with two others, it is 422."""
    ana, ben, eve = await people.shared(3, instance)
    for participants in ([ana.id], [ana.id, ana.id], [ben.id, eve.id], [ana.id, ben.id, eve.id]):
        await api.expect_error(
            "request.invalid", 422, ana, "POST", ROOT, {"type": "DIRECT", "participants": participants}
        )


@pytest.mark.parametrize("kind", ["DIRECT", "GROUP"])
async def test_unknown_participant_is_rejected(
    kind: str, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """404 `user.not_found`, and no list has a new conversation."""
    ana = (await people.register(1, instance))[0]
    for unknown_id in (str(uuid4()), "nobody", ""):
        body = {"type": kind, "participants": [unknown_id]}
        await api.expect_error("user.not_found", 404, ana, "POST", ROOT, body)
    assert (await api.get(ana, ROOT))["items"] == []


async def test_group_size_is_limited_to_5000(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """5,001 with the creator is rejected before any user is looked up; nothing is stored."""
    ana = (await people.register(1, instance))[0]
    body = {"type": "GROUP", "participants": [str(uuid4()) for _ in range(5000)], "name": "crowd"}
    status, problem, _ = await api.request(ana, "POST", ROOT, body)
    assert (status, problem["code"]) in {(409, "conversation.full"), (422, "request.invalid")}
    assert (await api.get(ana, ROOT))["items"] == []


async def test_conversations_of_a_user_are_limited(
    api: ApiClient, instance: Instance, people: RegisteredUsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For who creates them and who is added; others may still write to them, and what exists stays."""
    monkeypatch.setattr("actors.conversations.conversations.CONVERSATIONS_MAX", 2)
    ana, ben, eve, dan = await people.register(4, instance)
    direct = {"type": "DIRECT", "participants": [ben.id]}
    first = await api.expect(201, ana, "POST", ROOT, direct)
    group = await api.group(ana, eve)
    assert (await api.expect(200, ana, "POST", ROOT, direct))["id"] == first["id"]
    for body in ({"type": "GROUP", "participants": []}, {"type": "DIRECT", "participants": [dan.id]}):
        await api.expect_error("conversation.limit", 409, ana, "POST", ROOT, body)
    await api.expect_error(
        "conversation.limit", 409, dan, "POST", ROOT, {"type": "GROUP", "participants": [ana.id]}
    )
    others = await api.group(ben)
    path = f"{ROOT}/{others['id']}/participants/{ana.id}"
    await api.expect_error("conversation.limit", 409, ben, "PUT", path)
    await api.expect(204, ana, "DELETE", f"{ROOT}/{group['id']}/participants/{ana.id}")
    await api.expect(204, ben, "PUT", path)
    await api.expect(201, dan, "POST", ROOT, {"type": "DIRECT", "participants": [ana.id]})


async def test_body_size_limits(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """256 KiB on routes with id lists, 64 KiB for a message: 413."""
    ana, ben = await people.shared(2, instance)
    body = {"type": "GROUP", "participants": ["x" * 60] * 5000, "name": "crowd"}
    await api.expect_error("request.too_large", 413, ana, "POST", ROOT, body)
    group = (await api.group(ana, ben))["id"]
    message = {"client_id": "c", "content": "x" * 70_000}
    await api.expect_error("request.too_large", 413, ana, "POST", f"{ROOT}/{group}/messages", message)


# --- Idempotency-Key


async def create_with_key(api: ApiClient, person: Any, key: str, body: Json) -> tuple[int, Json]:
    status, response_body, _ = await api.request(person, "POST", ROOT, body, Idempotency_Key=key)
    return status, response_body


async def test_group_over_the_limit_leaves_its_key_unused(
    api: ApiClient, instance: Instance, people: RegisteredUsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another group may use it, once its creator is in fewer conversations."""
    ana, ben = await people.register(2, instance)
    first, key = await api.group(ana, ben), uuid4().hex
    monkeypatch.setattr("actors.conversations.conversations.CONVERSATIONS_MAX", 1)
    status, problem = await create_with_key(api, ana, key, {"type": "GROUP", "participants": [], "name": "a"})
    assert (status, problem["code"]) == (409, "conversation.limit")
    await api.expect(204, ana, "DELETE", f"{ROOT}/{first['id']}/participants/{ana.id}")
    status, group = await create_with_key(api, ana, key, {"type": "GROUP", "participants": [], "name": "b"})
    assert (status, group["name"]) == (201, "b")


async def test_idempotency_key_creates_a_group_once(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Twenty concurrent requests and a later one: the same conversation, 201 each time."""
    ana, ben = await people.register(2, instance)
    body = {"type": "GROUP", "participants": [ben.id], "name": "once"}
    key = uuid4().hex
    made = await asyncio.gather(*(create_with_key(api, ana, key, body) for _ in range(20)))
    made.append(await create_with_key(api, ana, key, body))
    assert {status for status, _ in made} == {201}
    assert len({response_body["id"] for _, response_body in made}) == 1
    assert len((await api.get(ana, ROOT))["items"]) == 1
    assert len((await api.get(ben, ROOT))["items"]) == 1


async def test_requests_without_a_key_are_independent(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Two equal requests create two groups."""
    ana, ben = await people.shared(2, instance)
    assert (await api.group(ana, ben))["id"] != (await api.group(ana, ben))["id"]


async def test_key_with_another_body_is_a_conflict(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """409 `idempotency.conflict`; the first group is unchanged."""
    ana, ben, eve = await people.shared(3, instance)
    key = uuid4().hex
    body = {"type": "GROUP", "participants": [ben.id], "name": "once"}
    _, first = await create_with_key(api, ana, key, body)
    for other in (
        {**body, "name": "twice"},
        {**body, "participants": [eve.id]},
        {"type": "GROUP", "participants": [ben.id]},
    ):
        status, problem = await create_with_key(api, ana, key, other)
        assert (status, problem["code"]) == (409, "idempotency.conflict")
    assert (await create_with_key(api, ana, key, body))[1]["id"] == first["id"]


async def test_key_is_scoped_to_its_user(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """The same key of another user creates another group."""
    ana, ben, eve = await people.shared(3, instance)
    key = uuid4().hex
    body = {"type": "GROUP", "participants": [eve.id], "name": "once"}
    assert (await create_with_key(api, ana, key, body))[1]["id"] != (
        await create_with_key(api, ben, key, body)
    )[1]["id"]


async def test_only_successes_are_stored_under_a_key(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """A rejected request leaves its key unused."""
    ana, ben = await people.shared(2, instance)
    key = uuid4().hex
    wrong = {"type": "GROUP", "participants": [str(uuid4())], "name": "once"}
    assert (await create_with_key(api, ana, key, wrong))[0] == 404
    assert (await create_with_key(api, ana, key, {**wrong, "participants": [ben.id]}))[0] == 201


async def test_key_applies_to_direct_conversations(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """The same key for another partner or for a group is a conflict."""
    ana, ben, eve = await people.register(3, instance)
    key = uuid4().hex
    _, first = await create_with_key(api, ana, key, {"type": "DIRECT", "participants": [ben.id]})
    _, again = await create_with_key(api, ana, key, {"type": "DIRECT", "participants": [ben.id]})
    assert again["id"] == first["id"]
    for other in (
        {"type": "DIRECT", "participants": [eve.id]},
        {"type": "GROUP", "participants": [ben.id]},
    ):
        status, problem = await create_with_key(api, ana, key, other)
        assert (status, problem.get("code")) == (409, "idempotency.conflict")


async def test_key_length_is_limited(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """200 characters are accepted, more are 422."""
    ana, ben = await people.shared(2, instance)
    body = {"type": "GROUP", "participants": [ben.id], "name": "once"}
    status, problem = await create_with_key(api, ana, "k" * 201, body)
    assert (status, problem["code"]) == (422, "request.invalid")
    assert (await create_with_key(api, ana, uuid4().hex.ljust(200, "k"), body))[0] == 201


@pytest.mark.parametrize("ana_sorts_first", [True, False])
async def test_an_idempotency_key_cannot_take_the_id_of_a_direct_conversation(
    api: ApiClient, instance: Instance, people: RegisteredUsers, ana_sorts_first: bool
) -> None:
    """A group made under the other user's id as key leaves the direct conversation of the two free."""
    ana, ben, eve = await people.register(3, instance)
    if (ana.id < ben.id) is not ana_sorts_first:
        ana, ben = ben, ana
    body = {"type": "GROUP", "participants": [eve.id], "name": "a group"}
    status, group, _ = await api.request(ana, "POST", ROOT, body, Idempotency_Key=ben.id)
    assert status == 201

    direct = await api.direct(ana, ben)

    assert direct["type"] == "DIRECT"
    assert direct["id"] != group["id"]
