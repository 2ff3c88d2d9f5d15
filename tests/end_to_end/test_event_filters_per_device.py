"""Devices at one instance that want different things, while all of it happens at the other."""

from contextlib import AsyncExitStack

from actors.protocol.event_filter import EventGroup
from actors.protocol.server_frames import ServerFrame
from client.client import Client
from tests.end_to_end.conftest import Pair
from tests.end_to_end.polling import wait_until
from tests.end_to_end.raw_socket import open_socket
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.server_process import ServerProcess
from tests.end_to_end.test_social_features import create_event
from tests.end_to_end.user_api import UserApi

FRAMES_BY_GROUP = {
    EventGroup.MESSAGES: {"message.created", "message.updated", "conversation.updated"},
    EventGroup.RECEIPTS: {"conversation.read"},
    EventGroup.TYPING: {"typing"},
    EventGroup.PRESENCE: {"presence.changed"},
    EventGroup.FEED: {"feed.post_created"},
    EventGroup.NOTIFICATIONS: {"notification.created", "notification.read"},
    EventGroup.EVENTS: {"event.updated"},
}
UNFILTERED_FRAMES = {"conversation.joined", "conversation.left", "conversation.marked", "user.updated"}
FINAL_FRAMES = {"notification.read", "conversation.left"}
ALL_FRAMES = UNFILTERED_FRAMES.union(*FRAMES_BY_GROUP.values())


class FilteredDevice:
    """Of somebody who wants some of it; None is all."""

    def __init__(
        self, user: RegisteredUser, instance: ServerProcess, event_filter: list[EventGroup] | None
    ) -> None:
        wanted = EventGroup if event_filter is None else event_filter
        self.expected = UNFILTERED_FRAMES.union(*(FRAMES_BY_GROUP[one] for one in wanted))
        self.received: set[str] = set()
        self.client = Client([instance.url], user.token, on_frame=self._on_frame, event_filter=event_filter)

    def _on_frame(self, frame: ServerFrame) -> None:
        self.received.add(str(type(frame).__struct_config__.tag))


async def test_each_device_receives_its_event_groups(pair: Pair) -> None:
    """All of that and nothing else; what says in which conversations one is comes to every one of them."""
    here, there = pair
    ana, ben = await RegisteredUser.register("ana", here), await RegisteredUser.register("ben", here)
    async with AsyncExitStack() as stack:
        anas = await stack.enter_async_context(UserApi(ana, here))
        bens = await stack.enter_async_context(UserApi(ben, here))
        await bens.follow(ana.id)
        path = f"/v1/events/{(await create_event(anas, 'Boules', 3))['id']}"
        await bens.request_ok("PUT", f"{path}/rsvp", {"status": "MAYBE"})

        chosen: list[list[EventGroup] | None] = [
            None,
            [],
            [EventGroup.FEED, EventGroup.TYPING],
            *([one] for one in EventGroup),
        ]
        devices = [FilteredDevice(ben, there, intents) for intents in chosen]
        for device in devices:
            await stack.enter_async_context(device.client)
            await device.client.watch_presence([ana.id])
        group = await ana.create_group(here, [ben])
        await produce_member_events(here, ana, ben, group)
        await anas.post("hello town")
        await anas.request_ok("PATCH", path, {"title": "Petanque"})
        await bens.request_ok("PATCH", "/v1/users/me", {"bio": "so"})
        await wait_until(lambda: all(device.received >= device.expected - FINAL_FRAMES for device in devices))
        await bens.request_ok("PUT", "/v1/notifications/read")
        async with ana.http(here) as http:
            await http.remove_participant(group, ben.id)
        await wait_until(lambda: all(device.received >= device.expected for device in devices))
        for device in devices:
            # What was on its way to a device has come once it is answered.
            await device.client.ping()
            assert device.received == device.expected
        assert devices[0].expected == ALL_FRAMES


async def produce_member_events(
    instance: ServerProcess, ana: RegisteredUser, ben: RegisteredUser, group: str
) -> None:
    """All that there is to hear as a member."""
    async with (
        Client([instance.url], ana.token) as phone,
        Client([instance.url], ben.token) as laptop,
        open_socket(instance, ana.token) as typist,
        ana.http(instance) as http,
    ):
        sent = await phone.send(group, "hello", mentions=[ben.id])
        await phone.react(group, sent.message_id, "👍")
        await http.update_conversation(group, name="Tea")
        await laptop.mark_read(group, sent.seq)
        answer = await laptop.send(group, "so")
        await phone.mark_read(group, answer.seq)
        await typist.request("typing", conversation_id=group, active=True)
