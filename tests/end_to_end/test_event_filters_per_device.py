"""Devices with different event filters on one instance, while the events occur on the other."""

from contextlib import AsyncExitStack

from actors.protocol.event_filter import EventGroup
from actors.protocol.server_frames import ServerFrame
from client.client import Client
from client.client_settings import ClientSettings
from tests.end_to_end.conftest import Pair
from tests.end_to_end.polling import wait_until
from tests.end_to_end.raw_socket import open_socket
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.server_process import ServerProcess
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
    """A device with an event filter; None receives everything."""

    def __init__(
        self, user: RegisteredUser, instance: ServerProcess, event_filter: tuple[EventGroup, ...] | None
    ) -> None:
        groups = EventGroup if event_filter is None else event_filter
        self.expected = UNFILTERED_FRAMES.union(*(FRAMES_BY_GROUP[group] for group in groups))
        self.received: set[str] = set()
        self.client = Client(
            [instance.url],
            user.token,
            settings=ClientSettings(event_filter=event_filter),
            on_frame=self._on_frame,
        )

    def _on_frame(self, frame: ServerFrame) -> None:
        self.received.add(str(type(frame).__struct_config__.tag))


async def test_each_device_receives_its_event_groups(pair: Pair) -> None:
    """Each device receives the event groups of its filter and no others; unfiltered events reach all."""
    first_instance, second_instance = pair
    ana, ben = (
        await RegisteredUser.register("ana", first_instance),
        await RegisteredUser.register("ben", first_instance),
    )
    async with AsyncExitStack() as stack:
        ana_api = await stack.enter_async_context(UserApi(ana, first_instance))
        ben_api = await stack.enter_async_context(UserApi(ben, first_instance))
        await ben_api.follow(ana.id)
        path = f"/v1/events/{(await ana_api.create_event('Boules', 3))['id']}"
        await ben_api.request_ok("PUT", f"{path}/rsvp", {"status": "MAYBE"})

        filters: list[tuple[EventGroup, ...] | None] = [
            None,
            (),
            (EventGroup.FEED, EventGroup.TYPING),
            *((group,) for group in EventGroup),
        ]
        devices = [FilteredDevice(ben, second_instance, event_filter) for event_filter in filters]
        for device in devices:
            await stack.enter_async_context(device.client)
            await device.client.watch_presence([ana.id])
        group = await ana.create_group(first_instance, [ben])
        await produce_member_events(first_instance, ana, ben, group)
        await ana_api.post("hello town")
        await ana_api.request_ok("PATCH", path, {"title": "Petanque"})
        await ben_api.request_ok("PATCH", "/v1/users/me", {"bio": "so"})
        await wait_until(lambda: all(device.received >= device.expected - FINAL_FRAMES for device in devices))
        await ben_api.request_ok("PUT", "/v1/notifications/read")
        async with ana.http(first_instance) as http:
            await http.remove_participant(group, ben.id)
        await wait_until(lambda: all(device.received >= device.expected for device in devices))
        for device in devices:
            # Frames sent before the pong have arrived when it does.
            await device.client.ping()
            assert device.received == device.expected
        assert devices[0].expected == ALL_FRAMES


async def produce_member_events(
    instance: ServerProcess, ana: RegisteredUser, ben: RegisteredUser, group: str
) -> None:
    """Cause every event that a conversation member can receive."""
    async with (
        Client([instance.url], ana.token) as phone,
        Client([instance.url], ben.token) as laptop,
        open_socket(instance, ana.token) as typing_socket,
        ana.http(instance) as http,
    ):
        sent = await phone.send(group, "hello", mentions=[ben.id])
        await phone.react(group, sent.message_id, "👍")
        await http.update_conversation(group, name="Tea")
        await laptop.mark_read(group, sent.seq)
        reply = await laptop.send(group, "so")
        await phone.mark_read(group, reply.seq)
        await typing_socket.request("typing", conversation_id=group, active=True)
