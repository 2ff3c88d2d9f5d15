"""Requests to join a conversation: made where a user may not be added, answered by that user.

    Conversations.create, add_member; Events.invite -> check -> request -> `conversation.requested`

A request is stored before its recipient is notified; a lost notification is recovered by resync. Requests are
bounded for each recipient and actor, expire, and are withdrawn by a block.
"""

from collections.abc import Sequence

import msgspec

from actors.consent.addition_limiter import AdditionLimiter
from actors.consent.consent import AdditionKind, Consent, ConsentNeeded
from actors.delivery.stream_writer import StreamWriter
from actors.pagination import KeysetPage, paginate
from actors.protocol.errors import ApiError
from actors.protocol.objects import ConversationRequest, UserCard
from actors.protocol.server_frames import ConversationRequested, ConversationRequestRemoved
from actors.protocol.timestamps import rfc3339_from_datetime
from actors.social.block_service import BlockService
from actors.user_cache.user_cards import UserCards
from storage.contracts.conversation_requests import ConversationRequestStore, NewRequests, RequestRecord
from storage.contracts.paging import PageKey
from storage.errors import Conflict

ACTOR_MAX_RETRY_MS = 3600 * 1000


class RequestTarget(msgspec.Struct, frozen=True):
    """The conversation to join, or with `event_id` the event of `owner_id` to be invited to, and its name."""

    conversation_id: str
    name: str | None
    event_id: str | None = None
    owner_id: str | None = None


class RequestStatistics(msgspec.Struct, frozen=True):
    """Counted on this instance.

    The recipients of `unseen` ones were not notified: they accept none, have too many, or were asked before.
    """

    made: int
    unseen: int
    accepted: int
    declined: int
    limited: int


class ConversationRequests:
    """Implements `actors.conversations.conversation_dependencies.AdditionConsent`."""

    def __init__(
        self,
        store: ConversationRequestStore,
        consent: Consent,
        limiter: AdditionLimiter,
        block_service: BlockService,
        user_cards: UserCards,
        streams: StreamWriter,
    ) -> None:
        self._store = store
        self._consent = consent
        self._limiter = limiter
        self._block_service = block_service
        self._user_cards = user_cards
        self._streams = streams
        self._counts = dict.fromkeys(RequestStatistics.__struct_fields__, 0)

    def statistics(self) -> RequestStatistics:
        return RequestStatistics(**self._counts)

    async def list_blocked_users(self, user_id: str) -> Sequence[str]:
        """Return the users who blocked the user or are blocked by the user."""
        return await self._block_service.list_blocked_users(user_id)

    async def check(self, actor_id: str, user_ids: Sequence[str], kind: AdditionKind) -> ConsentNeeded:
        """Charge an addition, and return those of the users that it may not add directly.

        Raises:
            ApiError: rate.limited.
        """
        try:
            self._limiter.consume(actor_id, user_ids)
        except ApiError:
            self._counts["limited"] += 1
            raise
        return await self._consent.find_needed(actor_id, user_ids, kind)

    async def request(self, actor: UserCard, target: RequestTarget, needed: ConsentNeeded) -> None:
        """Ask the users. Idempotent: one who was asked, or declined, is not asked again until it expires.

        Raises:
            ApiError: rate.limited, if the actor has too many open requests.
        """
        if not needed.user_ids:
            return
        requests = NewRequests(
            actor.id,
            target.conversation_id,
            needed.user_ids,
            needed.unseen,
            target.name,
            target.event_id,
            target.owner_id,
        )
        try:
            made = await self._store.add(requests)
        except Conflict as conflict:
            if conflict.constraint != "conversation_requests_actor_max":
                raise
            self._counts["limited"] += 1
            raise ApiError(
                "rate.limited",
                "Too many of your requests are not answered yet.",
                retry_after_ms=ACTOR_MAX_RETRY_MS,
            ) from None
        self._counts["made"] += len(made)
        self._counts["unseen"] += len(needed.user_ids) - len(made)
        if made:
            frame = ConversationRequested(0, _to_request(made[0], actor))
            await self._streams.append([record.recipient_id for record in made], frame)

    async def page(self, user_id: str, before: PageKey | None, limit: int) -> KeysetPage[ConversationRequest]:
        """Return a page of the user's open requests, the latest first."""
        records = await self._store.page(user_id, before, limit + 1)
        page, key = paginate(records, limit, lambda record: (record.created_at, record.conversation_id))
        cards = await self._user_cards.find([record.actor_id for record in page])
        return KeysetPage(
            [_to_request(record, cards[record.actor_id]) for record in page if record.actor_id in cards], key
        )

    async def decline(self, user_id: str, conversation_id: str) -> None:
        """Decline a request. It is not made again until it would have expired. Raises `ApiError`."""
        if not await self._store.decline(user_id, conversation_id):
            raise request_not_found()
        self._counts["declined"] += 1
        await self._notify_removed([user_id], conversation_id)

    async def get(self, user_id: str, conversation_id: str) -> RequestRecord:
        """Return an open request. Raises `ApiError` (conversation_request.not_found)."""
        record = await self._store.get(user_id, conversation_id)
        if record is None:
            raise request_not_found()
        return record

    async def find_actor(self, record: RequestRecord) -> UserCard | None:
        """Return the card of the user who asked; None if the account was deleted."""
        return (await self._user_cards.find([record.actor_id])).get(record.actor_id)

    async def remove_request(self, user_id: str, conversation_id: str, *, accepted: bool = False) -> None:
        """Delete a request that was accepted, can no longer be accepted, or is no longer needed."""
        self._counts["accepted"] += accepted
        await self._notify_removed(await self._store.remove([user_id], conversation_id), conversation_id)

    async def withdraw_between(self, user_id: str, other_id: str) -> None:
        """Delete the requests that a block between two users hides. Idempotent."""
        for recipient_id, conversation_id in await self._store.remove_between(user_id, other_id):
            await self._notify_removed([recipient_id], conversation_id)

    async def _notify_removed(self, user_ids: Sequence[str], conversation_id: str) -> None:
        if user_ids:
            await self._streams.append(user_ids, ConversationRequestRemoved(0, conversation_id))


def request_not_found() -> ApiError:
    return ApiError("conversation_request.not_found", "There is no such request, or it has expired.")


def _to_request(record: RequestRecord, actor: UserCard) -> ConversationRequest:
    return ConversationRequest(
        conversation_id=record.conversation_id,
        name=record.name,
        event_id=record.event_id,
        requested_by=actor,
        created_at=rfc3339_from_datetime(record.created_at),
    )
