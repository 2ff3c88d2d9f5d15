"""Each event's conversation: made with the event, joined and left by those who go.

An event of the feed only says that something changed; how it stands is asked of the Event service, so
events may come twice and in any order. It never puts out the creator, nor keeps anybody in who left.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import Protocol

from actors.domain_events.event_types import EventCreated, RsvpChanged, RsvpPromoted, decode_event
from actors.events.serializers import event_conversation_id
from actors.protocol.errors import ApiError
from actors.protocol.objects import UserCard
from actors.protocol.social_objects import RsvpStatus
from actors.user_cache.user_cards import UserCards
from config.limits import GROUP_NAME_CHARACTERS
from storage.contracts.domain_events import Cursors, CursorUpdate, OutboxEvent
from storage.contracts.events import EventStore, RsvpStore

_log = logging.getLogger(__name__)
CONCURRENT_EVENTS = 8
"""Events whose conversations are seen to at the same time; within one, people come one after another."""


class GroupConversations(Protocol):
    """What a gathering asks of conversations."""

    async def ensure_group(self, conversation_id: str, creator: UserCard, name: str) -> None:
        """See that there is this group; the creator is its first member and admin."""

    async def add_by_rule(self, conversation_id: str, user: UserCard) -> None:
        """Take in somebody whom a rule lets in. Refuses with `conversation.full`."""

    async def remove_by_rule(self, conversation_id: str, user: UserCard) -> None:
        """Let somebody go whom a rule no longer keeps."""


class EventConversations:
    """A `Consumer` of the Event service's feed."""

    name = "messaging.events"

    def __init__(
        self,
        events: EventStore,
        rsvps: RsvpStore,
        user_cards: UserCards,
        groups: GroupConversations,
        cursors: Cursors,
    ) -> None:
        self._events = events
        self._rsvps = rsvps
        self._user_cards = user_cards
        self._groups = groups
        self._cursors = cursors

    async def handle(self, events: Sequence[OutboxEvent], cursor_update: CursorUpdate | None) -> None:
        concerned: dict[str, dict[str, None]] = {}
        for event in events:
            match decode_event(event):
                case EventCreated(id=event_id):
                    concerned.setdefault(event_id, {})
                case (
                    RsvpChanged(event_id=event_id, user_id=user_id)
                    | RsvpPromoted(event_id=event_id, user_id=user_id)
                ):
                    concerned.setdefault(event_id, {})[user_id] = None
        places = asyncio.Semaphore(CONCURRENT_EVENTS)

        async def gather(event_id: str, user_ids: Iterable[str]) -> None:
            async with places:
                await self._update_members(event_id, list(user_ids))

        # All of them end before anything is said of the first that failed: none goes on by itself.
        done = await asyncio.gather(
            *(gather(event_id, user_ids) for event_id, user_ids in concerned.items()), return_exceptions=True
        )
        for failure in done:
            if failure is not None:
                raise failure
        if cursor_update is not None:
            await self._cursors.advance(cursor_update)

    async def on_feed_reset(self) -> None:
        """How things stand is asked each time."""

    async def _ensure_conversation(self, event_id: str) -> str | None:
        """See to an event's conversation; answers the creator, None when the event is gone."""
        creator_id = await self._events.get_creator_id(event_id)
        if creator_id is None:
            return None
        creator = (await self._user_cards.find([creator_id])).get(creator_id)
        events = await self._events.find([event_id], creator_id)
        if creator is None or not events:
            return None
        name = events[0].title[:GROUP_NAME_CHARACTERS]
        await self._groups.ensure_group(event_conversation_id(event_id), creator, name)
        return creator_id

    async def _update_members(self, event_id: str, user_ids: Sequence[str]) -> None:
        creator_id = await self._ensure_conversation(event_id)
        if creator_id is None:
            return
        people = await self._user_cards.find(user_ids)
        for user_id in user_ids:
            if user_id in people and user_id != creator_id:
                await self._update_member(event_id, people[user_id])

    async def _update_member(self, event_id: str, user: UserCard) -> None:
        goes: bool | None = None
        # Until nothing changed meanwhile: whoever else reads this feed may be acting on what came after.
        while goes != (now := (await self._rsvps.get_rsvp(event_id, user.id)).status == RsvpStatus.GOING):
            goes = now
            try:
                if goes:
                    await self._groups.add_by_rule(event_conversation_id(event_id), user)
                else:
                    await self._groups.remove_by_rule(event_conversation_id(event_id), user)
            except ApiError as refusal:
                if refusal.retry:
                    raise
                _log.info("an event's conversation stays as it is: %s", refusal.code)
