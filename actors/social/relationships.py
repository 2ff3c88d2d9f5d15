"""Relations of a user to others: follows in both directions, mutes and blocks. Stateless."""

import asyncio
from collections.abc import Sequence

from actors.protocol.errors import invalid_field
from actors.protocol.objects import Relationship, UserRelationship
from actors.protocol.social_objects import SocialStats
from actors.social.social import user_not_found
from actors.user_cache.user_cards import UserCards
from config.limits import RELATIONSHIPS_PER_REQUEST
from storage.contracts.social import RelationRecord, SocialStore


class Relationships:
    def __init__(self, store: SocialStore, user_cards: UserCards) -> None:
        self._store = store
        self._user_cards = user_cards

    async def get_profile(self, viewer_id: str, user_id: str) -> tuple[SocialStats, Relationship | None]:
        """Return a user's counts and the viewer's relationship with them; None for the viewer. One lookup.

        Raises:
            ApiError: user.not_found, if one of the two has blocked the other.
        """
        relation = (await self._store.relations(viewer_id, [user_id]))[user_id]
        if relation.blocking or relation.blocked_by:
            raise user_not_found()
        counts = relation.stats
        stats = SocialStats(user_id, counts.followers_count, counts.following_count, counts.posts_count)
        return stats, None if viewer_id == user_id else Relationship(*_flags(relation))

    async def find(self, viewer_id: str, user_ids: Sequence[str]) -> list[UserRelationship]:
        """Return the viewer's relationships with users, in the order of `user_ids`.

        The viewer and users who do not exist are omitted, and so are users who block the viewer, unless the
        viewer blocks them too.

        Raises:
            ApiError: request.invalid, for more than `RELATIONSHIPS_PER_REQUEST` users.
        """
        wanted = [user_id for user_id in dict.fromkeys(user_ids) if user_id != viewer_id]
        if len(wanted) > RELATIONSHIPS_PER_REQUEST:
            raise invalid_field("user_ids", f"At most {RELATIONSHIPS_PER_REQUEST} users.", "too_many")
        cards, relations = await asyncio.gather(
            self._user_cards.find(wanted), self._store.relations(viewer_id, wanted)
        )
        return [
            UserRelationship(*_flags(relation), user_id)
            for user_id in wanted
            if user_id in cards
            and (relation := relations[user_id])
            and (relation.blocking or not relation.blocked_by)
        ]


def _flags(relation: RelationRecord) -> tuple[bool, bool, bool, bool, bool]:
    """Return the fields of `Relationship`."""
    return (
        relation.following,
        relation.requested,
        relation.followed_by,
        relation.muted,
        relation.blocking,
    )
