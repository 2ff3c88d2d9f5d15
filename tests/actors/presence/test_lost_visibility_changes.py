"""Ends of permissions whose bus messages were lost, because the instance that published them was cut off."""

import asyncio
from collections.abc import Sequence

from actors.accounts.authenticator import Authenticator
from actors.core import Core, CoreOptions, CoreStores, PresenceStores
from actors.service_hooks import ServiceHooks
from config.limits import Limits
from storage.memory.bus import MemoryBroker, MemoryBus
from storage.memory.messaging import MemoryMessaging
from storage.memory.user_streams import MemoryUserStreams
from storage.memory.users import MemoryLogins, MemorySessions, UserTables
from tests.actors.fake_cluster import load_cards
from tests.actors.presence.recording_stores import RecordingLastSeenStore, RecordingPresenceStore
from tests.actors.presence.test_presence_subscriptions import ANA, BEN, RecordingWatcher
from tests.until import until


async def test_watches_of_other_instances_are_checked_when_an_instance_can_publish_again() -> None:
    """They received all messages, so that they do not know that some were never sent."""
    broker, tables, hidden = MemoryBroker(), UserTables(), set[str]()
    stores = PresenceStores(RecordingPresenceStore(), RecordingLastSeenStore())
    messaging, streams = MemoryMessaging(), MemoryUserStreams(broker)

    async def visible_users(_viewer_id: str, user_ids: Sequence[str]) -> set[str]:
        return set(user_ids) - hidden

    async def start(name: str) -> Core:
        core = Core(
            CoreStores(messaging, MemoryBus(broker), streams, stores),
            Authenticator(MemorySessions(tables), MemoryLogins(tables), Limits()),
            load_cards,
            CoreOptions(name, Limits(), bytes),
            ServiceHooks(visible_users=visible_users),
        )
        await core.start()
        return core

    cut_off, other = await start("cut off"), await start("other")
    assert other.presence is not None
    subscriptions = other.presence.subscriptions
    await other.presence.watch(RecordingWatcher(ANA), ANA, [BEN])
    broker.should_drop = lambda _topic, _frame: True
    hidden.add(BEN)
    cut_off.publish_visibility_change([ANA])
    broker.should_drop = lambda _topic, _frame: False
    assert subscriptions.watches_of([ANA]) == {ANA: {BEN}}
    cut_off.bus_router.on_messages_lost()

    await until(lambda: not subscriptions.watches_of([ANA]))
    await asyncio.gather(cut_off.stop(), other.stop())
