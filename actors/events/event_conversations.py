"""Group conversations of events: created with the event; users with a `GOING` RSVP are members.

Domain events are only triggers: the current state is read from the Event service, so they may be repeated and
arrive in any order. The creator stays a member regardless of the RSVP. A user who left comes back by
answering again; a user whom an admin removed, if an admin adds or the creator invites the user.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import Protocol

from actors.domain_events.event_types import (
    EventCreated,
    EventInvited,
    RsvpChanged,
    RsvpPromoted,
    decode_event,
)
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
"""Events that are processed concurrently. Members of one event are updated one at a time."""


class GroupConversations(Protocol):
    """The part of the conversation service that event conversations need."""

    async def ensure_group(self, conversation_id: str, creator: UserCard, name: str) -> None:
        """Create the group unless it exists. The creator is its first member and admin."""

    async def add_by_rule(
        self, conversation_id: str, user: UserCard, asked_at_ms: int, invited_at_ms: int
    ) -> None:
        """Add a user, unless the user left after `asked_at_ms`, or was removed after `invited_at_ms`.

        Raises `conversation.full`.
        """

    async def remove_by_rule(self, conversation_id: str, user: UserCard) -> None:
        """Remove a user who was added by rule."""


class EventConversations:
    """A `Consumer` of the Event service's events."""

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
        user_ids_by_event: dict[str, dict[str, None]] = {}
        for event in events:
            match decode_event(event):
                case EventCreated(id=event_id):
                    user_ids_by_event.setdefault(event_id, {})
                case (
                    RsvpChanged(event_id=event_id, user_id=user_id)
                    | RsvpPromoted(event_id=event_id, user_id=user_id)
                    | EventInvited(event_id=event_id, user_id=user_id)
                ):
                    user_ids_by_event.setdefault(event_id, {})[user_id] = None
        slots = asyncio.Semaphore(CONCURRENT_EVENTS)

        async def update(event_id: str, user_ids: Iterable[str]) -> None:
            async with slots:
                await self._update_members(event_id, list(user_ids))

        # Wait for all of them before raising the first failure, so that none continues in the background.
        results = await asyncio.gather(
            *(update(event_id, user_ids) for event_id, user_ids in user_ids_by_event.items()),
            return_exceptions=True,
        )
        for failure in results:
            if failure is not None:
                raise failure
        if cursor_update is not None:
            await self._cursors.advance(cursor_update)

    async def on_feed_reset(self) -> None:
        """Nothing to reset: the current state is read every time."""

    async def _ensure_conversation(self, event_id: str) -> str | None:
        """Create the conversation unless it exists. Returns the creator's id; None for a deleted event."""
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
        cards = await self._user_cards.find(user_ids)
        for user_id in user_ids:
            if user_id in cards and user_id != creator_id:
                await self._update_member(event_id, cards[user_id])

    async def _update_member(self, event_id: str, user: UserCard) -> None:
        is_going: bool | None = None
        # Repeat until the RSVP is unchanged: another reader may be applying a later event concurrently.
        while is_going != (now := (await self._rsvps.get_rsvp(event_id, user.id)).status == RsvpStatus.GOING):
            is_going = now
            try:
                if is_going:
                    times = await self._rsvps.get_times(event_id, user.id)
                    await self._groups.add_by_rule(
                        event_conversation_id(event_id), user, times.answered_at_ms, times.invited_at_ms
                    )
                else:
                    await self._groups.remove_by_rule(event_conversation_id(event_id), user)
            except ApiError as error:
                if error.retry:
                    raise
                _log.info("member of an event conversation not changed: %s", error.code)
