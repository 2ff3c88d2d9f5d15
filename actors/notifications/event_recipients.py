"""Decides which users are notified of what concerns the hosts and attendees of an event."""

from collections.abc import AsyncIterator

from actors.domain_events.event_types import EventAnnounced, EventReminder, RsvpRequested
from actors.notifications.sender_filter import SenderFilter
from actors.protocol.objects import UserCard
from actors.social.block_service import BlockService
from actors.user_cache.user_cards import UserCards
from storage.contracts.event_attendance import AttendanceStore
from storage.contracts.event_hosting import EventHostStore
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

    async def pages_for_announcement(
        self, announced: EventAnnounced, page_size: int
    ) -> AsyncIterator[tuple[UserCard, list[str]]]:
        """Yield the author of an announcement with the users to notify, page by page."""
        sender = (await self._user_cards.find([announced.author_id])).get(announced.author_id)
        if sender is None:
            return
        after = ""
        while batch := await self._attendance.list_recipients(announced.event_id, after, page_size):
            pairs = [(sender.id, user_id) for user_id in batch if user_id != sender.id]
            unwanted = await self._block_service.find_blocked_pairs(pairs)
            yield sender, [user_id for _, user_id in pairs if (sender.id, user_id) not in unwanted]
            after = batch[-1]

    async def find_reminded(self, reminder: EventReminder) -> list[str]:
        """Return the users of a reminder who still go; none if the event was cancelled or moved since."""
        return await self._reminders.find_reminded(reminder.id, reminder.start_at, reminder.user_ids)

    async def find_hosts_to_ask(self, requested: RsvpRequested) -> list[tuple[UserCard, str]]:
        """Return the user who asked to go with each host to notify."""
        hosts = await self._hosts.get_hosts(requested.event_id)
        sender = (await self._user_cards.find([requested.user_id])).get(requested.user_id)
        if hosts is None or sender is None:
            return []
        unwanted = await self._sender_filter.find_unwanted_pairs(
            [(sender.id, host_id) for host_id in hosts.user_ids]
        )
        return [(sender, host_id) for host_id in hosts.user_ids if (sender.id, host_id) not in unwanted]
