"""Creates, reads and deletes posts.

Two users with a block between them cannot see each other's posts. A post can link an event, which the Event
service must show to the author. Stateless.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from actors.pagination import KeysetPage, paginate
from actors.posts import serializers
from actors.posts.text_references import MentionedUsers, TextReferenceFinder
from actors.protocol.errors import ApiError
from actors.protocol.objects import UserCard
from actors.protocol.social_objects import Post
from actors.protocol.tags import require_tag_key
from actors.protocol.text_validation import validate_text
from actors.social.block_service import BlockService
from actors.user_cache.user_cards import UserCards
from config.limits import POST_CHARACTERS
from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.paging import PageKey
from storage.contracts.posts import PostRecord, PostStore
from storage.errors import Conflict

CanSeeEvent = Callable[[str, str], Awaitable[bool]]
"""(viewer id, event id) -> whether the viewer can see the event."""
ANONYMOUS_VIEWER_ID: Final = "00000000-0000-0000-0000-000000000000"
"""Viewer without follows, likes or RSVPs: one serialization for all recipients omits per-viewer fields."""


class Posts:
    def __init__(
        self,
        store: PostStore,
        user_cards: UserCards,
        block_service: BlockService,
        can_see_event: CanSeeEvent,
        reference_finder: TextReferenceFinder,
        on_changed: Callable[[], None],
    ) -> None:
        self._store = store
        self._user_cards = user_cards
        self._block_service = block_service
        self._mentioned_users = MentionedUsers(user_cards, block_service)
        self._reference_finder = reference_finder
        self._can_see_event = can_see_event
        self._on_changed = on_changed

    async def create(
        self, author_id: str, content: str, event_id: str | None, idempotency_key: IdempotencyKey | None
    ) -> Post:
        valid_content = validate_text("content", content, POST_CHARACTERS)
        if event_id is not None and not await self._can_see_event(author_id, event_id):
            raise ApiError("event.not_found", "No such event.")
        try:
            post_id = await self._store.create(
                author_id,
                valid_content,
                event_id,
                idempotency_key,
                await self._reference_finder.find(valid_content),
            )
        except Conflict as conflict:
            raise idempotency_conflict(conflict) from None
        self._on_changed()
        return await self.get(author_id, post_id)

    async def get(self, viewer_id: str, post_id: str) -> Post:
        records = await self._store.find([post_id], viewer_id)
        if not records or await self._block_service.is_blocked(viewer_id, records[0].author.id):
            raise post_not_found()
        posts = await self.serialize(records, viewer_id)
        if not posts:
            raise post_not_found()
        return posts[0]

    async def delete(self, user_id: str, post_id: str) -> None:
        """Delete a post, as its author, who can do so even if a moderator has hidden it."""
        if not await self._store.delete(post_id, user_id):
            await self.get_author_id(user_id, post_id)
            raise ApiError("permission.denied", "Only the author can delete a post.")
        self._on_changed()

    async def page_by_author(
        self, viewer_id: str, author_id: str, before: PageKey | None, limit: int
    ) -> KeysetPage[Post]:
        await self._user_cards.get(author_id)
        await self._block_service.require_visible(viewer_id, author_id, "user.not_found", "No such user.")
        blocked_ids = await self._block_service.list_blocked_users(viewer_id)
        records = await self._store.by_author(author_id, before, viewer_id, blocked_ids, limit + 1)
        page, key = paginate(records, limit, lambda record: (record.created_at, record.id))
        return KeysetPage(await self.serialize(page, viewer_id), key)

    async def list_public(self, author_id: str, limit: int) -> tuple[UserCard, list[Post]]:
        """Return a user and their newest public posts, for readers without an account.

        Without reposts, mentions and quoted posts.

        Raises:
            ApiError: user.not_found.
        """
        author = await self._user_cards.get(author_id)
        records = await self._store.by_author(
            author_id, None, ANONYMOUS_VIEWER_ID, (), limit, with_reposts=False
        )
        return author, await self.serialize(records, None)

    async def page_by_tag(
        self, viewer_id: str, tag: str, before: PageKey | None, limit: int
    ) -> KeysetPage[Post]:
        """Return posts with a tag, in any spelling that folds to the same. Raises `request.invalid`."""
        key = require_tag_key(tag)
        blocked_ids = await self._block_service.list_blocked_users(viewer_id)
        records = await self._store.by_tag(key, before, viewer_id, blocked_ids, limit + 1)
        page, next_key = paginate(records, limit, lambda record: (record.created_at, record.id))
        return KeysetPage(await self.serialize(page, viewer_id), next_key)

    async def in_order(self, viewer_id: str, post_ids: Sequence[str]) -> list[Post]:
        """Return those of the posts that exist, in this order. The caller has checked who can see them."""
        posts = {
            post.id: post
            for post in await self.serialize(await self._store.find(post_ids, viewer_id), viewer_id)
        }
        return [posts[post_id] for post_id in post_ids if post_id in posts]

    async def get_author_id(self, viewer_id: str, post_id: str) -> str:
        """Return a post's author. Raises `post.not_found` if the post does not exist for the viewer."""
        author_ids = await self._store.get_author_ids(post_id)
        if not author_ids:
            raise post_not_found()
        for author_id in author_ids:
            await self._block_service.require_visible(viewer_id, author_id, "post.not_found", "No such post.")
        return author_ids[0]

    async def can_see(self, viewer_id: str, post_id: str) -> bool:
        try:
            await self.get_author_id(viewer_id, post_id)
        except ApiError:
            return False
        return True

    async def serialize(self, records: Sequence[PostRecord], viewer_id: str | None) -> list[Post]:
        """Convert records to API objects. Without a viewer, for several recipients: without mentions.

        Leaves out reposts whose original the viewer cannot see; quotes stay without it. One look-up of all
        originals, if there are any.
        """
        originals = await self._load_originals(records, viewer_id)
        everything = [*records, *originals.values()]
        mentioned = await self._mentioned_users.load(viewer_id, everything)
        cards = await self._user_cards.for_records(record.author for record in everything)
        shown = {
            post_id: serializers.to_post(record, cards, mentioned) for post_id, record in originals.items()
        }
        return [
            serializers.to_post(record, cards, mentioned, shown.get(record.original_id or ""))
            for record in records
            if not record.is_repost or record.original_id in shown
        ]

    async def _load_originals(
        self, records: Sequence[PostRecord], viewer_id: str | None
    ) -> dict[str, PostRecord]:
        """Return the originals of reposts and quotes that the viewer can see, by id."""
        ids = {record.original_id: record.original_author_id for record in records if record.original_id}
        if not ids:
            return {}
        blocked_ids = () if viewer_id is None else await self._block_service.list_blocked_users(viewer_id)
        visible_ids = [post_id for post_id, author_id in ids.items() if author_id not in blocked_ids]
        found = await self._store.find(visible_ids, viewer_id or ANONYMOUS_VIEWER_ID)
        return {record.id: record for record in found}

    async def list_blocked_by_original(self, post: Post) -> Sequence[str]:
        """Return the users with a block between them and the author of what a post is a repost of."""
        if post.repost_of is None:
            return ()
        return await self._block_service.list_blocked_users(post.repost_of.author.id)


def post_not_found() -> ApiError:
    return ApiError("post.not_found", "No such post.")


def idempotency_conflict(conflict: Conflict) -> ApiError | Conflict:
    """Return `idempotency.conflict` for a reused key; any other conflict is unexpected and returned as is."""
    if conflict.constraint != "idempotency_keys":
        return conflict
    return ApiError("idempotency.conflict", "The `Idempotency-Key` was used for another request.")
