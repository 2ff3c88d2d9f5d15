"""State that is read once and updated by pushed frames equals the state read over HTTP.

Changes are made on one instance; the observed user is connected to the other.
"""

from actors.protocol.objects import ConversationType
from actors.protocol.server_frames import (
    ConversationJoined,
    ConversationLeft,
    ConversationMarked,
    ConversationUpdated,
    MessageCreated,
    MessageUpdated,
    NotificationCreated,
    NotificationRead,
)
from client.client import Client
from tests.end_to_end.conftest import Pair
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.state_viewer import StateViewer
from tests.end_to_end.user_api import UserApi


async def test_pushed_messages_match_the_api(pair: Pair) -> None:
    """Sends, edits, reactions and deletions by others and by the user's other device."""
    first_instance, second_instance = pair
    ana, ben = (
        await RegisteredUser.register("ana", first_instance),
        await RegisteredUser.register("ben", second_instance),
    )
    group = await ana.create_group(first_instance, [ben])
    async with (
        Client([first_instance.url], ana.token) as ana_client,
        Client([first_instance.url], ben.token) as ben_client,
        StateViewer(ben, second_instance) as viewer,
    ):
        first = await viewer.expect(ana_client.send(group, "helo"), MessageCreated)
        second = await viewer.expect(
            ana_client.send(group, "a slip", reply_to=first.message_id), MessageCreated
        )
        await viewer.expect(ana_client.edit(group, first.message_id, "hello"), MessageUpdated)
        await viewer.expect(ana_client.edit(group, second.message_id, "a slip of the pen"), MessageUpdated)
        await viewer.expect(ana_client.react(group, first.message_id, "👍"), MessageUpdated)
        await viewer.expect(ben_client.react(group, first.message_id, "👍"), MessageUpdated)
        await viewer.expect(ana_client.react(group, first.message_id, "👍", add=False), MessageUpdated)
        await viewer.expect(ana_client.delete(group, second.message_id), MessageUpdated)
        await viewer.expect(ben_client.send(group, "an answer"), MessageCreated)
        third = await viewer.expect(ana_client.send(group, "and on"), MessageCreated)
        await viewer.expect(ben_client.react(group, third.message_id, "👎"), MessageUpdated)
        await viewer.expect(ben_client.mark_read(group, third.seq), ConversationMarked)
        await viewer.expect(ana_client.delete(group, third.message_id), MessageUpdated)


async def test_pushed_group_settings_match_the_api(pair: Pair) -> None:
    """Renames, new admins, members added and removed, including the observed user."""
    first_instance, second_instance = pair
    ana, ben, cleo = [await RegisteredUser.register(name, first_instance) for name in ("ana", "ben", "cleo")]
    async with (
        ana.http(first_instance) as ana_http,
        cleo.http(first_instance) as cleo_http,
        StateViewer(ben, second_instance) as viewer,
    ):
        group = await viewer.expect(
            ana_http.create_conversation(ConversationType.GROUP, [ben.id], "Tea"), ConversationJoined
        )
        await viewer.expect(ana_http.update_conversation(group.id, name="Tea and cake"), ConversationUpdated)
        await viewer.expect(ana_http.add_participant(group.id, cleo.id), ConversationUpdated)
        await viewer.expect(
            ana_http.update_conversation(group.id, admins=[ana.id, cleo.id]), ConversationUpdated
        )
        await viewer.expect(cleo_http.send(group.id, "hello", client_id="1"), MessageCreated)
        await viewer.expect(cleo_http.remove_participant(group.id, cleo.id), ConversationUpdated)
        assert not await ana_http.add_participant(group.id, cleo.id)
        await viewer.expect(cleo_http.accept_conversation_request(group.id), ConversationUpdated)
        await viewer.expect(ana_http.remove_participant(group.id, cleo.id), ConversationUpdated)
        await viewer.expect(ana_http.remove_participant(group.id, ben.id), ConversationLeft)
        await ana_http.send(group.id, "not for him", client_id="2")
        await viewer.expect(ana_http.add_participant(group.id, ben.id), ConversationJoined)
        await viewer.expect(ana_http.send(group.id, "for him", client_id="3"), MessageCreated)
        await viewer.expect(ana_http.remove_participant(group.id, ana.id), ConversationUpdated)
        direct = await viewer.expect(
            ana_http.create_conversation(ConversationType.DIRECT, [ben.id]), ConversationJoined
        )
        await viewer.expect(ana_http.send(direct.id, "still there?", client_id="4"), MessageCreated)


async def test_pushed_read_marks_match_the_api(pair: Pair) -> None:
    """Read marks set over HTTP and over a socket, also with unread messages left."""
    first_instance, second_instance = pair
    ana, ben = (
        await RegisteredUser.register("ana", first_instance),
        await RegisteredUser.register("ben", second_instance),
    )
    group = await ana.create_group(first_instance, [ben])
    async with (
        Client([first_instance.url], ana.token) as ana_client,
        Client([first_instance.url], ben.token) as ben_client,
        ben.http(first_instance) as ben_http,
    ):
        for number in range(4):
            await ana_client.send(group, str(number))
        async with StateViewer(ben, second_instance) as viewer:
            await viewer.expect(ben_client.mark_read(group, 1), ConversationMarked)
            await viewer.expect(ben_http.mark_read(group, 3), ConversationMarked)
            await viewer.expect(ana_client.send(group, "more"), MessageCreated)
            await viewer.expect(ben_client.mark_read(group, 100), ConversationMarked)


async def test_pushed_notifications_match_the_api(pair: Pair) -> None:
    """Single and grouped notifications, marked as read one by one and all at once."""
    first_instance, second_instance = pair
    ana, ben, cleo = [await RegisteredUser.register(name, first_instance) for name in ("ana", "ben", "cleo")]
    group = await ana.create_group(first_instance, [ben])
    async with (
        UserApi(ana, first_instance) as ana_api,
        UserApi(cleo, first_instance) as cleo_api,
        UserApi(ben, first_instance) as ben_api,
        ana.http(first_instance) as http,
        StateViewer(ben, second_instance) as viewer,
    ):
        await viewer.expect(ana_api.follow(ben.id), NotificationCreated)
        await viewer.expect(cleo_api.follow(ben.id), NotificationCreated)
        post_id = await ben_api.post("hello")
        await viewer.expect(ana_api.like(post_id), NotificationCreated)
        comment = {"content": "hello Ben"}
        await viewer.expect(
            ana_api.request_ok("POST", f"/v1/posts/{post_id}/comments", comment), NotificationCreated
        )
        mention = http.send(group, "@ben?", client_id="1", mentions=[ben.id])
        await viewer.expect(mention, MessageCreated, NotificationCreated)
        first, *_ = await ben_api.list_all("/v1/notifications")
        await viewer.expect(
            ben_api.request_ok("PUT", f"/v1/notifications/{first['id']}/read"), NotificationRead
        )
        await viewer.expect(cleo_api.like(post_id), NotificationCreated)
        await viewer.expect(ben_api.request_ok("PUT", "/v1/notifications/read"), NotificationRead)
        await viewer.expect(
            cleo_api.request_ok("POST", f"/v1/posts/{post_id}/comments", comment), NotificationCreated
        )
