"""Devices at one instance that want different things, while all of it happens at the other."""

from contextlib import AsyncExitStack

from actors.protocol.event_filter import EventGroup
from actors.protocol.server_frames import ServerFrame
from client.client import Client
from tests.journeys.caller import Caller
from tests.journeys.conftest import Pair
from tests.journeys.instance import Instance
from tests.journeys.patience import eventually
from tests.journeys.person import Person
from tests.journeys.test_town import event
from tests.journeys.wire import wire

WANTED = {
    EventGroup.MESSAGES: {"message.created", "message.updated", "conversation.updated"},
    EventGroup.RECEIPTS: {"conversation.read"},
    EventGroup.TYPING: {"typing"},
    EventGroup.PRESENCE: {"presence.changed"},
    EventGroup.FEED: {"feed.post_created"},
    EventGroup.NOTIFICATIONS: {"notification.created", "notification.read"},
    EventGroup.EVENTS: {"event.updated"},
}
ALWAYS = {"conversation.joined", "conversation.left", "conversation.marked", "user.updated"}
LAST = {"notification.read", "conversation.left"}
EVERYTHING = ALWAYS.union(*WANTED.values())


class Device:
    """Of somebody who wants some of it; None is all."""

    def __init__(self, who: Person, at: Instance, intents: list[EventGroup] | None) -> None:
        wanted = EventGroup if intents is None else intents
        self.wanted = ALWAYS.union(*(WANTED[one] for one in wanted))
        self.heard: set[str] = set()
        self.client = Client([at.url], who.token, on_frame=self._hear, intents=intents)

    def _hear(self, frame: ServerFrame) -> None:
        self.heard.add(str(type(frame).__struct_config__.tag))


async def test_each_device_hears_what_it_wants(pair: Pair) -> None:
    """All of that and nothing else; what says in which conversations one is comes to every one of them."""
    here, there = pair
    ana, ben = await Person.register("ana", here), await Person.register("ben", here)
    async with AsyncExitStack() as stack:
        anas = await stack.enter_async_context(Caller(ana, here))
        bens = await stack.enter_async_context(Caller(ben, here))
        await bens.follow(ana.id)
        path = f"/v1/events/{(await event(anas, 'Boules', 3))['id']}"
        await bens.do("PUT", f"{path}/rsvp", {"status": "MAYBE"})

        chosen: list[list[EventGroup] | None] = [
            None,
            [],
            [EventGroup.FEED, EventGroup.TYPING],
            *([one] for one in EventGroup),
        ]
        devices = [Device(ben, there, intents) for intents in chosen]
        for device in devices:
            await stack.enter_async_context(device.client)
            await device.client.watch_presence([ana.id])
        group = await ana.group(here, [ben])
        await much_is_said(here, ana, ben, group)
        await anas.post("hello town")
        await anas.do("PATCH", path, {"title": "Petanque"})
        await bens.do("PATCH", "/v1/users/me", {"bio": "so"})
        await eventually(lambda: all(device.heard >= device.wanted - LAST for device in devices))
        await bens.do("PUT", "/v1/notifications/read")
        async with ana.http(here) as http:
            await http.remove(group, ben.id)
        await eventually(lambda: all(device.heard >= device.wanted for device in devices))
        for device in devices:
            # What was on its way to a device has come once it is answered.
            await device.client.ping()
            assert device.heard == device.wanted
        assert devices[0].wanted == EVERYTHING


async def much_is_said(here: Instance, ana: Person, ben: Person, group: str) -> None:
    """All that there is to hear as a member."""
    async with (
        Client([here.url], ana.token) as phone,
        Client([here.url], ben.token) as laptop,
        wire(here, ana.token) as typist,
        ana.http(here) as http,
    ):
        sent = await phone.send(group, "hello", mentions=[ben.id])
        await phone.react(group, sent.message_id, "👍")
        await http.patch(group, name="Tea")
        await laptop.read(group, sent.seq)
        answer = await laptop.send(group, "so")
        await phone.read(group, answer.seq)
        await typist.request("typing", conversation_id=group, active=True)
