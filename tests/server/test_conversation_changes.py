"""Changes after a seq over HTTP, consistent reads on every instance, and read marks."""

import pytest

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.conftest import StartInstance
from tests.server.conversation_calls import ROOT, Json, group_with_messages, messages
from tests.server.registered_users import RegisteredUsers

# --- changes


async def test_changes_are_complete_page_by_page(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Durable frames ordered by seq; each page is complete up to its `last_seq`."""
    ana, ben, eve = await people.shared(3, instance)
    group, seqs = await group_with_messages(api, 6, ana, ben)
    await api.expect(200, ana, "PATCH", f"{ROOT}/{group}", {"name": "renamed"})
    await api.expect(204, ana, "PUT", f"{ROOT}/{group}/participants/{eve.id}")
    head = (await api.get_conversation(ana, group))["last_seq"]

    async def changes(after: int, limit: int) -> Json:
        return await api.get(ben, f"{ROOT}/{group}/changes?after={after}&limit={limit}")

    whole = await changes(0, 100)
    assert whole["last_seq"] == head
    assert whole["has_more"] is False
    assert [entry["seq"] for entry in whole["items"]] == list(range(1, head + 1))
    assert [entry["type"] for entry in whole["items"]][-8:] == ["message.created"] * 6 + [
        "conversation.updated"
    ] * 2
    assert all(entry["conversation_id"] == group for entry in whole["items"])
    for limit in (1, 3, 8):
        after, entries = 0, []
        while True:
            page = await changes(after, limit)
            entries += page["items"]
            assert len(page["items"]) <= limit
            assert page["last_seq"] > after
            after = page["last_seq"]
            if not page["has_more"]:
                break
        assert entries == whole["items"]
        assert after == head
    assert await changes(head, 20) == {"items": [], "last_seq": head, "has_more": False}
    beyond = await changes(head + 100, 20)
    assert (beyond["items"], beyond["has_more"]) == ([], False)
    assert [entry["seq"] for entry in (await changes(seqs[2], 2))["items"]] == [seqs[3], seqs[4]]


async def test_acknowledged_message_is_readable_on_every_instance(
    start_instance: StartInstance, people: RegisteredUsers
) -> None:
    """Once acknowledged by one instance it is in the next response of another, on every route."""
    first, second = await start_instance(), await start_instance()
    ana, ben = await people.shared(2, first)
    async with ApiClient(first) as here, ApiClient(second) as there:
        group = (await here.group(ana, ben))["id"]
        for number in range(10):
            writer, reader = (here, there) if number % 2 else (there, here)
            sent = await writer.send(ana, group, f"number {number}")
            assert (await messages(reader, ben, group, "?limit=1"))[0]["id"] == sent["id"]
            shown = await reader.get_conversation(ben, group)
            assert shown["last_seq"] == sent["seq"]
            assert shown["last_message"]["content"] == f"number {number}"
            assert shown["unread_count"] == number + 1
            changes = await reader.get(ben, f"{ROOT}/{group}/changes?after={sent['seq'] - 1}")
            assert [entry["seq"] for entry in changes["items"]] == [sent["seq"]]


# --- read marks


async def test_read_mark_only_moves_forward_up_to_the_head(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Returns `{read_seq, unread_count}`."""
    ana, ben = await people.shared(2, instance)
    group = (await api.group(ben, ana))["id"]
    seqs = [(await api.send(ben, group, f"number {number}"))["seq"] for number in range(6)]

    async def read(seq: int) -> Json:
        return await api.expect(200, ana, "PUT", f"{ROOT}/{group}/read", {"seq": seq})

    assert await read(seqs[3]) == {"read_seq": seqs[3], "unread_count": 2}
    assert await read(seqs[1]) == {"read_seq": seqs[3], "unread_count": 2}
    assert await read(0) == {"read_seq": seqs[3], "unread_count": 2}
    assert await read(seqs[5] + 500) == {"read_seq": seqs[5], "unread_count": 0}
    await api.send(ben, group, "more")
    assert (await api.get_conversation(ana, group))["unread_count"] == 1


@pytest.mark.parametrize(
    "body",
    [None, {}, {"seq": None}, {"seq": -1}, {"seq": 1.5}, {"seq": "1"}, {"seq": True}, {"seq": 10**30}],
    ids=repr,
)
async def test_invalid_read_mark_is_rejected(
    body: Json, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """422."""
    ana, ben = await people.shared(2, instance)
    group = (await api.group(ana, ben))["id"]
    await api.expect_error("request.invalid", 422, ana, "PUT", f"{ROOT}/{group}/read", body)


async def test_messages_list_their_readers(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """With the time, up to each read mark; without the sender."""
    ana, ben, eve = await people.shared(3, instance)
    group = (await api.group(ana, ben, eve))["id"]
    seqs = [(await api.send(ana, group, f"number {number}"))["seq"] for number in range(3)]

    async def readers() -> list[tuple[set[str], int]]:
        history = await messages(api, ana, group, "?after=0")
        for one in history:
            assert all(reader["read_at"].endswith("Z") for reader in one["delivery_status"]["read_by"])
        return [
            (
                {reader["user_id"] for reader in item["delivery_status"]["read_by"]},
                item["delivery_status"]["read_count"],
            )
            for item in history
        ]

    assert await readers() == [(set(), 0)] * 3
    await api.expect(200, ben, "PUT", f"{ROOT}/{group}/read", {"seq": seqs[1]})
    assert await readers() == [({ben.id}, 1), ({ben.id}, 1), (set(), 0)]
    await api.expect(200, eve, "PUT", f"{ROOT}/{group}/read", {"seq": seqs[2]})
    both = {ben.id, eve.id}
    assert await readers() == [(both, 2), (both, 2), ({eve.id}, 1)]


async def test_sending_marks_earlier_messages_read(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """The sender is then in `read_by` of the messages before."""
    ana, ben = await people.shared(2, instance)
    group = (await api.group(ana, ben))["id"]
    await api.send(ana, group, "a question")
    await api.send(ben, group, "an answer")
    question = (await messages(api, ana, group, "?after=0"))[0]
    assert [reader["user_id"] for reader in question["delivery_status"]["read_by"]] == [ben.id]
    assert question["delivery_status"]["read_count"] == 1
