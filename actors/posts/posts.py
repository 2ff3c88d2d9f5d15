"""Creates, reads and deletes posts.

Two users with a block between them cannot see each other's posts. A post can link an event, which the Event
service must show to the author. Stateless.
"""

from collections.abc import Awaitable, Callable, Sequence

from actors.pagination import KeysetPage, paginate
from actors.posts import serializers
from actors.posts.text_references import MentionedUsers, TextReferenceFinder
from actors.protocol.errors import ApiError, invalid_field
from actors.protocol.social_objects import Post
from actors.protocol.tags import tag_key
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

    async def get(self, viewer_id: str, post_id: str, *, is_moderator: bool = False) -> Post:
        """Return a post. Its author and moderators also see one that moderators have hidden."""
        records = await self._store.find([post_id], viewer_id)
        if not records:
            hidden = await self._store.find_hidden(post_id, viewer_id)
            if hidden is not None and (is_moderator or hidden.author.id == viewer_id):
                return (await self.serialize([hidden], viewer_id))[0]
        if not records or await self._block_service.is_blocked(viewer_id, records[0].author.id):
            raise post_not_found()
        return (await self.serialize(records, viewer_id))[0]

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
        records = await self._store.by_author(author_id, before, viewer_id, limit + 1)
        page, key = paginate(records, limit, lambda record: (record.created_at, record.id))
        return KeysetPage(await self.serialize(page, viewer_id), key)

    async def page_by_tag(
        self, viewer_id: str, tag: str, before: PageKey | None, limit: int
    ) -> KeysetPage[Post]:
        """Return posts with a tag, in any spelling that folds to the same. Raises `request.invalid`."""
        key = tag_key(tag)
        if key is None:
            raise invalid_field("tag", "A tag has letters, digits and underscores, at least one letter.")
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
        author_id = await self._store.get_author_id(post_id)
        if author_id is None or await self._block_service.is_blocked(viewer_id, author_id):
            raise post_not_found()
        return author_id

    async def can_see(self, viewer_id: str, post_id: str) -> bool:
        try:
            await self.get_author_id(viewer_id, post_id)
        except ApiError:
            return False
        return True

    async def serialize(self, records: Sequence[PostRecord], viewer_id: str | None) -> list[Post]:
        """Convert records to API objects. Without a viewer, for several recipients: without mentions."""
        mentioned = await self._mentioned_users.load(viewer_id, records)
        cards = await self._user_cards.for_records(record.author for record in records)
        return [serializers.to_post(record, cards, mentioned) for record in records]


def post_not_found() -> ApiError:
    return ApiError("post.not_found", "No such post.")


def idempotency_conflict(conflict: Conflict) -> ApiError | Conflict:
    """Return `idempotency.conflict` for a reused key; any other conflict is unexpected and returned as is."""
    if conflict.constraint != "idempotency_keys":
        return conflict
    return ApiError("idempotency.conflict", "The `Idempotency-Key` was used for another request.")
