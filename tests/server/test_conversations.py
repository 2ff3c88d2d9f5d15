"""Making conversations and listing them over HTTP, as the contract has it."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from run import Instance
from tests.server.api import Api
from tests.server.conftest import StartInstance
from tests.server.people import People

Json = Any
ROOT = "/v1/conversations"


# --- making


async def test_a_group_is_made_with_its_maker_in_it(api: Api, instance: Instance, people: People) -> None:
    """201 with the whole object; the maker is the admin; everybody named is in, once."""
    ana, ben, eve = await people.some(3, instance)
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
        shown = await api.look(person, made["id"])
        assert shown["participants"] == made["participants"]


@pytest.mark.parametrize("with_self", [False, True])
async def test_a_direct_conversation_is_between_two(
    with_self: bool, api: Api, instance: Instance, people: People
) -> None:
    """No name, no admins; made once, and found from both sides ever after."""
    ana, ben = await people.new(2, instance)
    body = {"type": "DIRECT", "participants": [ben.id, ana.id] if with_self else [ben.id]}
    made = await api.expect(201, ana, "POST", ROOT, body)
    assert (made["type"], made["name"], made["admins"], made["member_count"]) == ("DIRECT", None, [], 2)
    again = await api.expect(200, ana, "POST", ROOT, body)
    other_way = await api.expect(200, ben, "POST", ROOT, {"type": "DIRECT", "participants": [ana.id]})
    assert made["id"] == again["id"] == other_way["id"]


async def test_a_race_for_a_direct_conversation_makes_one(
    start_instance: StartInstance, people: People
) -> None:
    """Twenty at once, from both sides, on two instances: one id, made once, in both lists once."""
    first, second = await start_instance(), await start_instance()
    ana, ben = await people.new(2, first)
    async with Api(first) as here, Api(second) as there:

        async def make(number: int) -> tuple[int, Json, Json]:
            one, other = (ana, ben) if number % 2 else (ben, ana)
            body = {"type": "DIRECT", "participants": [other.id]}
            return await (here if number % 4 < 2 else there).ask(one, "POST", ROOT, body)

        made = await asyncio.gather(*map(make, range(20)))
        assert len({told["id"] for _, told, _ in made}) == 1
        assert sorted(status for status, _, _ in made) == [200] * 19 + [201]
        for api in (here, there):
            for person in (ana, ben):
                assert [one["id"] for one in (await api.get(person, ROOT))["items"]] == [made[0][1]["id"]]


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
async def test_an_invalid_conversation_is_refused(
    body: Json, api: Api, instance: Instance, people: People
) -> None:
    """422 `request.invalid`."""
    ana = (await people.some(1, instance))[0]
    problem = await api.refused("request.invalid", 422, ana, "POST", ROOT, body)
    assert isinstance(problem.get("errors", []), list)


async def test_a_name_of_100_characters_is_taken(api: Api, instance: Instance, people: People) -> None:
    """Characters are code points."""
    ana, ben = await people.some(2, instance)
    assert (await api.group(ana, ben, name="\U0001f600" * 100))["name"] == "\U0001f600" * 100


async def test_nobody_talks_to_oneself(api: Api, instance: Instance, people: People) -> None:
    """A DIRECT with oneself, or with two others, is 422."""
    ana, ben, eve = await people.some(3, instance)
    for participants in ([ana.id], [ana.id, ana.id], [ben.id, eve.id], [ana.id, ben.id, eve.id]):
        await api.refused(
            "request.invalid", 422, ana, "POST", ROOT, {"type": "DIRECT", "participants": participants}
        )


@pytest.mark.parametrize("kind", ["DIRECT", "GROUP"])
async def test_a_conversation_with_somebody_unknown_is_not_made(
    kind: str, api: Api, instance: Instance, people: People
) -> None:
    """404 `user.not_found`, and nothing in anybody's list."""
    ana = (await people.new(1, instance))[0]
    for nobody in (str(uuid4()), "nobody", ""):
        body = {"type": kind, "participants": [nobody]}
        await api.refused("user.not_found", 404, ana, "POST", ROOT, body)
    assert (await api.get(ana, ROOT))["items"] == []


async def test_a_group_has_at_most_5000(api: Api, instance: Instance, people: People) -> None:
    """5,001 with the maker is refused with a clear code, before anybody is looked up; nothing is stored."""
    ana = (await people.new(1, instance))[0]
    body = {"type": "GROUP", "participants": [str(uuid4()) for _ in range(5000)], "name": "crowd"}
    status, problem, _ = await api.ask(ana, "POST", ROOT, body)
    assert (status, problem["code"]) in {(409, "conversation.full"), (422, "request.invalid")}
    assert (await api.get(ana, ROOT))["items"] == []


async def test_a_body_has_its_limit(api: Api, instance: Instance, people: People) -> None:
    """256 KiB where ids are listed, 64 KiB for a message: 413."""
    ana, ben = await people.some(2, instance)
    body = {"type": "GROUP", "participants": ["x" * 60] * 5000, "name": "crowd"}
    await api.refused("request.too_large", 413, ana, "POST", ROOT, body)
    group = (await api.group(ana, ben))["id"]
    message = {"client_id": "c", "content": "x" * 70_000}
    await api.refused("request.too_large", 413, ana, "POST", f"{ROOT}/{group}/messages", message)


# --- Idempotency-Key


async def keyed(api: Api, person: Any, key: str, body: Json) -> tuple[int, Json]:
    status, told, _ = await api.ask(person, "POST", ROOT, body, Idempotency_Key=key)
    return status, told


async def test_a_key_makes_a_group_once(api: Api, instance: Instance, people: People) -> None:
    """Twenty at once and one later: the same conversation, 201 each time."""
    ana, ben = await people.new(2, instance)
    body = {"type": "GROUP", "participants": [ben.id], "name": "once"}
    key = uuid4().hex
    made = await asyncio.gather(*(keyed(api, ana, key, body) for _ in range(20)))
    made.append(await keyed(api, ana, key, body))
    assert {status for status, _ in made} == {201}
    assert len({told["id"] for _, told in made}) == 1
    assert len((await api.get(ana, ROOT))["items"]) == 1
    assert len((await api.get(ben, ROOT))["items"]) == 1


async def test_without_a_key_each_request_makes_a_group(api: Api, instance: Instance, people: People) -> None:
    """Two equal requests are two groups."""
    ana, ben = await people.some(2, instance)
    assert (await api.group(ana, ben))["id"] != (await api.group(ana, ben))["id"]


async def test_a_key_with_another_body_is_a_conflict(api: Api, instance: Instance, people: People) -> None:
    """409 `idempotency.conflict`; the first stays as it was."""
    ana, ben, eve = await people.some(3, instance)
    key = uuid4().hex
    body = {"type": "GROUP", "participants": [ben.id], "name": "once"}
    _, first = await keyed(api, ana, key, body)
    for other in (
        {**body, "name": "twice"},
        {**body, "participants": [eve.id]},
        {"type": "GROUP", "participants": [ben.id]},
    ):
        status, problem = await keyed(api, ana, key, other)
        assert (status, problem["code"]) == (409, "idempotency.conflict")
    assert (await keyed(api, ana, key, body))[1]["id"] == first["id"]


async def test_a_key_belongs_to_its_user(api: Api, instance: Instance, people: People) -> None:
    """The same key of somebody else makes another group."""
    ana, ben, eve = await people.some(3, instance)
    key = uuid4().hex
    body = {"type": "GROUP", "participants": [eve.id], "name": "once"}
    assert (await keyed(api, ana, key, body))[1]["id"] != (await keyed(api, ben, key, body))[1]["id"]


async def test_only_successes_are_kept_under_a_key(api: Api, instance: Instance, people: People) -> None:
    """A refused request leaves its key free."""
    ana, ben = await people.some(2, instance)
    key = uuid4().hex
    wrong = {"type": "GROUP", "participants": [str(uuid4())], "name": "once"}
    assert (await keyed(api, ana, key, wrong))[0] == 404
    assert (await keyed(api, ana, key, {**wrong, "participants": [ben.id]}))[0] == 201


@pytest.mark.xfail(reason="a key is kept for groups alone", strict=True)
async def test_a_key_holds_for_direct_conversations_too(api: Api, instance: Instance, people: People) -> None:
    """The same key for another partner is a conflict, and so is a group under a direct one's key."""
    ana, ben, eve = await people.new(3, instance)
    key = uuid4().hex
    _, first = await keyed(api, ana, key, {"type": "DIRECT", "participants": [ben.id]})
    _, again = await keyed(api, ana, key, {"type": "DIRECT", "participants": [ben.id]})
    assert again["id"] == first["id"]
    for other in (
        {"type": "DIRECT", "participants": [eve.id]},
        {"type": "GROUP", "participants": [ben.id]},
    ):
        status, problem = await keyed(api, ana, key, other)
        assert (status, problem.get("code")) == (409, "idempotency.conflict")


async def test_a_key_has_at_most_200_characters(api: Api, instance: Instance, people: People) -> None:
    """Longer is 422; 200 is taken."""
    ana, ben = await people.some(2, instance)
    body = {"type": "GROUP", "participants": [ben.id], "name": "once"}
    status, problem = await keyed(api, ana, "k" * 201, body)
    assert (status, problem["code"]) == (422, "request.invalid")
    assert (await keyed(api, ana, uuid4().hex.ljust(200, "k"), body))[0] == 201


# --- listing


async def test_the_list_is_by_latest_activity(api: Api, instance: Instance, people: People) -> None:
    """A message moves its conversation to the top, at once, with what it said."""
    ana, ben = await people.new(2, instance)
    groups = [(await api.group(ana, ben))["id"] for _ in range(4)]
    for group in (groups[2], groups[0], groups[3], groups[1]):
        await api.send(ben, group, f"to {group}")
        top = (await api.get(ana, ROOT))["items"][0]
        assert top["id"] == group
        assert top["last_message"]["content"] == f"to {group}"
        assert top["last_message"]["sender_id"] == ben.id
        assert top["last_message"]["timestamp"].endswith("Z")
        assert top["unread_count"] == 1
    listed = [one["id"] for one in (await api.get(ana, ROOT))["items"]]
    assert listed == [groups[1], groups[3], groups[0], groups[2]]


async def pages(api: Api, person: Any, limit: int, between: Any = None) -> list[list[str]]:
    """The ids of each page, by the cursors of the answers."""
    found: list[list[str]] = []
    path: str | None = f"{ROOT}?limit={limit}"
    while path is not None:
        status, page, headers = await api.ask(person, "GET", path)
        assert status == 200, page
        found.append([one["id"] for one in page["items"]])
        assert len(found) < 30
        if page["next_cursor"] is None:
            assert "link" not in headers
            path = None
        else:
            link, relation = headers["link"].split("; ")
            assert relation == 'rel="next"'
            path = link.strip("<>")
            assert f"limit={limit}" in path
            if between is not None:
                await between(len(found))
    return found


async def test_the_list_is_paged_whole(api: Api, instance: Instance, people: People) -> None:
    """Every conversation once, in the same order whatever the size of a page; the `Link` leads on."""
    ana, ben = await people.new(2, instance)
    made = [(await api.group(ana, ben))["id"] for _ in range(7)]
    whole = await pages(api, ana, 100)
    assert [sorted(page) for page in whole] == [sorted(made)]
    for limit in (1, 2, 3, 6, 7, 8):
        found = await pages(api, ana, limit)
        assert [one for page in found for one in page] == whole[0]
        assert all(len(page) == limit for page in found[:-1])


async def test_paging_goes_on_while_messages_arrive(api: Api, instance: Instance, people: People) -> None:
    """What was not touched comes exactly once, what was touched at most once."""
    ana, ben = await people.new(2, instance)
    made = [(await api.group(ana, ben))["id"] for _ in range(12)]
    listed = (await pages(api, ana, 100))[0]
    touched: set[str] = set()

    async def between(number: int) -> None:
        for group in (listed[0], listed[-number]):
            touched.add(group)
            await api.send(ben, group, "up")

    found = [one for page in await pages(api, ana, 3, between) for one in page]
    assert len(found) == len(set(found))
    assert set(found) >= set(made) - touched
    assert [one for one in found if one not in touched] == [one for one in listed if one not in touched]


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "", "1.5", "9" * 30, "\u0661"])
async def test_a_page_has_1_to_100_items(limit: str, api: Api, instance: Instance, people: People) -> None:
    """Any other limit is 422."""
    ana = (await people.some(1, instance))[0]
    await api.refused("request.invalid", 422, ana, "GET", f"{ROOT}?limit={limit}")


@pytest.mark.parametrize("cursor", ["x", "", "AAAA", "%00", "x" * 3000, "bnVsbA", "WzEsMl0"])
async def test_a_cursor_is_one_of_ours(cursor: str, api: Api, instance: Instance, people: People) -> None:
    """Any other is 422 `cursor.invalid`."""
    ana = (await people.some(1, instance))[0]
    await api.refused("cursor.invalid", 422, ana, "GET", f"{ROOT}?cursor={cursor}")


async def test_participants_are_paged_in_order(api: Api, instance: Instance, people: People) -> None:
    """Every member once."""
    some = await people.some(7, instance)
    group = (await api.group(*some))["id"]
    found: list[str] = []
    path = f"{ROOT}/{group}/participants?limit=3"
    while True:
        page = await api.get(some[1], path)
        found.extend(card["id"] for card in page["items"])
        if page["next_cursor"] is None:
            break
        path = f"{ROOT}/{group}/participants?limit=3&cursor={page['next_cursor']}"
    assert len(found) == 7
    assert set(found) == {person.id for person in some}


# --- unread


async def unread(api: Api, person: Any, group: str) -> tuple[int, int]:
    """(read_seq, unread_count), the same in the list as by itself."""
    shown = await api.look(person, group)
    listed = [one for one in (await api.get(person, ROOT))["items"] if one["id"] == group]
    assert [(one["read_seq"], one["unread_count"]) for one in listed] == [
        (shown["read_seq"], shown["unread_count"])
    ]
    return shown["read_seq"], shown["unread_count"]


async def test_unread_counts_what_others_wrote_above_the_mark(
    api: Api, instance: Instance, people: People
) -> None:
    """Not one's own, not SYSTEM messages; sending reads up to one's own message."""
    ana, ben, eve = await people.new(3, instance)
    group = (await api.group(ana, ben))["id"]
    first = await api.send(ben, group, "one")
    second = await api.send(ben, group, "two")
    assert (await unread(api, ana, group))[1] == 2
    assert await unread(api, ben, group) == (second["seq"], 0)
    await api.expect(200, ana, "PATCH", f"{ROOT}/{group}", {"name": "renamed"})
    await api.expect(204, ana, "PUT", f"{ROOT}/{group}/participants/{eve.id}")
    assert (await unread(api, ben, group))[1] == 0
    assert (await unread(api, ana, group))[1] == 2
    told = await api.expect(200, ana, "PUT", f"{ROOT}/{group}/read", {"seq": first["seq"]})
    assert told == {"read_seq": first["seq"], "unread_count": 1}
    assert await unread(api, ana, group) == (first["seq"], 1)
    third = await api.send(ana, group, "three")
    assert await unread(api, ana, group) == (third["seq"], 0)
    assert (await unread(api, ben, group))[1] == 1


async def test_unread_is_counted_up_to_1000(start_instance: StartInstance, people: People) -> None:
    """A busy room does not count for ever."""
    instance = await start_instance(messages_per_s=100_000, messages_burst=100_000)
    ana, ben = await people.new(2, instance)
    async with Api(instance) as api:
        group = (await api.group(ana, ben))["id"]

        async def some(number: int) -> None:
            for step in range(51):
                await api.send(ben, group, f"{number} {step}")

        await asyncio.gather(*map(some, range(20)))
        read_seq, count = await unread(api, ana, group)
        assert count == 1000
        told = await api.expect(200, ana, "PUT", f"{ROOT}/{group}/read", {"seq": read_seq + 30})
        assert told["unread_count"] in range(985, 1001)
