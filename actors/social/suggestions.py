"""Suggests users to follow: friends of friends, users who go to the same events, and popular ones.

Stateless.
"""

from collections.abc import Awaitable, Callable, Mapping

from actors.protocol.errors import invalid_field
from actors.protocol.objects import UserCard
from actors.protocol.social_objects import Suggestion, SuggestionReason
from actors.user_cache.user_cards import UserCards
from config.limits import SUGGESTION_CO_ATTENDEES_READ, SUGGESTIONS_MAX
from storage.contracts.suggestions import SuggestionRecord, SuggestionStore
from storage.errors import USERS_DELETED, Conflict

ListCoAttendees = Callable[[str, int], Awaitable[Mapping[str, int]]]
"""(user id, limit) -> users who go to the same events, with the number of these events."""

SuggestionKey = tuple[int, int, str]
"""Place in the order of suggestions: the negative numbers of connections and of followers, and the id."""


class Suggestions:
    def __init__(
        self, store: SuggestionStore, user_cards: UserCards, list_co_attendees: ListCoAttendees
    ) -> None:
        self._store = store
        self._user_cards = user_cards
        self._list_co_attendees = list_co_attendees

    async def find(self, user_id: str) -> list[Suggestion]:
        """Return up to `SUGGESTIONS_MAX` users, the closest first."""
        items, _ = await self.page(user_id, None, SUGGESTIONS_MAX)
        return items

    async def page(
        self, user_id: str, after: SuggestionKey | None, limit: int
    ) -> tuple[list[Suggestion], SuggestionKey | None]:
        """Return a page of what `find` returns now, and the key of the next page; None on the last one."""
        co_attendees = await self._list_co_attendees(user_id, SUGGESTION_CO_ATTENDEES_READ)
        records = [
            record
            for record in await self._store.suggest(user_id, co_attendees, SUGGESTIONS_MAX)
            if after is None or _to_key(record) > after
        ]
        page = records[:limit]
        cards = await self._user_cards.for_records(record.user for record in page)
        items = [_to_suggestion(record, cards[record.user.id]) for record in page]
        return items, _to_key(page[-1]) if len(records) > limit else None

    async def dismiss(self, user_id: str, other_id: str) -> None:
        """Stop suggesting a user. Succeeds without effect for a user who does not exist."""
        if user_id == other_id:
            raise invalid_field("user_id", "You cannot dismiss yourself.")
        if other_id not in await self._user_cards.find([other_id]):
            return
        try:
            await self._store.dismiss(user_id, other_id)
        except Conflict as conflict:
            if conflict.constraint != USERS_DELETED:
                raise


def _to_key(record: SuggestionRecord) -> SuggestionKey:
    return -(record.friend_count + record.co_attendee_count), -record.followers_count, record.user.id


def _to_suggestion(record: SuggestionRecord, user: UserCard) -> Suggestion:
    if record.friend_count:
        reason = SuggestionReason.FRIENDS
    elif record.co_attendee_count:
        reason = SuggestionReason.EVENTS
    else:
        reason = SuggestionReason.POPULAR
    return Suggestion(
        user.id, user.username, user.display_name, user.avatar_url, user.verified, reason, record.friend_count
    )
