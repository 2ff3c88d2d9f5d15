"""Requests to follow private accounts, answered by their owners. `Social.follow` makes them. Stateless."""

from collections.abc import Callable

from actors.pagination import KeysetPage, paginate
from actors.protocol.errors import ApiError
from actors.protocol.social_objects import FollowRequest
from actors.protocol.timestamps import rfc3339_from_datetime
from actors.user_cache.user_cards import UserCards
from storage.contracts.follow_requests import FollowRequestStore
from storage.contracts.paging import PageKey
from storage.contracts.social import SocialStore


class FollowRequests:
    def __init__(
        self,
        store: FollowRequestStore,
        social: SocialStore,
        user_cards: UserCards,
        on_changed: Callable[[], None],
    ) -> None:
        self._store = store
        self._social = social
        self._user_cards = user_cards
        self._on_changed = on_changed

    async def page(self, user_id: str, before: PageKey | None, limit: int) -> KeysetPage[FollowRequest]:
        records = await self._store.page(user_id, before, limit + 1)
        page, key = paginate(records, limit, lambda record: (record.created_at, record.user.id))
        cards = await self._user_cards.for_records(record.user for record in page)
        return KeysetPage(
            [
                FollowRequest(cards[record.user.id], rfc3339_from_datetime(record.created_at))
                for record in page
            ],
            key,
        )

    async def accept(self, user_id: str, requester_id: str) -> None:
        """Accept a request. Succeeds if the requester follows already. Raises `follow_request.not_found`."""
        if await self._store.accept(user_id, requester_id):
            self._on_changed()
        elif not await self._social.followers_among(user_id, [requester_id]):
            raise _request_not_found()

    async def decline(self, user_id: str, requester_id: str) -> None:
        """Decline a request. The requester is not notified. Raises `follow_request.not_found`."""
        if not await self._store.decline(user_id, requester_id):
            raise _request_not_found()
        self._on_changed()


def _request_not_found() -> ApiError:
    return ApiError("follow_request.not_found", "No such request.")
