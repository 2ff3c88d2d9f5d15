"""Creates, searches, updates and deletes events, and invites users.

Only the creator can change an event. An event for invited users exists only for its creator, users who were
invited, and users who responded; only its creator invites. Two users with a block between them cannot see
each other's events. Stateless.
"""

from collections.abc import Callable, Sequence

from actors.consent.consent import AdditionKind
from actors.consent.conversation_requests import ConversationRequests, RequestTarget
from actors.events import serializers
from actors.events.requests import EventBody, EventPatch, end_before_start, to_event_change, to_new_event
from actors.events.serializers import event_conversation_id
from actors.pagination import KeysetPage, paginate
from actors.posts.posts import idempotency_conflict
from actors.protocol.errors import ApiError
from actors.protocol.objects import UserCard
from actors.protocol.social_objects import Event
from actors.social.block_service import BlockService
from actors.user_cache.user_cards import UserCards
from storage.contracts.events import (
    EventAccess,
    EventChange,
    EventRecord,
    EventSearchCriteria,
    EventStore,
)
from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.paging import PageKey
from storage.errors import Conflict, Missing


class Events:
    def __init__(
        self,
        store: EventStore,
        user_cards: UserCards,
        block_service: BlockService,
        requests: ConversationRequests,
        on_changed: Callable[[], None],
    ) -> None:
        self._store = store
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

    async def get(self, viewer_id: str, event_id: str) -> Event:
        records = await self._store.find([event_id], viewer_id)
        if not records or await self._block_service.is_blocked(viewer_id, records[0].creator.id):
            raise event_not_found()
        return (await self.serialize(records))[0]

    async def find_visible(self, viewer_id: str, event_ids: Sequence[str]) -> list[Event]:
        """Return those of the events that the viewer sees, in the order of the ids."""
        hidden_ids = set(await self._block_service.list_blocked_users(viewer_id))
        records = {
            record.id: record
            for record in await self._store.find(event_ids, viewer_id)
            if record.creator.id not in hidden_ids
        }
        return await self.serialize([records[event_id] for event_id in event_ids if event_id in records])

    async def search(
        self, viewer_id: str, criteria: EventSearchCriteria, after: PageKey | None, limit: int
    ) -> KeysetPage[Event]:
        blocked_ids = await self._block_service.list_blocked_users(viewer_id)
        records = await self._store.search(criteria, after, viewer_id, blocked_ids, limit + 1)
        page, key = paginate(records, limit, lambda record: (record.start, record.id))
        return KeysetPage(await self.serialize(page), key)

    async def update(self, user_id: str, event_id: str, patch: EventPatch) -> Event:
        change = to_event_change(patch)
        await self.require_creator(user_id, event_id)
        if change != EventChange():
            try:
                await self._store.change(event_id, change)
            except Missing:
                raise event_not_found() from None
            except Conflict as conflict:
                raise event_conflict(conflict) from None
            self._on_changed()
        return await self.get(user_id, event_id)

    async def delete(self, user_id: str, event_id: str) -> None:
        await self.require_creator(user_id, event_id)
        if not await self._store.delete(event_id, user_id):
            raise event_not_found()
        self._on_changed()

    async def invite(
        self,
        user: UserCard,
        event_id: str,
        user_ids: Sequence[str],
        idempotency_key: IdempotencyKey | None,
    ) -> None:
        """Invite users. Anyone who can see a public event can invite users that they can see, and who see it.

        Users who have to accept first are asked.
        """
        invitee_ids = [invitee_id for invitee_id in dict.fromkeys(user_ids) if invitee_id != user.id]
        await self._require_visible_to_all(user.id, event_id, invitee_ids)
        needed = await self._requests.check(user.id, invitee_ids, AdditionKind.INVITE)
        allowed_ids = [invitee_id for invitee_id in invitee_ids if invitee_id not in needed.user_ids]
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
            await self._require_visible_to_all(inviter_id, event_id, [user_id])
        except ApiError as error:
            if error.code == "user.not_found":
                raise event_not_found() from None
            raise
        await self._store_invites(event_id, inviter_id, [user_id], None)

    async def _require_visible_to_all(self, user_id: str, event_id: str, invitee_ids: Sequence[str]) -> None:
        """Raise `ApiError` unless inviter and invitees see each other, and all of them the event.

        An invite does not cross a block by way of a third person.
        """
        access = await self._require_access(user_id, event_id)
        if not access.is_open and access.creator_id != user_id:
            raise ApiError("permission.denied", "Only the creator can invite users to this event.")
        cards = await self._user_cards.find(invitee_ids)
        hidden_ids = {
            *await self._block_service.list_blocked_users(user_id),
            *await self._block_service.list_blocked_users(access.creator_id),
        }
        if any(invitee_id not in cards or invitee_id in hidden_ids for invitee_id in invitee_ids):
            raise ApiError("user.not_found", "At least one of the users does not exist.")

    async def _store_invites(
        self, event_id: str, inviter_id: str, user_ids: Sequence[str], idempotency_key: IdempotencyKey | None
    ) -> None:
        try:
            await self._store.invite(event_id, inviter_id, user_ids, idempotency_key)
        except Conflict as conflict:
            if conflict.constraint == "event_invites_event_id_fkey":
                raise event_not_found() from None
            raise idempotency_conflict(conflict) from None
        self._on_changed()

    async def can_see(self, viewer_id: str, event_id: str) -> bool:
        return await self._find_access(viewer_id, event_id) is not None

    async def require_visible(self, viewer_id: str, event_id: str) -> None:
        """Raise `event.not_found` if the event does not exist for the viewer."""
        await self._require_access(viewer_id, event_id)

    async def require_creator(self, user_id: str, event_id: str) -> None:
        """Raise `permission.denied`, or `event.not_found` if the event does not exist for the user."""
        if (await self._require_access(user_id, event_id)).creator_id != user_id:
            raise ApiError("permission.denied", "Only the creator can change an event.")

    async def _find_access(self, viewer_id: str, event_id: str) -> EventAccess | None:
        """Return what the viewer may see of an event; None if it does not exist for the viewer."""
        access = await self._store.get_access(event_id, viewer_id)
        if access is None or not access.is_visible:
            return None
        return None if await self._block_service.is_blocked(viewer_id, access.creator_id) else access

    async def _require_access(self, viewer_id: str, event_id: str) -> EventAccess:
        access = await self._find_access(viewer_id, event_id)
        if access is None:
            raise event_not_found()
        return access

    async def serialize(self, records: Sequence[EventRecord]) -> list[Event]:
        cards = await self._user_cards.for_records(record.creator for record in records)
        return [serializers.to_event(record, cards) for record in records]


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


def event_not_found() -> ApiError:
    return ApiError("event.not_found", "No such event.")
