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
from tests.journeys.caller import Caller
from tests.journeys.conftest import Pair
from tests.journeys.person import Person
from tests.journeys.viewer import Viewer


async def test_messages_and_what_becomes_of_them(pair: Pair) -> None:
    """Sent, edited, reacted to and deleted, by others and by oneself elsewhere; read ones and unread ones."""
    here, there = pair
    ana, ben = await Person.register("ana", here), await Person.register("ben", there)
    group = await ana.group(here, [ben])
    async with (
        Client([here.url], ana.token) as anas,
        Client([here.url], ben.token) as bens,
        Viewer(ben, there) as viewer,
    ):
        first = await viewer.sees(anas.send(group, "helo"), MessageCreated)
        second = await viewer.sees(anas.send(group, "a slip", reply_to=first.message_id), MessageCreated)
        await viewer.sees(anas.edit(group, first.message_id, "hello"), MessageUpdated)
        await viewer.sees(anas.edit(group, second.message_id, "a slip of the pen"), MessageUpdated)
        await viewer.sees(anas.react(group, first.message_id, "👍"), MessageUpdated)
        await viewer.sees(bens.react(group, first.message_id, "👍"), MessageUpdated)
        await viewer.sees(anas.react(group, first.message_id, "👍", add=False), MessageUpdated)
        await viewer.sees(anas.delete(group, second.message_id), MessageUpdated)
        await viewer.sees(bens.send(group, "an answer"), MessageCreated)
        third = await viewer.sees(anas.send(group, "and on"), MessageCreated)
        await viewer.sees(bens.react(group, third.message_id, "👎"), MessageUpdated)
        await viewer.sees(bens.read(group, third.seq), ConversationMarked)
        await viewer.sees(anas.delete(group, third.message_id), MessageUpdated)


async def test_who_is_in_a_group_and_what_it_is_called(pair: Pair) -> None:
    """Renamed, others made admins, come and gone; and the viewer taken in, put out, and taken in again."""
    here, there = pair
    ana, ben, cleo = [await Person.register(name, here) for name in ("ana", "ben", "cleo")]
    async with (
        ana.http(here) as anas,
        cleo.http(here) as cleos,
        Viewer(ben, there) as viewer,
    ):
        made = await viewer.sees(
            anas.create_conversation(ConversationType.GROUP, [ben.id], "Tea"), ConversationJoined
        )
        await viewer.sees(anas.patch(made.id, name="Tea and cake"), ConversationUpdated)
        await viewer.sees(anas.add(made.id, cleo.id), ConversationUpdated)
        await viewer.sees(anas.patch(made.id, admins=[ana.id, cleo.id]), ConversationUpdated)
        await viewer.sees(cleos.send(made.id, "hello", client_id="1"), MessageCreated)
        await viewer.sees(cleos.remove(made.id, cleo.id), ConversationUpdated)
        await viewer.sees(anas.add(made.id, cleo.id), ConversationUpdated)
        await viewer.sees(anas.remove(made.id, cleo.id), ConversationUpdated)
        await viewer.sees(anas.remove(made.id, ben.id), ConversationLeft)
        await anas.send(made.id, "not for him", client_id="2")
        await viewer.sees(anas.add(made.id, ben.id), ConversationJoined)
        await viewer.sees(anas.send(made.id, "for him", client_id="3"), MessageCreated)
        await viewer.sees(anas.remove(made.id, ana.id), ConversationUpdated)
        direct = await viewer.sees(
            anas.create_conversation(ConversationType.DIRECT, [ben.id]), ConversationJoined
        )
        await viewer.sees(anas.send(direct.id, "still there?", client_id="4"), MessageCreated)


async def test_what_one_reads_at_another_device(pair: Pair) -> None:
    """The mark moves on, over HTTP and over a socket, also to where something is still unread."""
    here, there = pair
    ana, ben = await Person.register("ana", here), await Person.register("ben", there)
    group = await ana.group(here, [ben])
    async with (
        Client([here.url], ana.token) as anas,
        Client([here.url], ben.token) as bens,
        ben.http(here) as bens_http,
    ):
        for number in range(4):
            await anas.send(group, str(number))
        async with Viewer(ben, there) as viewer:
            await viewer.sees(bens.read(group, 1), ConversationMarked)
            await viewer.sees(bens_http.read(group, 3), ConversationMarked)
            await viewer.sees(anas.send(group, "more"), MessageCreated)
            await viewer.sees(bens.read(group, 100), ConversationMarked)


async def test_notifications_made_counted_up_and_read(pair: Pair) -> None:
    """One after the other, together with others of their kind, and read one by one and all at once."""
    here, there = pair
    ana, ben, cleo = [await Person.register(name, here) for name in ("ana", "ben", "cleo")]
    group = await ana.group(here, [ben])
    async with (
        Caller(ana, here) as anas,
        Caller(cleo, here) as cleos,
        Caller(ben, here) as bens,
        ana.http(here) as http,
        Viewer(ben, there) as viewer,
    ):
        await viewer.sees(anas.follow(ben.id), NotificationCreated)
        await viewer.sees(cleos.follow(ben.id), NotificationCreated)
        post_id = await bens.post("hello")
        await viewer.sees(anas.like(post_id), NotificationCreated)
        comment = {"content": "hello Ben"}
        await viewer.sees(anas.do("POST", f"/v1/posts/{post_id}/comments", comment), NotificationCreated)
        mention = http.send(group, "@ben?", client_id="1", mentions=[ben.id])
        await viewer.sees(mention, MessageCreated, NotificationCreated)
        first, *_ = await bens.items("/v1/notifications")
        await viewer.sees(bens.do("PUT", f"/v1/notifications/{first['id']}/read"), NotificationRead)
        await viewer.sees(cleos.like(post_id), NotificationCreated)
        await viewer.sees(bens.do("PUT", "/v1/notifications/read"), NotificationRead)
        await viewer.sees(cleos.do("POST", f"/v1/posts/{post_id}/comments", comment), NotificationCreated)
