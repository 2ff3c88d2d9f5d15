"""Members of the conversation of an event that moderators hide or restore.

    event.hidden   -> all members but the creator are removed, and the creator is no admin
    event.restored -> the hosts and the users who go are added, without those who left or were removed before

So users who cannot see an event cannot read its conversation; its creator cannot add them either. Admins
other than the creator lose that role.
"""

from collections.abc import Sequence

from actors.conversations.serializers import to_user_card
from actors.events.group_conversations import GroupConversations, log_refusal
from actors.events.serializers import event_conversation_id
from actors.protocol.event_objects import RsvpStatus
from actors.protocol.objects import UserCard
from actors.user_cache.user_cards import UserCards
from storage.contracts.event_hosting import EventHosts, EventHostStore
from storage.contracts.paging import PageKey, to_microseconds
from storage.contracts.rsvps import RsvpStore

HIDDEN_TEXT = "Moderators have hidden this event"
RESTORED_TEXT = "Moderators have restored this event"
MEMBERS_PER_CHANGE = 500
"""Members that one entry of the log adds or removes."""
CHECKS_MAX = 5
"""Reads of the visibility, if it keeps changing while the members are changed."""


class HiddenEventMembers:
    def __init__(
        self, hosts: EventHostStore, rsvps: RsvpStore, user_cards: UserCards, groups: GroupConversations
    ) -> None:
        self._hosts = hosts
        self._rsvps = rsvps
        self._user_cards = user_cards
        self._groups = groups

    async def apply(self, event_id: str) -> None:
        """Leave only the creator, as no admin, while the event is hidden; else add hosts and attendees."""
        was_hidden: bool | None = None
        # Repeated until it is unchanged: another reader may be applying a later event concurrently.
        for _ in range(CHECKS_MAX):
            hosts = await self._hosts.get_hosts(event_id)
            if hosts is None or hosts.is_hidden == was_hidden:
                return
            was_hidden = hosts.is_hidden
            creator = to_user_card(hosts.creator_id, await self._user_cards.find([hosts.creator_id]))
            if was_hidden:
                await self._remove_others(event_id, creator)
            else:
                await self._add_attendees(event_id, hosts, creator)

    async def _remove_others(self, event_id: str, creator: UserCard) -> None:
        conversation_id = event_conversation_id(event_id)
        # Twice: until the first change an admin may have added users who were not listed.
        for _ in range(2):
            members = await self._groups.list_members(conversation_id)
            if not members:
                return
            others = [user_id for user_id in members if user_id != creator.id]
            for start in range(0, max(1, len(others)), MEMBERS_PER_CHANGE):
                left = others[start : start + MEMBERS_PER_CHANGE]
                await log_refusal(
                    self._groups.change_members_by_rule(
                        conversation_id, creator, HIDDEN_TEXT, left=left, without_admins=True
                    )
                )

    async def _add_attendees(self, event_id: str, hosts: EventHosts, creator: UserCard) -> None:
        after: PageKey | None = None
        user_ids: Sequence[str] = hosts.user_ids
        while user_ids:
            cards = await self._user_cards.find(user_ids)
            joined = [cards[user_id] for user_id in user_ids if user_id in cards]
            await log_refusal(
                self._groups.change_members_by_rule(
                    event_conversation_id(event_id), creator, RESTORED_TEXT, joined=joined
                )
            )
            page = await self._rsvps.page_rsvps(event_id, RsvpStatus.GOING, after, (), MEMBERS_PER_CHANGE)
            user_ids = [record.user.id for record in page]
            if page:
                after = (to_microseconds(page[-1].answered_at), page[-1].user.id)
