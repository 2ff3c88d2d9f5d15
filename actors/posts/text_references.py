"""The users and tags that a text refers to: found when it is written, shown as each viewer may see them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from actors.protocol.mentions import find_mentions
from actors.protocol.objects import UserCard
from actors.protocol.tags import find_tags, tag_key
from actors.social.block_service import BlockService
from actors.user_cache.user_cards import UserCards
from storage.contracts.posts import PostRecord, TextReferences
from storage.contracts.reactions import CommentRecord
from storage.contracts.user_cache import UserSnapshot


class Usernames(Protocol):
    """Read API of the User service."""

    async def find_by_usernames(self, usernames: Sequence[str]) -> list[UserSnapshot]: ...


class TextReferenceFinder:
    def __init__(self, usernames: Usernames) -> None:
        self._usernames = usernames

    async def find(self, text: str) -> TextReferences:
        """Return the references of a text. At most one lookup; names without a user are no mentions."""
        keys = {tag: key for tag in find_tags(text) if (key := tag_key(tag)) is not None}
        names = find_mentions(text)
        found = await self._usernames.find_by_usernames(names) if names else []
        ids = {snapshot.username.lower(): snapshot.id for snapshot in found}
        return TextReferences(
            tuple(ids[name] for name in names if name in ids), tuple(keys), tuple(keys.values())
        )


class MentionedUsers:
    """The cards of mentioned users."""

    def __init__(self, user_cards: UserCards, block_service: BlockService) -> None:
        self._user_cards = user_cards
        self._block_service = block_service

    async def load(
        self, viewer_id: str | None, records: Iterable[PostRecord | CommentRecord]
    ) -> Mapping[str, UserCard]:
        """Return the cards of those mentioned in the records whom the viewer can see, by id.

        One lookup of cards and one of blocks, if anyone is mentioned. Without a viewer, no user.
        """
        ids = list(dict.fromkeys(user_id for record in records for user_id in record.mention_ids))
        if viewer_id is None or not ids:
            return {}
        blocked_ids = set(await self._block_service.list_blocked_users(viewer_id))
        return await self._user_cards.find([user_id for user_id in ids if user_id not in blocked_ids])
