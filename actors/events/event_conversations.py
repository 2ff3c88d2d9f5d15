"""Group conversations of events: created with the event; hosts and users with a `GOING` RSVP are members.

The name follows the event's title until an admin gives it another one. After the event is deleted the
conversation stays with its members, with a SYSTEM message.

Domain events are only triggers: the current state is read from the Event service, so they may be repeated and
arrive in any order. Hosts are members regardless of their RSVP. A user who left is added again after
responding again; a user that an admin removed, after an admin adds or a host invites the user. A cancelled
event has a SYSTEM message. While moderators have hidden an event its creator is the only member, so users who
cannot see the event cannot read its conversation.
"""

import asyncio
from collections.abc import Iterable, Sequence

from actors.conversations.serializers import to_user_card
from actors.domain_events.event_types import (
    AttendeeRemoved,
    EventAnnounced,
    EventCancelled,
    EventCreated,
    EventDeleted,
    EventHidden,
    EventInvited,
    EventRestored,
    EventUpdated,
    HostAdded,
    RsvpAccepted,
    RsvpChanged,
    RsvpPromoted,
    decode_event,
)
from actors.events.group_conversations import GroupConversations, log_refusal
from actors.events.hidden_event_members import HiddenEventMembers
from actors.events.serializers import event_conversation_id
from actors.protocol.event_objects import RsvpStatus
from actors.protocol.objects import UserCard
from actors.user_cache.user_cards import UserCards
from config.limits import GROUP_NAME_CHARACTERS
from storage.contracts.domain_events import Cursors, CursorUpdate, OutboxEvent
from storage.contracts.event_hosting import EventHostStore
from storage.contracts.events import EventStore
from storage.contracts.rsvps import RsvpStore

CANCELLED_TEXT = "This event was cancelled"
ANNOUNCEMENT_TEXT = "Announcement"
CANCELLED_KEY = "event.cancelled"
CONCURRENT_EVENTS = 8
"""Events that are processed concurrently. Members of one event are updated one at a time."""
CHECKS_MAX = 5
"""Reads of an RSVP that keeps changing while its member is updated."""


class EventConversations:
    """A `Consumer` of the Event service's events."""

    name = "messaging.events"

    def __init__(
        self,
        events: EventStore,
        rsvps: RsvpStore,
        hosts: EventHostStore,
        user_cards: UserCards,
        groups: GroupConversations,
        cursors: Cursors,
    ) -> None:
        self._events = events
        self._rsvps = rsvps
        self._hosts = hosts
        self._user_cards = user_cards
        self._groups = groups
        self._cursors = cursors
        self._hidden_event_members = HiddenEventMembers(hosts, rsvps, user_cards, groups)

    async def handle(self, events: Sequence[OutboxEvent], cursor_update: CursorUpdate | None) -> None:
        user_ids_by_event: dict[str, dict[str, None]] = {}
        renames: list[EventUpdated] = []
        announcements: list[EventAnnounced] = []
        cancellations: dict[str, EventDeleted | EventCancelled] = {}
        moderated: dict[str, None] = {}
        for event in events:
            match decode_event(event):
                case EventCreated(id=event_id):
                    user_ids_by_event.setdefault(event_id, {})
                case (
                    RsvpChanged(event_id=event_id, user_id=user_id)
                    | RsvpPromoted(event_id=event_id, user_id=user_id)
                    | AttendeeRemoved(event_id=event_id, user_id=user_id)
                    | HostAdded(event_id=event_id, user_id=user_id)
                    | RsvpAccepted(event_id=event_id, user_id=user_id)
                    | EventInvited(event_id=event_id, user_id=user_id)
                ):
                    user_ids_by_event.setdefault(event_id, {})[user_id] = None
                case EventUpdated(id=event_id, old_title=str()) as renamed:
                    renames.append(renamed)
                    user_ids_by_event.setdefault(event_id, {})
                case EventAnnounced() as announced:
                    announcements.append(announced)
                case EventHidden(id=event_id) | EventRestored(id=event_id):
                    moderated[event_id] = None
                case EventDeleted() | EventCancelled() as cancelled:
                    cancellations.setdefault(cancelled.id, cancelled)
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
        for event_id in moderated:
            await self._ensure_conversation(event_id)
            await self._hidden_event_members.apply(event_id)
        for renamed in renames:
            await self._rename(renamed)
        for announced in announcements:
            await self._announce(announced)
        for cancelled in cancellations.values():
            await self._announce_cancellation(cancelled)
        if cursor_update is not None:
            await self._cursors.advance(cursor_update)

    async def on_outbox_restored(self) -> None:
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
        name = _group_name(events[0].title)
        await self._groups.ensure_group(event_conversation_id(event_id), creator, name)
        return creator_id

    async def _rename(self, renamed: EventUpdated) -> None:
        """Rename the conversation to the current title; that of the domain event may be older.

        Also of an event that was hidden meanwhile: only its creator is a member then, and nothing renames the
        conversation when the event is restored.
        """
        actor = await self._find_user(renamed.actor_id or renamed.creator_id)
        events = await self._events.find([renamed.id], renamed.creator_id)
        event = events[0] if events else await self._events.find_hidden(renamed.id, renamed.creator_id)
        if event is not None and renamed.old_title is not None:
            await log_refusal(
                self._groups.rename_by_rule(
                    event_conversation_id(renamed.id),
                    actor,
                    _group_name(renamed.old_title),
                    _group_name(event.title),
                )
            )

    async def _announce(self, announced: EventAnnounced) -> None:
        hosts = await self._hosts.get_hosts(announced.event_id)
        if hosts is None or hosts.is_hidden or await self._ensure_conversation(announced.event_id) is None:
            return
        author = await self._find_user(announced.author_id)
        await log_refusal(
            self._groups.announce_by_rule(
                event_conversation_id(announced.event_id),
                author,
                f"{ANNOUNCEMENT_TEXT}: {announced.content}",
                f"event.announced:{announced.announcement_id}",
            )
        )

    async def _announce_cancellation(self, cancelled: EventDeleted | EventCancelled) -> None:
        """Announce it once: an event that was cancelled may be deleted later."""
        actor_id, text = cancelled.creator_id, CANCELLED_TEXT
        if isinstance(cancelled, EventCancelled):
            actor_id = cancelled.actor_id or actor_id
            text = f"{text}: {cancelled.reason}" if cancelled.reason else text
        actor = await self._find_user(actor_id)
        await self._ensure_conversation(cancelled.id)
        await log_refusal(
            self._groups.announce_by_rule(event_conversation_id(cancelled.id), actor, text, CANCELLED_KEY)
        )

    async def _find_user(self, user_id: str) -> UserCard:
        return to_user_card(user_id, await self._user_cards.find([user_id]))

    async def _is_member(self, event_id: str, user_id: str) -> bool:
        hosts = await self._hosts.get_hosts(event_id)
        if hosts is None or hosts.is_hidden:
            return hosts is not None and user_id == hosts.creator_id
        if user_id in hosts.user_ids:
            return True
        return (await self._rsvps.get_rsvp(event_id, user_id)).status == RsvpStatus.GOING

    async def _update_members(self, event_id: str, user_ids: Sequence[str]) -> None:
        creator_id = await self._ensure_conversation(event_id)
        if creator_id is None:
            return
        cards = await self._user_cards.find(user_ids)
        for user_id in user_ids:
            if user_id in cards and user_id != creator_id:
                await self._update_member(event_id, cards[user_id])

    async def _update_member(self, event_id: str, user: UserCard) -> None:
        is_member: bool | None = None
        # Repeat until the RSVP is unchanged: another reader may be applying a later event concurrently.
        # Bounded, because a user who changes the RSVP continuously must not delay the events of others; each
        # change has a separate domain event, which applies the latest RSVP.
        for _ in range(CHECKS_MAX):
            now = await self._is_member(event_id, user.id)
            if now == is_member:
                return
            is_member = now
            if not is_member and await self._events.get_creator_id(event_id) is None:
                # The RSVP was deleted with its event, whose members keep the conversation.
                return
            conversation_id = event_conversation_id(event_id)
            if is_member:
                times = await self._rsvps.get_times(event_id, user.id)
                await log_refusal(
                    self._groups.add_by_rule(conversation_id, user, times.answered_at_ms, times.invited_at_ms)
                )
            else:
                await log_refusal(self._groups.remove_by_rule(conversation_id, user))


def _group_name(title: str) -> str:
    return title[:GROUP_NAME_CHARACTERS]
