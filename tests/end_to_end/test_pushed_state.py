"""A view that was read over HTTP and kept up by frames, against one that is read anew: they are the same.

Each change is made at one instance; the view is somebody's who is at the other.
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
    """Sent, edited, reacted to and deleted, by others and by oneself elsewhere; read ones and unread ones."""
    here, there = pair
    ana, ben = await RegisteredUser.register("ana", here), await RegisteredUser.register("ben", there)
    group = await ana.create_group(here, [ben])
    async with (
        Client([here.url], ana.token) as anas,
        Client([here.url], ben.token) as bens,
        StateViewer(ben, there) as viewer,
    ):
        first = await viewer.expect(anas.send(group, "helo"), MessageCreated)
        second = await viewer.expect(anas.send(group, "a slip", reply_to=first.message_id), MessageCreated)
        await viewer.expect(anas.edit(group, first.message_id, "hello"), MessageUpdated)
        await viewer.expect(anas.edit(group, second.message_id, "a slip of the pen"), MessageUpdated)
        await viewer.expect(anas.react(group, first.message_id, "👍"), MessageUpdated)
        await viewer.expect(bens.react(group, first.message_id, "👍"), MessageUpdated)
        await viewer.expect(anas.react(group, first.message_id, "👍", add=False), MessageUpdated)
        await viewer.expect(anas.delete(group, second.message_id), MessageUpdated)
        await viewer.expect(bens.send(group, "an answer"), MessageCreated)
        third = await viewer.expect(anas.send(group, "and on"), MessageCreated)
        await viewer.expect(bens.react(group, third.message_id, "👎"), MessageUpdated)
        await viewer.expect(bens.mark_read(group, third.seq), ConversationMarked)
        await viewer.expect(anas.delete(group, third.message_id), MessageUpdated)


async def test_pushed_group_settings_match_the_api(pair: Pair) -> None:
    """Renamed, others made admins, come and gone; and the viewer taken in, put out, and taken in again."""
    here, there = pair
    ana, ben, cleo = [await RegisteredUser.register(name, here) for name in ("ana", "ben", "cleo")]
    async with (
        ana.http(here) as anas,
        cleo.http(here) as cleos,
        StateViewer(ben, there) as viewer,
    ):
        made = await viewer.expect(
            anas.create_conversation(ConversationType.GROUP, [ben.id], "Tea"), ConversationJoined
        )
        await viewer.expect(anas.update_conversation(made.id, name="Tea and cake"), ConversationUpdated)
        await viewer.expect(anas.add_participant(made.id, cleo.id), ConversationUpdated)
        await viewer.expect(anas.update_conversation(made.id, admins=[ana.id, cleo.id]), ConversationUpdated)
        await viewer.expect(cleos.send(made.id, "hello", client_id="1"), MessageCreated)
        await viewer.expect(cleos.remove_participant(made.id, cleo.id), ConversationUpdated)
        await viewer.expect(anas.add_participant(made.id, cleo.id), ConversationUpdated)
        await viewer.expect(anas.remove_participant(made.id, cleo.id), ConversationUpdated)
        await viewer.expect(anas.remove_participant(made.id, ben.id), ConversationLeft)
        await anas.send(made.id, "not for him", client_id="2")
        await viewer.expect(anas.add_participant(made.id, ben.id), ConversationJoined)
        await viewer.expect(anas.send(made.id, "for him", client_id="3"), MessageCreated)
        await viewer.expect(anas.remove_participant(made.id, ana.id), ConversationUpdated)
        direct = await viewer.expect(
            anas.create_conversation(ConversationType.DIRECT, [ben.id]), ConversationJoined
        )
        await viewer.expect(anas.send(direct.id, "still there?", client_id="4"), MessageCreated)


async def test_pushed_read_marks_match_the_api(pair: Pair) -> None:
    """The mark moves on, over HTTP and over a socket, also to where something is still unread."""
    here, there = pair
    ana, ben = await RegisteredUser.register("ana", here), await RegisteredUser.register("ben", there)
    group = await ana.create_group(here, [ben])
    async with (
        Client([here.url], ana.token) as anas,
        Client([here.url], ben.token) as bens,
        ben.http(here) as bens_http,
    ):
        for number in range(4):
            await anas.send(group, str(number))
        async with StateViewer(ben, there) as viewer:
            await viewer.expect(bens.mark_read(group, 1), ConversationMarked)
            await viewer.expect(bens_http.mark_read(group, 3), ConversationMarked)
            await viewer.expect(anas.send(group, "more"), MessageCreated)
            await viewer.expect(bens.mark_read(group, 100), ConversationMarked)


async def test_pushed_notifications_match_the_api(pair: Pair) -> None:
    """One after the other, together with others of their kind, and read one by one and all at once."""
    here, there = pair
    ana, ben, cleo = [await RegisteredUser.register(name, here) for name in ("ana", "ben", "cleo")]
    group = await ana.create_group(here, [ben])
    async with (
        UserApi(ana, here) as anas,
        UserApi(cleo, here) as cleos,
        UserApi(ben, here) as bens,
        ana.http(here) as http,
        StateViewer(ben, there) as viewer,
    ):
        await viewer.expect(anas.follow(ben.id), NotificationCreated)
        await viewer.expect(cleos.follow(ben.id), NotificationCreated)
        post_id = await bens.post("hello")
        await viewer.expect(anas.like(post_id), NotificationCreated)
        comment = {"content": "hello Ben"}
        await viewer.expect(
            anas.request_ok("POST", f"/v1/posts/{post_id}/comments", comment), NotificationCreated
        )
        mention = http.send(group, "@ben?", client_id="1", mentions=[ben.id])
        await viewer.expect(mention, MessageCreated, NotificationCreated)
        first, *_ = await bens.list_all("/v1/notifications")
        await viewer.expect(bens.request_ok("PUT", f"/v1/notifications/{first['id']}/read"), NotificationRead)
        await viewer.expect(cleos.like(post_id), NotificationCreated)
        await viewer.expect(bens.request_ok("PUT", "/v1/notifications/read"), NotificationRead)
        await viewer.expect(
            cleos.request_ok("POST", f"/v1/posts/{post_id}/comments", comment), NotificationCreated
        )
