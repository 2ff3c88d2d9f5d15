"""Creates, reads and deletes posts.

`PostVisibilityChecker` decides who can see a post. A post can link an event, which the Event service must
show to the author. Stateless.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from actors.pagination import KeysetPage, paginate
from actors.posts import serializers
from actors.posts.bodies import NewPost, to_new_post
from actors.posts.text_references import MentionedUsers, TextReferenceFinder
from actors.posts.visibility import ANONYMOUS_VIEWER_ID, PostVisibilityChecker, ViewerAccess
from actors.protocol.errors import ApiError
from actors.protocol.objects import UserCard
from actors.protocol.social_objects import Post
from actors.protocol.tags import require_tag_key
from actors.social.block_service import BlockService
from actors.user_cache.user_cards import UserCards
from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.paging import PageKey
from storage.contracts.post_access import PostAccess
from storage.contracts.posts import NewPostRecord, OriginalPost, PostOwner, PostRecord, PostStore
from storage.errors import Conflict, Missing

CanSeeEvent = Callable[[str, str], Awaitable[bool]]
"""(viewer id, event id) -> whether the viewer can see the event."""


class Posts:
    def __init__(
        self,
        store: PostStore,
        user_cards: UserCards,
        block_service: BlockService,
        visibility: PostVisibilityChecker,
        can_see_event: CanSeeEvent,
        reference_finder: TextReferenceFinder,
        on_changed: Callable[[], None],
    ) -> None:
        self._store = store
        self._user_cards = user_cards
        self._block_service = block_service
        self._visibility = visibility
        self._mentioned_users = MentionedUsers(user_cards, block_service)
        self._reference_finder = reference_finder
        self._can_see_event = can_see_event
        self._on_changed = on_changed

    async def create(self, author_id: str, body: NewPost, idempotency_key: IdempotencyKey | None) -> Post:
        """Create a post.

        Raises:
            ApiError: request.invalid, event.not_found, idempotency.conflict.
        """
        new = to_new_post(author_id, body)
        if new.event_id is not None and not await self._can_see_event(author_id, new.event_id):
            raise ApiError("event.not_found", "No such event.")
        return await self.get(author_id, await self.add(new, idempotency_key))

    async def add(self, new: NewPostRecord, idempotency_key: IdempotencyKey | None) -> str:
        """Store a valid post or quote, with what its text refers to, and return its id.

        Raises:
            ApiError: post.not_found, for the post that it quotes; idempotency.conflict.
        """
        references = await self._reference_finder.find(new.content)
        try:
            post_id = await self._store.create(
                msgspec.structs.replace(new, references=references), idempotency_key
            )
        except Missing:
            raise post_not_found() from None
        except Conflict as conflict:
            raise idempotency_conflict(conflict) from None
        self._on_changed()
        return post_id

    async def get(self, viewer_id: str, post_id: str, *, is_moderator: bool = False) -> Post:
        """Return a post. Its author and moderators also see one that moderators have hidden."""
        for post in await self.serialize(await self._store.find([post_id], viewer_id), viewer_id):
            return post
        hidden = await self._store.find_hidden(post_id, viewer_id)
        if hidden is not None and (is_moderator or hidden.author_id == viewer_id):
            access = ViewerAccess({hidden.author_id: PostAccess.ALL})
            for post in await self.serialize([hidden], viewer_id, access):
                return post
        raise post_not_found()

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
        _, access = await asyncio.gather(
            self._block_service.require_visible(viewer_id, author_id, "user.not_found", "No such user."),
            self._visibility.load(viewer_id, [author_id]),
        )
        visibilities = access.visibilities(author_id)
        if not visibilities:
            return KeysetPage([], None)
        records = await self._store.by_author(author_id, before, viewer_id, visibilities, limit + 1)
        page, key = paginate(records, limit, lambda record: (record.created_at, record.id))
        return KeysetPage(await self.serialize(page, viewer_id, access), key)

    async def list_public(self, author_id: str, limit: int) -> tuple[UserCard, list[Post]]:
        """Return a user and the newest of their posts that everyone can see, for readers without an account.

        Without reposts and mentions.

        Raises:
            ApiError: user.not_found.
        """
        author, access = await asyncio.gather(
            self._user_cards.get(author_id), self._visibility.load(None, [author_id])
        )
        records = await self._store.by_author(
            author_id, None, ANONYMOUS_VIEWER_ID, access.visibilities(author_id), limit, with_reposts=False
        )
        return author, await self.serialize(records, None, access)

    async def page_by_tag(
        self, viewer_id: str, tag: str, before: PageKey | None, limit: int
    ) -> KeysetPage[Post]:
        """Return posts with a tag, in any spelling that folds to the same. Raises `request.invalid`."""
        key = require_tag_key(tag)

        async def read(
            page_key: PageKey | None, excluded_authors: Sequence[str], count: int
        ) -> list[PostRecord]:
            return await self._store.by_tag(key, page_key, viewer_id, excluded_authors, count)

        page = await self._visibility.page(viewer_id, read, before, limit)
        return KeysetPage(await self.serialize(page.rows, viewer_id, page.access), page.next_key)

    async def find_in_order(
        self, viewer_id: str, post_ids: Sequence[str], access: ViewerAccess | None = None
    ) -> list[Post]:
        """Return those of the posts that exist for the viewer, in this order. `access` as in `serialize`."""
        records = await self._store.find(post_ids, viewer_id)
        posts = {post.id: post for post in await self.serialize(records, viewer_id, access)}
        return [posts[post_id] for post_id in post_ids if post_id in posts]

    async def get_author_id(self, viewer_id: str, post_id: str) -> str:
        """Return a post's author. Raises `post.not_found` if the post does not exist for the viewer."""
        owner = (await self._store.owners([post_id])).get(post_id)
        if owner is None or not await self._is_visible(viewer_id, owner):
            raise post_not_found()
        return owner.author_id

    async def get_reaction_target(self, viewer_id: str, post_id: str) -> str:
        """Return the id of the post that reactions are about: of a repost the original.

        Raises:
            ApiError: post.not_found.
        """
        owner = (await self._store.owners([post_id])).get(post_id)
        if owner is None or not await self._is_visible(viewer_id, owner):
            raise post_not_found()
        return post_id if owner.original is None else owner.original.id

    async def is_public(self, post_id: str) -> bool:
        """Whether a post exists and everyone can see it."""
        owner = (await self._store.owners([post_id])).get(post_id)
        return owner is not None and await self._is_visible(None, owner)

    async def _is_visible(self, viewer_id: str | None, owner: PostOwner) -> bool:
        posts: list[PostOwner | OriginalPost] = [owner]
        if owner.original is not None:
            posts.append(owner.original)
        return len(await self._visibility.filter(viewer_id, posts)) == len(posts)

    async def can_see(self, viewer_id: str, post_id: str) -> bool:
        try:
            await self.get_author_id(viewer_id, post_id)
        except ApiError:
            return False
        return True

    async def serialize(
        self, records: Sequence[PostRecord], viewer_id: str | None, access: ViewerAccess | None = None
    ) -> list[Post]:
        """Convert records to API objects. Leaves out posts that the viewer cannot see.

        Reposts are left out with their original, quotes stay without it. Loads the viewer's access to authors
        who are not in `access`, and the originals, by one lookup each. Without a viewer there are no
        mentions.
        """
        known = ViewerAccess() if access is None else access
        authors = {record.author_id for record in records}
        authors |= {one.author_id for record in records if (one := record.original)}
        authors -= known.by_author.keys()
        original_ids = list({one.id for record in records if (one := record.original)})
        cards = await self._user_cards.for_records(record.author for record in records)
        if not (authors or original_ids or any(record.mention_ids for record in records)):
            # Most pages: without lookups there is no need for tasks.
            return [
                serializers.to_post(record, cards, {})
                for record in known.filter(records)
                if not record.is_repost
            ]
        loaded, originals, mentioned = await asyncio.gather(
            self._visibility.load(viewer_id, authors),
            self._store.find(original_ids, viewer_id or ANONYMOUS_VIEWER_ID),
            self._mentioned_users.load(viewer_id, records),
        )
        allowed = ViewerAccess({**known.by_author, **loaded.by_author})
        shown = await self._serialize_originals(allowed.filter(originals), viewer_id) if originals else {}
        return [
            serializers.to_post(
                record, cards, mentioned, shown.get(record.original.id) if record.original else None
            )
            for record in allowed.filter(records)
            if not record.is_repost or (record.original is not None and record.original.id in shown)
        ]

    async def _serialize_originals(
        self, records: Sequence[PostRecord], viewer_id: str | None
    ) -> dict[str, Post]:
        mentioned, cards = await asyncio.gather(
            self._mentioned_users.load(viewer_id, records),
            self._user_cards.for_records(record.author for record in records),
        )
        return {record.id: serializers.to_post(record, cards, mentioned) for record in records}


def post_not_found() -> ApiError:
    return ApiError("post.not_found", "No such post.")


def idempotency_conflict(conflict: Conflict) -> ApiError | Conflict:
    """Return `idempotency.conflict` for a reused key; any other conflict is unexpected and returned as is."""
    if conflict.constraint != "idempotency_keys":
        return conflict
    return ApiError("idempotency.conflict", "The `Idempotency-Key` was used for another request.")
