"""A block whose bus message was lost ends presence watches."""

from collections.abc import Sequence
from typing import cast

from actors.accounts.authenticator import Authenticator
from actors.core import Core, CoreOptions, CoreStores, PresenceStores
from actors.service_hooks import ServiceHooks
from actors.social.block_comparison import BlockComparison
from actors.social.block_service import BlockService
from config.limits import Limits
from storage.contracts.social import SocialStore
from storage.memory.bus import MemoryBroker, MemoryBus
from storage.memory.messaging import MemoryMessaging
from storage.memory.user_streams import MemoryUserStreams
from storage.memory.users import MemoryLogins, MemorySessions, UserTables
from tests.actors.fake_cluster import load_cards
from tests.actors.presence.recording_stores import RecordingLastSeenStore, RecordingPresenceStore
from tests.actors.presence.test_presence_subscriptions import ANA, BEN, CYD, RecordingWatcher
from tests.until import until


class RecentBlocks:
    """A `SocialStore` with the blocks of the last seconds."""

    def __init__(self, *pairs: tuple[str, str]) -> None:
        self._pairs = pairs

    async def recent_blocks(self, _within_s: float, _limit: int) -> Sequence[tuple[str, str]]:
        return self._pairs


async def test_block_found_by_comparison_ends_watches() -> None:
    """The blocked user receives no presence of the other one any more, but that of others."""
    broker, tables = MemoryBroker(), UserTables()
    presence = PresenceStores(RecordingPresenceStore(), RecordingLastSeenStore())
    stores = CoreStores(MemoryMessaging(), MemoryBus(broker), MemoryUserStreams(broker), presence)
    core = Core(
        stores,
        Authenticator(MemorySessions(tables), MemoryLogins(tables), Limits()),
        load_cards,
        CoreOptions("here", Limits(), bytes),
        ServiceHooks(),
    )
    assert core.presence is not None
    watcher = RecordingWatcher(ANA)
    await core.presence.subscriptions.watch(watcher, [BEN, CYD])
    social = cast("SocialStore", RecentBlocks((BEN, ANA)))
    comparison = BlockComparison(social, BlockService(social, 1.0), 1.0)
    comparison.on_blocked = core.apply_block_change

    await comparison.compare()
    await presence.store.set_states("here", {BEN: "online", CYD: "online"})
    for user_id in (BEN, CYD):
        core.presence.subscriptions.mark_changed(user_id)

    await until(lambda: watcher.statuses)
    assert watcher.statuses == [{CYD: "online"}]
    await core.stop()
