"""Removes users from each other's events when one blocks the other.

    block -> copy of the block -> what both hold of each other's events is ended -> next users promoted
                               -> visibility checks of the notifications of both

Ended are RSVPs, waitlist entries, requests, invites, and being a co-host. The copy makes RSVPs and promotions
respect the block under the event's lock. Each removal is a domain event of the Event service, which removes
the user from the event's conversation.
"""

from collections.abc import Callable, Sequence
from itertools import chain

from actors.domain_events.event_types import BlockChanged, decode_event
from actors.social.block_service import BlockService
from storage.contracts.domain_events import Cursors, CursorUpdate, OutboxEvent
from storage.contracts.events import BlockedPair, EventBlockStore
from storage.contracts.social import SocialStore
from storage.contracts.visibility_checks import CheckKind, VisibilityCheckStore

BLOCKS_PER_PAGE = 500
ATTENDEES_PER_BATCH = 100


class EventBlockConsumer:
    """A `Consumer` of the Social service's events.

    Domain events are only triggers: whether there is a block is read from the Social service.
    """

    name = "events.blocks"

    def __init__(
        self,
        store: EventBlockStore,
        social: SocialStore,
        block_service: BlockService,
        cursors: Cursors,
        checks: VisibilityCheckStore,
        on_changed: Callable[[], None],
    ) -> None:
        self._store = store
        self._social = social
        self._block_service = block_service
        self._cursors = cursors
        self._checks = checks
        self._on_changed = on_changed

    async def handle(self, events: Sequence[OutboxEvent], cursor_update: CursorUpdate | None) -> None:
        if cursor_update is not None and cursor_update.before.id == 0:
            # The first batch of the outbox: older blocks may not be in it any more.
            await self._copy_all_blocks()
        pairs: dict[BlockedPair, None] = {}
        for event in events:
            match decode_event(event):
                case BlockChanged(blocker_id=blocker_id, blocked_id=blocked_id):
                    pairs[blocker_id, blocked_id] = None
        if pairs:
            blocked = await self._block_service.find_blocked_pairs(list(pairs))
            await self._store.set_blocks(list(blocked), [pair for pair in pairs if pair not in blocked])
            await self._withdraw(list(blocked))
            await self._checks.add(
                [(CheckKind.RECIPIENT, one) for one in dict.fromkeys(chain(*blocked))], None
            )
        if cursor_update is not None:
            await self._cursors.advance(cursor_update)

    async def on_outbox_restored(self) -> None:
        """The next batch is the first of the outbox, which copies all blocks again."""
        await self._store.clear_blocks()

    async def _copy_all_blocks(self) -> None:
        after: BlockedPair | None = None
        while page := await self._social.page_blocks(after, BLOCKS_PER_PAGE):
            await self._store.set_blocks(page, [])
            await self._withdraw(page)
            after = page[-1]

    async def _withdraw(self, pairs: Sequence[BlockedPair]) -> None:
        while attendees := await self._store.list_attendees(pairs, ATTENDEES_PER_BATCH):
            for attendee in attendees:
                await self._store.remove_attendee(attendee)
            self._on_changed()
