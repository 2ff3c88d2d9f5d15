"""Creates, searches, updates and deletes events, and invites users.

Only its hosts can change an event, and only its creator can delete it. An event for invited users exists only
for its hosts, users who were invited, and users who responded; only its hosts invite. Two users with a block
between them cannot see events that the other hosts; of two hosts, a block with the creator counts. Stateless.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from itertools import chain

from actors.consent.consent import AdditionKind
from actors.consent.conversation_requests import ConversationRequests, RequestTarget
from actors.events import serializers
from actors.events.bodies import EventBody, EventPatch, end_before_start, to_event_change, to_new_event
from actors.events.serializers import event_conversation_id
from actors.pagination import KeysetPage, paginate
from actors.posts.posts import idempotency_conflict
from actors.protocol.errors import ApiError
from actors.protocol.event_objects import Event
from actors.protocol.objects import UserCard
from actors.social.block_service import BlockService
from actors.user_cache.user_cards import UserCards
from storage.contracts.event_hosting import EventDetails, EventHosts, EventHostStore
from storage.contracts.events import EventChange, EventRecord, EventSearchCriteria, EventStore
from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.paging import PageKey
from storage.errors import USERS_DELETED, Conflict, Missing


class Events:
    def __init__(
        self,
        store: EventStore,
        hosts: EventHostStore,
        user_cards: UserCards,
        block_service: BlockService,
        requests: ConversationRequests,
        on_changed: Callable[[], None],
    ) -> None:
        self._store = store
        self._hosts = hosts
        self._user_cards = user_cards
        self._block_service = block_service
        self._requests = requests
        self._on_changed = on_changed

    async def create(self, creator_id: str, body: EventBody, idempotency_key: IdempotencyKey | None) -> Event:
        event = to_new_event(creator_id, body)
        try:
            event_id = await self._store.create(event, idempotency_key)
        except Conflict as conflict:
            raise idempotency_conflict(conflict) from None
        self._on_changed()
        return await self.get(creator_id, event_id)

    async def get(self, viewer_id: str, event_id: str, *, is_moderator: bool = False) -> Event:
        """Return an event. Its creator and moderators also see one that moderators have hidden."""
        events = await self.serialize(await self._store.find([event_id], viewer_id), viewer_id)
        if not events:
            hidden = await self._store.find_hidden(event_id, viewer_id)
            if hidden is not None and (is_moderator or hidden.creator.id == viewer_id):
                return (await self.serialize([hidden], viewer_id))[0]
        if not events or await self.is_hidden_by_host(viewer_id, [host.id for host in events[0].hosts]):
            raise event_not_found()
        return events[0]

    async def find_visible(self, viewer_id: str, event_ids: Sequence[str]) -> list[Event]:
        """Return those of the events that the viewer sees, in the order of the ids."""
        blocked_ids = await self._block_service.list_blocked_users(viewer_id)
        events = await self.serialize(await self._store.find(event_ids, viewer_id), viewer_id)
        visible = {
            event.id: event
            for event in events
            if not is_hidden_by_block(viewer_id, [host.id for host in event.hosts], blocked_ids)
        }
        return [visible[event_id] for event_id in event_ids if event_id in visible]

    async def search(
        self, viewer_id: str, criteria: EventSearchCriteria, after: PageKey | None, limit: int
    ) -> KeysetPage[Event]:
        blocked_ids = await self._block_service.list_blocked_users(viewer_id)
        records = await self._store.search(criteria, after, viewer_id, blocked_ids, limit + 1)
        page, key = paginate(records, limit, lambda record: (record.start, record.id))
        return KeysetPage(await self.serialize(page, viewer_id), key)

    async def update(self, user_id: str, event_id: str, patch: EventPatch) -> Event:
        change = to_event_change(patch)
        await self.require_host(user_id, event_id)
        if change != EventChange():
            try:
                await self._store.change(event_id, change, user_id)
            except Missing:
                raise event_not_found() from None
            except Conflict as conflict:
                raise event_conflict(conflict) from None
            self._on_changed()
        return await self.get(user_id, event_id)

    async def delete(self, user_id: str, event_id: str) -> None:
        """Delete an event, as its creator, who can do so even if moderators have hidden it."""
        if not await self._store.delete(event_id, user_id):
            await self.require_deletable(user_id, event_id)
            raise event_not_found()
        self._on_changed()

    async def invite(
        self,
        user: UserCard,
        event_id: str,
        user_ids: Sequence[str],
        idempotency_key: IdempotencyKey | None,
    ) -> None:
        """Invite users whom the user can see, to an event that they can see too.

        Users who have to accept first get a request. Those from whom a block hides the event get nothing, and
        the user does not learn it.
        """
        invitee_ids = [invitee_id for invitee_id in dict.fromkeys(user_ids) if invitee_id != user.id]
        without_sight = await self._require_invitable(user.id, event_id, invitee_ids)
        needed = await self._requests.check(user.id, invitee_ids, AdditionKind.INVITE)
        allowed_ids = [one for one in invitee_ids if one not in without_sight and one not in needed.user_ids]
        needed = needed.without(without_sight)
        await self._store_invites(event_id, user.id, allowed_ids, idempotency_key)
        if needed.user_ids:
            events = await self._store.find([event_id], user.id)
            if not events:
                raise event_not_found()
            target = RequestTarget(
                event_conversation_id(event_id), events[0].title, event_id, events[0].creator.id
            )
            await self._requests.request(user, target, needed)

    async def invite_accepted(self, event_id: str, inviter_id: str, user_id: str) -> None:
        """Invite a user who accepted a request of the inviter. Raises `ApiError` (event.not_found)."""
        try:
            without_sight = await self._require_invitable(inviter_id, event_id, [user_id])
        except ApiError as error:
            if error.code == "user.not_found":
                raise event_not_found() from None
            raise
        if without_sight:
            raise event_not_found()
        await self._store_invites(event_id, inviter_id, [user_id], None)

    async def _require_invitable(
        self, user_id: str, event_id: str, invitee_ids: Sequence[str]
    ) -> Collection[str]:
        """Raise `ApiError` unless the inviter may invite, and sees the invitees.

        Returns those of the invitees from whom a block with another host hides the event: an invite cannot
        cross a block, and the inviter must not learn of one between others.
        """
        hosts = await self.require_visible(user_id, event_id)
        if hosts.is_cancelled:
            raise event_cancelled()
        access = await self._store.get_access(event_id, user_id)
        if user_id not in hosts.user_ids and (access is None or not access.is_public):
            raise ApiError("permission.denied", "Only a host can invite users to this event.")
        cards = await self._user_cards.find(invitee_ids)
        blocked_ids, *blocked_by_host = await asyncio.gather(
            *(self._block_service.list_blocked_users(one) for one in (user_id, *hosts.user_ids))
        )
        if any(invitee_id not in cards or invitee_id in blocked_ids for invitee_id in invitee_ids):
            raise _invitee_not_found()
        return set(invitee_ids).intersection(chain(*blocked_by_host))

    async def _store_invites(
        self, event_id: str, inviter_id: str, user_ids: Sequence[str], idempotency_key: IdempotencyKey | None
    ) -> None:
        try:
            await self._store.invite(event_id, inviter_id, user_ids, idempotency_key)
        except Conflict as conflict:
            if conflict.constraint == "event_invites_event_id_fkey":
                raise event_not_found() from None
            if conflict.constraint == USERS_DELETED:
                raise _invitee_not_found() from None
            raise idempotency_conflict(conflict) from None
        self._on_changed()

    async def can_see(self, viewer_id: str, event_id: str) -> bool:
        return await self._find_visible(viewer_id, event_id) is not None

    async def require_visible(self, viewer_id: str, event_id: str) -> EventHosts:
        """Return the hosts. Raises `event.not_found` if the event does not exist for the viewer."""
        hosts = await self._find_visible(viewer_id, event_id)
        if hosts is None:
            raise event_not_found()
        return hosts

    async def require_host(self, user_id: str, event_id: str) -> EventHosts:
        """Return the hosts.

        Raises `permission.denied` for other users, or `event.not_found` if the event does not exist for the
        user.
        """
        hosts = await self.require_visible(user_id, event_id)
        if user_id not in hosts.user_ids:
            raise ApiError("permission.denied", "Only a host of the event can do this.")
        return hosts

    async def require_creator(self, user_id: str, event_id: str) -> EventHosts:
        """Return the hosts. Raises as `require_host` does, also for co-hosts."""
        hosts = await self.require_visible(user_id, event_id)
        if user_id != hosts.creator_id:
            raise ApiError("permission.denied", "Only the creator of the event can do this.")
        return hosts

    async def require_deletable(self, user_id: str, event_id: str) -> None:
        """Raise as `require_creator` does; its creator may delete an event that moderators have hidden."""
        if await self._store.get_creator_id(event_id) != user_id:
            await self.require_creator(user_id, event_id)

    async def serialize(self, records: Sequence[EventRecord], viewer_id: str) -> list[Event]:
        details = await self._hosts.find_details([record.id for record in records], viewer_id)
        cards = await self._user_cards.for_records(
            chain(
                (record.creator for record in records),
                *(event_details.cohosts for event_details in details.values()),
            )
        )
        return [
            serializers.to_event(record, details.get(record.id, EventDetails()), cards) for record in records
        ]

    async def _find_visible(self, viewer_id: str, event_id: str) -> EventHosts | None:
        hosts, access = await asyncio.gather(
            self._hosts.get_hosts(event_id), self._store.get_access(event_id, viewer_id)
        )
        if hosts is None or hosts.is_hidden or access is None or not access.is_visible:
            return None
        return None if await self.is_hidden_by_host(viewer_id, hosts.user_ids) else hosts

    async def is_hidden_by_host(self, viewer_id: str, host_ids: Sequence[str]) -> bool:
        """Whether a block hides an event with these hosts, the creator first, from the viewer.

        Also of an event for invited users, which the viewer may not see for another reason.
        """
        return is_hidden_by_block(
            viewer_id, host_ids, await self._block_service.list_blocked_users(viewer_id)
        )


def event_conflict(conflict: Conflict) -> ApiError | Conflict:
    match conflict.constraint:
        case "events_capacity":
            return ApiError(
                "event.capacity_below_going", "The capacity is lower than the number of users who are going."
            )
        case "events_end_after_start":
            return end_before_start()
        case _:
            return conflict


def is_hidden_by_block(viewer_id: str, host_ids: Sequence[str], blocked_ids: Collection[str]) -> bool:
    """Whether one of `blocked_ids` hides an event with these hosts, the creator first, from the viewer."""
    counted_ids = host_ids[:1] if viewer_id in host_ids else host_ids
    return any(host_id in blocked_ids for host_id in counted_ids)


def _invitee_not_found() -> ApiError:
    return ApiError("user.not_found", "At least one of the users does not exist.")


def event_cancelled() -> ApiError:
    return ApiError("event.cancelled", "The event was cancelled.")


def event_not_found() -> ApiError:
    return ApiError("event.not_found", "No such event.")
