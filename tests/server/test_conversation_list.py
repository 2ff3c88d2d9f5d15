"""The list of conversations over HTTP: order, pages and unread counts."""

import asyncio
from typing import Any
from urllib.parse import quote

import pytest

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.conftest import StartInstance
from tests.server.registered_users import RegisteredUsers

ROOT = "/v1/conversations"


async def test_list_is_ordered_by_latest_activity(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """A message moves its conversation to the top at once, with its text."""
    ana, ben = await people.register(2, instance)
    groups = [(await api.group(ana, ben))["id"] for _ in range(4)]
    for group in (groups[2], groups[0], groups[3], groups[1]):
        await api.send(ben, group, f"to {group}")
        top = (await api.get(ana, ROOT))["items"][0]
        assert top["id"] == group
        assert top["last_message"]["content"] == f"to {group}"
        assert top["last_message"]["sender_id"] == ben.id
        assert top["last_message"]["timestamp"].endswith("Z")
        assert top["unread_count"] == 1
    listed = [conversation["id"] for conversation in (await api.get(ana, ROOT))["items"]]
    assert listed == [groups[1], groups[3], groups[0], groups[2]]


async def pages(api: ApiClient, person: Any, limit: int, between: Any = None) -> list[list[str]]:
    """Return the ids of each page, following the cursors."""
    id_pages: list[list[str]] = []
    path: str | None = f"{ROOT}?limit={limit}"
    while path is not None:
        status, page, headers = await api.request(person, "GET", path)
        assert status == 200, page
        id_pages.append([item["id"] for item in page["items"]])
        assert len(id_pages) < 30
        if page["next_cursor"] is None:
            assert "link" not in headers
            path = None
        else:
            link, relation = headers["link"].split("; ")
            assert relation == 'rel="next"'
            path = link.strip("<>")
            assert f"limit={limit}" in path
            if between is not None:
                await between(len(id_pages))
    return id_pages


async def test_pages_contain_every_conversation_once(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """In the same order for every page size; the `Link` header leads to the next page."""
    ana, ben = await people.register(2, instance)
    made = [(await api.group(ana, ben))["id"] for _ in range(7)]
    whole = await pages(api, ana, 100)
    assert [sorted(page) for page in whole] == [sorted(made)]
    for limit in (1, 2, 3, 6, 7, 8):
        id_pages = await pages(api, ana, limit)
        assert [item for page in id_pages for item in page] == whole[0]
        assert all(len(page) == limit for page in id_pages[:-1])


async def test_paging_while_messages_arrive(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Unchanged conversations appear exactly once, changed ones at most once."""
    ana, ben = await people.register(2, instance)
    made = [(await api.group(ana, ben))["id"] for _ in range(12)]
    listed = (await pages(api, ana, 100))[0]
    touched: set[str] = set()

    async def between(number: int) -> None:
        for group in (listed[0], listed[-number]):
            touched.add(group)
            await api.send(ben, group, "up")

    ids = [item for page in await pages(api, ana, 3, between) for item in page]
    assert len(ids) == len(set(ids))
    assert set(ids) >= set(made) - touched
    assert [item for item in ids if item not in touched] == [
        conversation for conversation in listed if conversation not in touched
    ]


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "", "1.5", "9" * 30, "\u0661"])
async def test_limit_is_1_to_100(
    limit: str, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Any other limit is 422."""
    ana = (await people.shared(1, instance))[0]
    await api.expect_error("request.invalid", 422, ana, "GET", f"{ROOT}?limit={limit}")


@pytest.mark.parametrize("cursor", ["x", "", "AAAA", "%00", "x" * 3000, "bnVsbA", "WzEsMl0"])
async def test_invalid_cursor_is_rejected(
    cursor: str, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """422 `cursor.invalid`."""
    ana = (await people.shared(1, instance))[0]
    await api.expect_error("cursor.invalid", 422, ana, "GET", f"{ROOT}?cursor={cursor}")


async def test_participants_are_paginated_in_order(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Every member once."""
    some = await people.shared(7, instance)
    group = (await api.group(*some))["id"]
    ids: list[str] = []
    path = f"{ROOT}/{group}/participants?limit=3"
    while True:
        page = await api.get(some[1], path)
        ids.extend(card["id"] for card in page["items"])
        if page["next_cursor"] is None:
            break
        path = f"{ROOT}/{group}/participants?limit=3&cursor={page['next_cursor']}"
    assert len(ids) == 7
    assert set(ids) == {person.id for person in some}


async def test_no_member_is_skipped_when_others_leave_or_join(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Members of earlier pages leave and join again between two pages; all others are listed once."""
    some = await people.shared(8, instance)
    ana = some[0]
    group = (await api.group(*some[:7]))["id"]
    path = f"{ROOT}/{group}/participants?limit=2"
    left: set[str] = set()
    listed: list[str] = []
    page = await api.get(ana, path)
    while True:
        listed += [card["id"] for card in page["items"]]
        if page["next_cursor"] is None:
            break
        leaving = [card["id"] for card in page["items"] if card["id"] != ana.id]
        for user_id in leaving:
            await api.expect(204, ana, "DELETE", f"{ROOT}/{group}/participants/{user_id}")
        await api.expect(204, ana, "PUT", f"{ROOT}/{group}/participants/{leaving[0]}")
        left.update(leaving)
        page = await api.get(ana, f"{path}&cursor={page['next_cursor']}")
    assert len(left) >= 4
    assert sorted(listed) == sorted(person.id for person in some[:7])


async def test_members_are_found_by_any_word_of_a_name(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """By display name and username, in any case; only members, and only for members."""
    ana, ben, eve = await people.register(3, instance)
    group = (await api.group(ana, ben))["id"]
    for person in (ben, eve):
        await api.expect(200, person, "PATCH", "/v1/users/me", {"display_name": "Bert NEWCÓMER"})
    path = f"{ROOT}/{group}/participants?q="

    async def found(text: str) -> list[str]:
        page = await api.get(ana, path + quote(text))
        assert page["next_cursor"] is None
        return [card["id"] for card in page["items"]]

    for text in ("newcómer", "NEWCO\u0301M", "bert n", "  Bert ", ben.username[:-1], f"@{ben.username}"):
        assert ben.id in await found(text), text
        assert eve.id not in await found(text)
    assert await found("comer") == []
    await api.expect_error("conversation.not_found", 404, eve, "GET", path + "bert")
    await api.expect_error("request.invalid", 422, ana, "GET", path)


# --- unread


async def unread(api: ApiClient, person: Any, group: str) -> tuple[int, int]:
    """Return (read_seq, unread_count), which must be equal in the list and the object."""
    shown = await api.get_conversation(person, group)
    listed = [
        conversation for conversation in (await api.get(person, ROOT))["items"] if conversation["id"] == group
    ]
    assert [(conversation["read_seq"], conversation["unread_count"]) for conversation in listed] == [
        (shown["read_seq"], shown["unread_count"])
    ]
    return shown["read_seq"], shown["unread_count"]


async def test_unread_counts_messages_of_others_after_the_mark(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Not the user's own or SYSTEM messages; sending marks everything before as read."""
    ana, ben, eve = await people.register(3, instance)
    group = (await api.group(ana, ben))["id"]
    first = await api.send(ben, group, "one")
    second = await api.send(ben, group, "two")
    assert (await unread(api, ana, group))[1] == 2
    assert await unread(api, ben, group) == (second["seq"], 0)
    await api.expect(200, ana, "PATCH", f"{ROOT}/{group}", {"name": "renamed"})
    await api.expect(204, ana, "PUT", f"{ROOT}/{group}/participants/{eve.id}")
    assert (await unread(api, ben, group))[1] == 0
    assert (await unread(api, ana, group))[1] == 2
    read_state = await api.expect(200, ana, "PUT", f"{ROOT}/{group}/read", {"seq": first["seq"]})
    assert read_state == {"read_seq": first["seq"], "unread_count": 1}
    assert await unread(api, ana, group) == (first["seq"], 1)
    third = await api.send(ana, group, "three")
    assert await unread(api, ana, group) == (third["seq"], 0)
    assert (await unread(api, ben, group))[1] == 1


async def test_unread_count_is_capped_at_1000(start_instance: StartInstance, people: RegisteredUsers) -> None:
    """The cost of counting in a busy conversation is bounded."""
    instance = await start_instance(messages_per_s=100_000, messages_burst=100_000)
    ana, ben = await people.register(2, instance)
    async with ApiClient(instance) as api:
        group = (await api.group(ana, ben))["id"]

        async def some(number: int) -> None:
            for step in range(51):
                await api.send(ben, group, f"{number} {step}")

        await asyncio.gather(*map(some, range(20)))
        read_seq, count = await unread(api, ana, group)
        assert count == 1000
        read_state = await api.expect(200, ana, "PUT", f"{ROOT}/{group}/read", {"seq": read_seq + 30})
        assert read_state["unread_count"] in range(985, 1001)
