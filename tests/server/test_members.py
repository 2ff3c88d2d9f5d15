"""Joining and leaving conversations over HTTP, with SYSTEM messages."""

import asyncio
from uuid import uuid4

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.conftest import StartInstance
from tests.server.conversation_calls import (
    ROOT,
    add_member,
    count_system_messages,
    history,
    remove_member,
    updates,
)
from tests.server.registered_users import RegisteredUsers
from tests.server.websocket.peer import Peer, connect_peer


async def test_admin_adds_a_member(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """204 and one SYSTEM message; the new member lists the conversation and reads its history."""
    ana, ben, eve = await people.register(3, instance)
    made = await api.group(ana, ben)
    group = made["id"]
    await api.send(ana, group, "before eve")
    last = (await api.get_conversation(ana, group))["last_seq"]
    await add_member(api, ana, group, eve.id)
    (update,) = await updates(api, ben, group, last)
    assert update["type"] == "conversation.updated"
    assert [card["id"] for card in update["changed"]["joined"]] == [eve.id]
    assert update["member_count"] == 3
    assert update["message"]["message_type"] == "SYSTEM"
    shown = await api.get_conversation(eve, group)
    assert shown["member_count"] == 3
    assert {card["id"] for card in shown["participants"]} == {ana.id, ben.id, eve.id}
    assert [conversation["id"] for conversation in (await api.get(eve, ROOT))["items"]] == [group]
    assert "before eve" in [message["content"] for message in await history(api, eve, group)]
    await api.send(eve, group, "hello")


async def test_adding_a_member_is_idempotent(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """204, no SYSTEM message, no seq."""
    ana, ben = await people.shared(2, instance)
    made = await api.group(ana, ben)
    for user_id in (ben.id, ana.id):
        await add_member(api, ana, made["id"], user_id)
    shown = await api.get_conversation(ben, made["id"])
    assert (shown["last_seq"], shown["member_count"]) == (made["last_seq"], 2)


async def test_unknown_user_cannot_be_added(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """404 `user.not_found`."""
    ana, ben = await people.shared(2, instance)
    made = await api.group(ana, ben)
    for unknown_id in (str(uuid4()), "nobody", "0" * 24):
        await api.expect_error(
            "user.not_found", 404, ana, "PUT", f"{ROOT}/{made['id']}/participants/{unknown_id}"
        )
    assert (await api.get_conversation(ana, made["id"]))["member_count"] == 2


async def test_concurrent_adds_have_one_effect(
    start_instance: StartInstance, people: RegisteredUsers
) -> None:
    """Ten requests on two instances: one SYSTEM message."""
    first, second = await start_instance(), await start_instance()
    ana, ben, eve = await people.shared(3, first)
    async with ApiClient(first) as here, ApiClient(second) as there:
        group = (await here.group(ana, ben))["id"]
        apis = [here, there] * 5
        await asyncio.gather(*(add_member(api, ana, group, eve.id) for api in apis))
        for api in (here, there):
            assert (await api.get_conversation(eve, group))["member_count"] == 3
            assert await count_system_messages(api, eve, group) == 1


# --- leaving


async def test_admin_removes_a_member(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """204 and one SYSTEM message; the former member no longer sees the conversation."""
    ana, ben, eve = await people.register(3, instance)
    made = await api.group(ana, ben, eve)
    group = made["id"]
    await remove_member(api, ana, group, eve.id)
    (update,) = await updates(api, ben, group, made["last_seq"])
    assert update["changed"] == {"left": [eve.id]}
    assert update["member_count"] == 2
    assert {card["id"] for card in (await api.get_conversation(ben, group))["participants"]} == {
        ana.id,
        ben.id,
    }
    assert (await api.get(eve, ROOT))["items"] == []
    await api.expect_error("conversation.not_found", 404, eve, "GET", f"{ROOT}/{group}")


async def test_returning_member_reads_everything(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Including messages sent in the absence; earlier state does not interfere."""
    ana, ben, eve = await people.shared(3, instance)
    group = (await api.group(ana, ben, eve))["id"]
    await remove_member(api, eve, group, eve.id)
    await api.send(ana, group, "while she was away")
    await add_member(api, ana, group, eve.id, status=202)
    await api.expect(204, eve, "PUT", f"{ROOT}/requests/{group}")
    assert "while she was away" in [message["content"] for message in await history(api, eve, group)]
    assert (await api.get_conversation(eve, group))["member_count"] == 3
    await api.send(eve, group, "back")
    assert await count_system_messages(api, ben, group) == 2


async def test_removing_a_non_member_is_not_found(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """404 `participant.not_found`, and nothing is written."""
    ana, ben, eve = await people.shared(3, instance)
    made = await api.group(ana, ben)
    for unknown_id in (eve.id, str(uuid4()), "nonsense"):
        status, problem, _ = await api.request(
            ana, "DELETE", f"{ROOT}/{made['id']}/participants/{unknown_id}"
        )
        assert status == 404
        assert problem["code"] in {"participant.not_found", "user.not_found"}
    assert (await api.get_conversation(ana, made["id"]))["last_seq"] == made["last_seq"]


async def test_member_leaves(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """No permission is needed; a second time it is 404."""
    ana, ben = await people.shared(2, instance)
    group = (await api.group(ana, ben))["id"]
    await remove_member(api, ben, group, ben.id)
    await api.expect_error(
        "conversation.not_found", 404, ben, "DELETE", f"{ROOT}/{group}/participants/{ben.id}"
    )
    assert (await api.get_conversation(ana, group))["member_count"] == 1


async def test_longest_member_succeeds_the_last_admin(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """The member who joined first becomes admin, with the permissions."""
    ana, ben, eve, dan = await people.shared(4, instance)
    made = await api.group(ana, ben)
    group = made["id"]
    await add_member(api, ana, group, eve.id)
    await remove_member(api, ana, group, ben.id)
    await add_member(api, ana, group, dan.id)
    await add_member(api, ana, group, ben.id)
    before = (await api.get_conversation(ana, group))["last_seq"]
    await remove_member(api, ana, group, ana.id)
    shown = await api.get_conversation(ben, group)
    assert shown["admins"] == [eve.id]
    (update,) = await updates(api, ben, group, before)
    assert update["changed"]["left"] == [ana.id]
    assert update["changed"]["admins"] == [eve.id]
    await add_member(api, eve, group, ana.id, status=202)
    await api.expect(204, ana, "PUT", f"{ROOT}/requests/{group}")
    assert (await api.get_conversation(ana, group))["admins"] == [eve.id]


async def test_one_of_two_admins_leaves(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """The other one stays admin; no member is promoted."""
    ana, ben, eve = await people.shared(3, instance)
    group = (await api.group(ana, ben, eve))["id"]
    await api.expect(200, ana, "PATCH", f"{ROOT}/{group}", {"admins": [ana.id, eve.id]})
    await remove_member(api, ana, group, ana.id)
    assert (await api.get_conversation(ben, group))["admins"] == [eve.id]


async def test_last_member_may_leave(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """The conversation is then visible to no user."""
    ana, ben = await people.shared(2, instance)
    group = (await api.group(ana, ben))["id"]
    for person in (ana, ben):
        await remove_member(api, person, group, person.id)
        await api.expect_error("conversation.not_found", 404, person, "GET", f"{ROOT}/{group}")


async def test_direct_conversation_cannot_be_changed(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """409 `conversation.direct` for name, admins, adding, removing and leaving; nothing is written."""
    ana, ben, eve = await people.register(3, instance)
    made = await api.direct(ana, ben)
    path = f"{ROOT}/{made['id']}"
    code = "conversation.direct"
    await api.expect_error(code, 409, ana, "PATCH", path, {"name": "x"})
    await api.expect_error(code, 409, ana, "PATCH", path, {"admins": [ana.id]})
    for user in (ana, ben, eve):
        await api.expect_error(code, 409, ana, "PUT", f"{path}/participants/{user.id}")
        await api.expect_error(code, 409, ana, "DELETE", f"{path}/participants/{user.id}")
    shown = await api.get_conversation(ben, made["id"])
    assert shown == {**made, "read_seq": shown["read_seq"]}


async def test_members_get_membership_events(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """`conversation.joined` precedes all frames of it; `conversation.left` is the last one."""
    ana, ben, eve = await people.register(3, instance)
    group = (await api.group(ana, ben))["id"]
    async with connect_peer(instance.port) as socket:
        await socket.open(eve.token)
        await add_member(api, ana, group, eve.id)
        joined = await socket.next_of("conversation.joined")
        assert not socket.skipped
        assert joined["conversation"]["id"] == group
        assert joined["conversation"]["member_count"] == 3
        sent = await api.send(ben, group, "hello eve")
        assert await received_update(socket, group, sent["seq"])
        await remove_member(api, ana, group, eve.id)
        left = await socket.next_of("conversation.left")
        assert left["conversation_id"] == group
        assert left["position"] == joined["position"] + 1
        await api.send(ben, group, "not for eve")
        other = (await api.group(eve, ben))["id"]
        sent = await api.send(ben, other, "a mark")
        assert await received_update(socket, other, sent["seq"])
        behind = [frame for frame in socket.skipped if frame.get("conversation_id") == group]
        assert "not for eve" not in str(behind)


async def received_update(socket: Peer, group: str, seq: int) -> bool:
    """Wait for the entry, or a `lagged` that covers it: a new member may miss entries in flight."""
    while True:
        message = await socket.next_of("message.created", "lagged")
        assert message["conversation_id"] == group, message
        if message.get("seq") == seq or message.get("from_seq", seq + 1) <= seq <= message.get("to_seq", 0):
            return True
