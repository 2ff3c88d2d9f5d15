"""Tests of notifications: once, not about the user's own actions, and the same on every device."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers
from tests.server.websocket.peer import Peer, connect_peer

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
LIST = "/v1/notifications"
COUNT = "/v1/notifications/unread_count"


async def wait_for_notifications(api: ApiClient, person: RegisteredUser, count: int) -> list[Json]:
    """Wait until a user has this many notifications, and return them."""
    page = await api.wait_for(person, LIST, lambda page: len(page["items"]) >= count)
    items: list[Json] = page["items"]
    assert len(items) == count, items
    return items


async def like(api: ApiClient, person: RegisteredUser, post: Json) -> None:
    await api.expect(204, person, "PUT", f"/v1/posts/{post['id']}/like")


async def unlike(api: ApiClient, person: RegisteredUser, post: Json) -> None:
    await api.expect(204, person, "DELETE", f"/v1/posts/{post['id']}/like")


async def count_unread(api: ApiClient, person: RegisteredUser) -> int:
    count: int = (await api.get(person, COUNT))["unread_count"]
    return count


@contextlib.asynccontextmanager
async def open_socket(instance: Instance, person: RegisteredUser) -> AsyncIterator[tuple[Peer, Json]]:
    """Open a websocket of a user; return it with its `ready`."""
    async with connect_peer(instance.port) as connected:
        await connected.upgrade(person.token)
        assert (await connected.message())["type"] == "hello"
        yield connected, await connected.message()


async def test_follow_creates_a_notification(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """With the follower; following again after unfollowing creates none."""
    ana, ben, eve = await people.register(3, instance)
    await api.follow(ben, ana)
    (notification,) = await wait_for_notifications(api, ana, 1)
    assert (notification["type"], notification["is_read"], notification["count"]) == ("FOLLOW", False, 1)
    assert (notification["sender"]["id"], notification["sender"]["username"]) == (ben.id, ben.username)
    assert notification["title"]
    assert notification["message"]
    await api.expect(204, ben, "DELETE", f"/v1/users/{ana.id}/follow")
    await api.follow(ben, ana)
    await api.follow(eve, ana)
    page = await api.wait_for(
        ana, LIST, lambda page: page["items"] and page["items"][0]["sender"]["id"] == eve.id
    )
    assert sum(item["count"] for item in page["items"]) == 2
    assert await count_unread(api, ben) == 0


async def test_repeated_like_notifies_once(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """One notification with a count of one."""
    ana, ben, eve = await people.register(3, instance)
    post, last = await api.post(ana), await api.post(ana)
    await like(api, ben, post)
    await unlike(api, ben, post)
    await like(api, ben, post)
    await like(api, ben, post)
    await like(api, eve, last)
    items = await wait_for_notifications(api, ana, 2)
    assert [(item["type"], item["reference_id"], item["count"]) for item in items] == [
        ("LIKE", last["id"], 1),
        ("LIKE", post["id"], 1),
    ]
    assert items[1]["sender"]["id"] == ben.id
    assert await count_unread(api, ana) == 2


async def test_likes_of_a_post_are_grouped(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Two likes are one unread notification with a count of two."""
    ana, ben, eve = await people.register(3, instance)
    post = await api.post(ana)
    await like(api, ben, post)
    (first,) = await wait_for_notifications(api, ana, 1)
    await like(api, eve, post)
    page = await api.wait_for(ana, LIST, lambda page: page["items"][0]["count"] == 2)
    (notification,) = page["items"]
    assert (notification["type"], notification["reference_id"], notification["is_read"]) == (
        "LIKE",
        post["id"],
        False,
    )
    assert notification["id"] == first["id"]
    assert await count_unread(api, ana) == 1


async def test_comment_notifies_the_author(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """The author of the post, with the commenter; not other commenters."""
    ana, ben, eve = await people.register(3, instance)
    post = await api.post(ana)
    await api.comment(ben, post["id"])
    (notification,) = await wait_for_notifications(api, ana, 1)
    assert (notification["type"], notification["reference_id"]) == ("COMMENT", post["id"])
    assert notification["sender"]["id"] == ben.id
    await api.comment(eve, post["id"])
    page = await api.wait_for(ana, LIST, lambda page: page["items"][0]["sender"]["id"] == eve.id)
    assert sum(item["count"] for item in page["items"]) == 2
    assert await count_unread(api, ben) == 0


async def test_mention_notifies_members_only(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Not users outside of the conversation, and not the author."""
    ana, ben, eve, outsider = await people.register(4, instance)
    group = (await api.group(ana, ben, eve))["id"]
    await api.send(ana, group, "all of you", mentions=[ben.id, outsider.id, ana.id])
    (notification,) = await wait_for_notifications(api, ben, 1)
    assert notification["type"] == "MENTION"
    assert notification["sender"]["id"] == ana.id
    other = (await api.group(ben, ana, outsider))["id"]
    await api.send(ben, other, "now you", mentions=[ana.id, outsider.id])
    for person in (ana, outsider):
        (only,) = await wait_for_notifications(api, person, 1)
        assert (only["type"], only["sender"]["id"]) == ("MENTION", ben.id)
    assert await count_unread(api, eve) == 0


async def test_mention_with_unusual_text_does_not_block_later_ones(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Group names and messages with joiners and private characters do not stop the queue."""
    ana, ben = await people.register(2, instance)
    group = (await api.group(ana, ben, name="a\u200d\u0301 \U0001f600\uf8ff"))["id"]
    await api.send(ana, group, "x\u2028y\u202e\U0003fffd \U0001f600" * 300, mentions=[ben.id])
    await wait_for_notifications(api, ben, 1)
    await api.send(ana, (await api.group(ana, ben))["id"], "plain", mentions=[ben.id])
    await wait_for_notifications(api, ben, 2)


async def test_own_actions_do_not_notify(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """The user's own like, comment and mention."""
    ana, ben = await people.register(2, instance)
    post, group = await api.post(ana), (await api.group(ana, ben))["id"]
    await like(api, ana, post)
    await api.comment(ana, post["id"])
    await api.send(ana, group, "me", mentions=[ana.id])
    await like(api, ben, await api.post(ana))
    await api.comment(ben, post["id"])
    await api.send(ben, group, "you", mentions=[ana.id])
    items = await wait_for_notifications(api, ana, 3)
    assert {item["sender"]["id"] for item in items} == {ben.id}
    assert {(item["type"], item["count"]) for item in items} == {("LIKE", 1), ("COMMENT", 1), ("MENTION", 1)}


async def test_no_notifications_across_a_block(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Neither of the two, also in a group of both."""
    ana, ben, eve = await people.register(3, instance)
    group = (await api.group(eve, ana, ben))["id"]
    await api.block(ana, ben)
    await api.send(ben, group, "ana", mentions=[ana.id])
    await api.send(ana, group, "ben", mentions=[ben.id])
    await api.send(eve, group, "both", mentions=[ana.id, ben.id])
    for person in (ana, ben):
        (only,) = await wait_for_notifications(api, person, 1)
        assert only["sender"]["id"] == eve.id


async def test_notifications_are_listed_and_marked_read(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Newest first, in pages; one is marked, then all; the unread count follows at once."""
    ana, ben = await people.register(2, instance)
    posts = [await api.post(ana) for _ in range(3)]
    for number, post in enumerate(posts, 1):
        await like(api, ben, post)
        await wait_for_notifications(api, ana, number)
    items = await api.collect_pages(ana, LIST, 2)
    assert [item["reference_id"] for item in items] == [post["id"] for post in reversed(posts)]
    assert await count_unread(api, ana) == 3
    for _ in range(2):
        await api.expect(204, ana, "PUT", f"{LIST}/{items[1]['id']}/read")
        assert await count_unread(api, ana) == 2
    notifications = await api.collect_pages(ana, f"{LIST}?unread=true", 1)
    assert [notification["id"] for notification in notifications] == [items[0]["id"], items[2]["id"]]
    assert [
        notification["is_read"] for notification in await api.collect_pages(ana, f"{LIST}?unread=false", 100)
    ] == [
        False,
        True,
        False,
    ]
    for _ in range(2):
        await api.expect(204, ana, "PUT", f"{LIST}/read")
        assert await count_unread(api, ana) == 0
        assert (await api.get(ana, f"{LIST}?unread=true"))["items"] == []
    assert all(notification["is_read"] for notification in await wait_for_notifications(api, ana, 3))


async def test_notifications_of_others_are_not_found(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """404 as for an unknown id; they stay unread."""
    ana, ben = await people.register(2, instance)
    await api.follow(ben, ana)
    (notification,) = await wait_for_notifications(api, ana, 1)
    for unseen in (notification["id"], str(uuid4())):
        await api.expect_error("notification.not_found", 404, ben, "PUT", f"{LIST}/{unseen}/read")
    await api.expect(204, ben, "PUT", f"{LIST}/read")
    assert await count_unread(api, ana) == 1
    assert (await api.get(ben, LIST))["items"] == []


async def test_every_device_is_notified(
    api: ApiClient, instance: Instance, second_instance: Instance, people: RegisteredUsers
) -> None:
    """Websockets of one user on two instances get the same frames with consecutive positions."""
    ana, ben, eve = await people.register(3, instance)
    post = await api.post(ana)
    async with open_socket(instance, ana) as (earlier, _):
        await api.follow(ben, ana)
        await earlier.next_of("notification.created")
    async with (
        open_socket(instance, ana) as (here, ready),
        open_socket(second_instance, ana) as (there, ready_there),
    ):
        assert ready["unread_notifications"] == ready_there["unread_notifications"] == 1
        assert (ready["epoch"], ready["position"]) == (ready_there["epoch"], ready_there["position"])
        await like(api, ben, post)
        first = await assert_same_frame(here, there, "notification.created")
        assert (first["notification"]["type"], first["unread_count"]) == ("LIKE", 2)
        await like(api, eve, post)
        again = await assert_same_frame(here, there, "notification.created")
        assert again["notification"]["id"] == first["notification"]["id"]
        assert (again["notification"]["count"], again["unread_count"]) == (2, 2)
        listed = await wait_for_notifications(api, ana, 2)
        assert again["notification"] == listed[0]
        await api.expect(204, ana, "PUT", f"{LIST}/{listed[0]['id']}/read")
        read = await assert_same_frame(here, there, "notification.read")
        assert (read["ids"], read["unread_count"]) == ([listed[0]["id"]], 1)
        await api.expect(204, ana, "PUT", f"{LIST}/read")
        everything = await assert_same_frame(here, there, "notification.read")
        assert (everything["ids"], everything["unread_count"]) == (None, 0)
        positions = [frame["position"] for frame in (first, again, read, everything)]
        assert positions == list(range(ready["position"] + 1, ready["position"] + 5))


@pytest.mark.parametrize("ends", ["deleted", "removed", "left", "blocked"])
async def test_mention_of_what_is_gone_is_withdrawn(
    api: ApiClient,
    second_api: ApiClient,
    instance: Instance,
    second_instance: Instance,
    people: RegisteredUsers,
    ends: str,
) -> None:
    """The message was deleted, or the user is no longer a member: live on all devices, on every instance."""
    ana, ben, eve = await people.register(3, instance)
    group = (await api.group(ana, ben, eve))["id"]
    message = await second_api.send(ana, group, "you two", mentions=[ben.id, eve.id])
    (notification,) = await wait_for_notifications(api, ben, 1)
    await wait_for_notifications(api, eve, 1)
    path = f"/v1/conversations/{group}"
    async with (
        open_socket(instance, ben) as (here, _),
        open_socket(second_instance, ben) as (there, _),
    ):
        match ends:
            case "deleted":
                await api.expect(204, ana, "DELETE", f"{path}/messages/{message['id']}")
            case "removed":
                await api.expect(204, ana, "DELETE", f"{path}/participants/{ben.id}")
            case "left":
                await api.expect(204, ben, "DELETE", f"{path}/participants/{ben.id}")
            case _:
                await api.block(ben, ana)
        read = await assert_same_frame(here, there, "notification.read")
        assert (read["ids"], read["unread_count"], read["withdrawn"]) == ([notification["id"]], 0, True)
    assert (await api.get(ben, LIST))["items"] == []
    remaining = 0 if ends == "deleted" else 1
    await api.wait_for(eve, LIST, lambda page: len(page["items"]) == remaining)


async def assert_same_frame(here: Peer, second_api: Peer, kind: str) -> Json:
    """Assert that the next frame of this kind is the same on both, and return it."""
    message = await here.next_of(kind)
    assert await second_api.next_of(kind) == message
    return message
