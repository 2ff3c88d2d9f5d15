"""Sending messages over HTTP, and paging through the history by seq in both directions."""

import asyncio
from uuid import uuid4

import pytest

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.conversation_calls import ROOT, Json, group_with_messages, messages
from tests.server.registered_users import RegisteredUsers

# --- sending


async def test_send_returns_the_whole_message(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """201 with every field; the history has the same object."""
    ana, ben = await people.shared(2, instance)
    group = (await api.group(ana, ben))["id"]
    first = await api.send(ben, group, "first")
    sent = {
        "client_id": uuid4().hex,
        "content": "  words \u20ac\U0001f600\n",
        "mentions": [ben.id],
        "reply_to": first["id"],
    }
    made = await api.expect(201, ana, "POST", f"{ROOT}/{group}/messages", sent)
    assert made["conversation_id"] == group
    assert made["seq"] == made["changed_seq"] == first["seq"] + 1
    assert made["sender_id"] == ana.id
    assert made["client_id"] == sent["client_id"]
    assert made["content"] == "words \u20ac\U0001f600"
    assert made["message_type"] == "TEXT"
    assert made["mentions"] == [ben.id]
    assert made["reply_to"] == first["id"]
    assert made["reactions"] == []
    assert (made["edited_at"], made["deleted_at"]) == (None, None)
    assert made["delivery_status"] == {"read_by": [], "read_count": 0}
    assert (await messages(api, ben, group, "?limit=1")) == [made]


async def test_retry_returns_the_first_message(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Of ten concurrent requests one is 201; different content under the same client_id is 409."""
    ana, ben = await people.shared(2, instance)
    group = (await api.group(ana, ben))["id"]
    path = f"{ROOT}/{group}/messages"
    sent = {"client_id": uuid4().hex, "content": "once"}
    responses = await asyncio.gather(*(api.request(ana, "POST", path, sent) for _ in range(10)))
    assert sorted(status for status, _, _ in responses) == [200] * 9 + [201]
    assert len({body["id"] for _, body, _ in responses}) == 1
    for other in ({"content": "twice"}, {"mentions": [ben.id]}, {"reply_to": responses[0][1]["id"]}):
        await api.expect_error("idempotency.conflict", 409, ana, "POST", path, {**sent, **other})
    assert len(await messages(api, ben, group, "")) == 1


INVALID_MESSAGES: list[Json] = [
    None,
    [],
    {},
    {"client_id": "c"},
    {"content": "x"},
    {"client_id": "", "content": "x"},
    {"client_id": "c" * 201, "content": "x"},
    {"client_id": 5, "content": "x"},
    {"client_id": "c", "content": ""},
    {"client_id": "c", "content": " \n\u00a0"},
    {"client_id": "c", "content": "x" * 4001},
    {"client_id": "c", "content": "\U0001f600" * 4001},
    {"client_id": "c", "content": None},
    {"client_id": "c", "content": ["x"]},
    {"client_id": "c", "content": "x", "mentions": ["nobody"]},
    {"client_id": "c", "content": "x", "mentions": "x"},
    {"client_id": "c", "content": "x", "reply_to": 5},
]


@pytest.mark.parametrize("body", INVALID_MESSAGES, ids=lambda body: repr(body)[:50])
async def test_invalid_message_is_rejected(
    body: Json, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """422 `request.invalid`, and nothing is stored."""
    ana, ben = await people.shared(2, instance)
    made = await api.group(ana, ben)
    await api.expect_error("request.invalid", 422, ana, "POST", f"{ROOT}/{made['id']}/messages", body)
    assert (await api.get_conversation(ana, made["id"]))["last_seq"] == made["last_seq"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"\xff",
        b'{"client_id":"c","content":"\xff"}',
        b'{"client_id":"c","content":"\\ud800"}',
        b"[" * 30_000,
        b"NaN",
    ],
)
async def test_non_json_body_is_rejected(
    raw: bytes, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """422, and the connection stays usable."""
    ana, ben = await people.shared(2, instance)
    made = await api.group(ana, ben)
    url = f"http://127.0.0.1:{instance.port}{ROOT}/{made['id']}/messages"
    headers = {"Authorization": f"Bearer {ana.token}", "Content-Type": "application/json"}
    async with api._session.post(url, data=raw, headers=headers) as answer:
        assert answer.status == 422
        assert (await answer.json(content_type=None))["code"] == "request.invalid"
    assert (await api.get_conversation(ana, made["id"]))["last_seq"] == made["last_seq"]


async def test_reply_must_be_in_the_same_conversation(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """A message of another conversation, also of the same user, is not found."""
    ana, ben = await people.shared(2, instance)
    made = await api.group(ana, ben)
    elsewhere = (await api.send(ana, (await api.group(ana, ben))["id"], "elsewhere"))["id"]
    for reply_to in (elsewhere, "0" * 24, "nonsense"):
        body = {"client_id": uuid4().hex, "content": "x", "reply_to": reply_to}
        status, problem, _ = await api.request(ana, "POST", f"{ROOT}/{made['id']}/messages", body)
        assert (status, problem["code"]) in {(404, "message.not_found"), (422, "request.invalid")}
    assert (await api.get_conversation(ana, made["id"]))["last_seq"] == made["last_seq"]


# --- history


async def test_history_bounds_are_exclusive(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """`before` returns older messages newest first, `after` newer ones oldest first."""
    ana, ben = await people.shared(2, instance)
    group, seqs = await group_with_messages(api, 12, ana, ben)

    async def found(query: str) -> list[int]:
        return [message["seq"] for message in await messages(api, ben, group, query)]

    middle = seqs[6]
    assert await found("") == seqs[::-1]
    assert await found("?limit=3") == seqs[:-4:-1]
    assert await found(f"?before={middle}") == seqs[5::-1]
    assert await found(f"?before={middle}&limit=2") == [seqs[5], seqs[4]]
    assert await found(f"?after={middle}") == seqs[7:]
    assert await found(f"?after={middle}&limit=2") == seqs[7:9]
    assert await found("?after=0&limit=3") == seqs[:3]
    assert await found("?before=0") == []
    assert await found(f"?before={seqs[0]}") == []
    assert await found(f"?after={seqs[-1]}") == []
    assert await found(f"?before={seqs[-1] + 1000}&limit=1") == [seqs[-1]]
    assert await found(f"?after={seqs[-1] + 1000}") == []
    assert sorted(await found(f"?after={seqs[2]}&before={seqs[7]}")) == seqs[3:7]


async def test_history_around_a_message(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """Oldest first, with as many before it as after it, and full pages at both ends."""
    ana, ben = await people.shared(2, instance)
    group, seqs = await group_with_messages(api, 12, ana, ben)

    async def found(query: str) -> list[int]:
        return [message["seq"] for message in await messages(api, ben, group, query)]

    assert await found(f"?around={seqs[6]}&limit=4") == seqs[4:8]
    assert await found(f"?around={seqs[6]}&limit=5") == seqs[4:9]
    assert await found(f"?around={seqs[6]}&limit=1") == [seqs[6]]
    assert await found(f"?around={seqs[1]}&limit=6") == seqs[:6]
    assert await found(f"?around={seqs[-1]}&limit=6") == seqs[-6:]
    assert await found(f"?around={seqs[-1] + 1000}&limit=6") == seqs[-6:]
    assert await found("?around=0&limit=3") == seqs[:3]
    assert await found(f"?around={seqs[6]}&limit=100") == seqs


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
async def test_history_is_complete_page_by_page(
    limit: int, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Every message once, including SYSTEM messages; pages are full unless the history ends."""
    ana, ben, eve = await people.shared(3, instance)
    group, _ = await group_with_messages(api, 5, ana, ben)
    await api.expect(200, ana, "PATCH", f"{ROOT}/{group}", {"name": "renamed"})
    await api.expect(204, ana, "PUT", f"{ROOT}/{group}/participants/{eve.id}")
    await api.send(eve, group, "last")
    head = (await api.get_conversation(ana, group))["last_seq"]

    async def walk(name: str, seq: int) -> list[Json]:
        whole: list[Json] = []
        while True:
            page = await messages(api, eve, group, f"?{name}={seq}&limit={limit}")
            whole += page
            if len(page) < limit:
                return whole
            seq = page[-1]["seq"]

    forward, backward = await walk("after", 0), await walk("before", head + 1)
    assert [message["content"] for message in forward if message["message_type"] == "TEXT"] == [
        *(f"number {number}" for number in range(5)),
        "last",
    ]
    assert sum(message["message_type"] == "SYSTEM" for message in forward) == 2
    # Read marks may change between the two requests.
    assert [(message["id"], message["content"]) for message in forward] == [
        (message["id"], message["content"]) for message in backward[::-1]
    ]
    assert [message["seq"] for message in forward] == sorted({message["seq"] for message in forward})


@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=101", "limit=x", "before=-1", "before=x", "after=1.5", "after="),
        *("after=" + "9" * 40, "around=x", "around=-1", "around=1&before=3", "around=1&after=0"),
    ],
)
async def test_invalid_history_query_is_rejected(
    query: str, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """422."""
    ana, ben = await people.shared(2, instance)
    group = (await api.group(ana, ben))["id"]
    await api.expect_error("request.invalid", 422, ana, "GET", f"{ROOT}/{group}/messages?{query}")
