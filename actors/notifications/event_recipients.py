"""Decides which hosts and attendees of an event are notified.

Of changes, cancellation and deletion: the hosts, all who responded other than NOT_GOING, wait or requested to
go, and those who were invited. Of announcements: the same without those who were only invited. The user who
made the change is not notified, and no user of an event that moderators have hidden. Users who mute a host
are notified too: they need to know of changes of their events.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence

from actors.domain_events.event_types import (
    EventAnnounced,
    EventCancelled,
    EventReminder,
    EventUpdated,
    RsvpRequested,
)
from actors.notifications.sender_filter import SenderFilter
from actors.protocol.objects import UserCard
from actors.social.block_service import BlockService
from actors.user_cache.user_cards import UserCards
from storage.contracts.event_attendance import AttendanceStore
from storage.contracts.event_hosting import EventHosts, EventHostStore
from storage.contracts.event_reminders import ReminderStore


class EventRecipients:
    def __init__(
        self,
        user_cards: UserCards,
        block_service: BlockService,
        sender_filter: SenderFilter,
        hosts: EventHostStore,
        reminders: ReminderStore,
        attendance: AttendanceStore,
    ) -> None:
        self._user_cards = user_cards
        self._block_service = block_service
        self._sender_filter = sender_filter
        self._hosts = hosts
        self._reminders = reminders
        self._attendance = attendance

    def pages_for_update(
        self, updated: EventUpdated, page_size: int
    ) -> AsyncIterator[tuple[UserCard, list[str]]]:
        """Yield the host who changed an event with the users to notify, page by page."""
        actor_id = updated.actor_id or updated.creator_id
        return self._pages(updated.id, actor_id, page_size, with_invited=True)

    def pages_for_announcement(
        self, announced: EventAnnounced, page_size: int
    ) -> AsyncIterator[tuple[UserCard, list[str]]]:
        """Yield the author of an announcement with the users to notify, page by page.

        Users who were only invited are not notified.
        """
        return self._pages(announced.event_id, announced.author_id, page_size, with_invited=False)

    async def find_for_cancellation(self, cancelled: EventCancelled) -> tuple[UserCard | None, list[str]]:
        """Return the host who cancelled or deleted an event, if there is one, and the users to notify."""
        actor_id = cancelled.actor_id or cancelled.creator_id
        hosts = await self._hosts.get_hosts(cancelled.id)
        if hosts is not None and hosts.is_hidden:
            return None, []
        sender = (await self._user_cards.find([actor_id])).get(actor_id)
        # Without hosts the event was deleted, by its creator.
        return sender, await self._filter(actor_id, hosts or EventHosts((actor_id,)), cancelled.user_ids)

    async def _pages(
        self, event_id: str, actor_id: str, page_size: int, *, with_invited: bool
    ) -> AsyncIterator[tuple[UserCard, list[str]]]:
        hosts = await self._hosts.get_hosts(event_id)
        sender = (await self._user_cards.find([actor_id])).get(actor_id)
        if hosts is None or hosts.is_hidden or sender is None:
            return
        after = ""
        while batch := await self._attendance.list_audience(
            event_id, after, page_size, with_invited=with_invited
        ):
            yield sender, await self._filter(actor_id, hosts, batch)
            after = batch[-1]

    async def _filter(self, actor_id: str, hosts: EventHosts, user_ids: Sequence[str]) -> list[str]:
        """Return the users except the actor and those from whom a block hides the event or the actor."""
        host_ids = tuple(dict.fromkeys((*hosts.user_ids, actor_id)))
        lists = await asyncio.gather(*map(self._block_service.list_blocked_users, host_ids))
        blocked_ids = dict(zip(host_ids, map(set, lists), strict=True))

        def is_notified(user_id: str) -> bool:
            counted_ids = hosts.user_ids[:1] if user_id in hosts.user_ids else hosts.user_ids
            return user_id != actor_id and not any(
                user_id in blocked_ids[host_id] for host_id in (*counted_ids, actor_id)
            )

        return [user_id for user_id in user_ids if is_notified(user_id)]

    async def find_reminded(self, reminder: EventReminder) -> list[str]:
        """Return the users of a reminder who still go; none if the event was cancelled or rescheduled."""
        return await self._reminders.find_reminded(reminder.id, reminder.start_at, reminder.user_ids)

    async def find_hosts(self, event_id: str) -> Sequence[str]:
        """Return the ids of the hosts of an event; none if it was deleted."""
        hosts = await self._hosts.get_hosts(event_id)
        return () if hosts is None else hosts.user_ids

    async def find_hosts_to_ask(self, requested: RsvpRequested) -> list[tuple[UserCard, str]]:
        """Return the user who requested to go, with each host to notify."""
        hosts = await self._hosts.get_hosts(requested.event_id)
        sender = (await self._user_cards.find([requested.user_id])).get(requested.user_id)
        if hosts is None or hosts.is_hidden or sender is None:
            return []
        unwanted = await self._sender_filter.find_unwanted_pairs(
            [(sender.id, host_id) for host_id in hosts.user_ids]
        )
        return [(sender, host_id) for host_id in hosts.user_ids if (sender.id, host_id) not in unwanted]
