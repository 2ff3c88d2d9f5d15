"""Likes and comments. Whoever may not see a post may not like it, and sees no comment of those apart.

Never counts: that is the store's.
"""

from collections.abc import Callable

from actors.people.people import People
from actors.people.slice import Slice, cut
from actors.posts import rendering
from actors.posts.posts import Posts, no_post, used_otherwise
from actors.protocol.errors import ApiError
from actors.protocol.objects import UserCard
from actors.protocol.social_objects import Comment
from actors.protocol.text_validation import validate_text
from actors.social.relations import Relations
from config.limits import POST_CHARACTERS
from storage.contracts.posts import ReactionStore
from storage.contracts.social import PageKey
from storage.errors import Conflict, Missing
from storage.records.idempotency_key import IdempotencyKey
from storage.records.posts import CommentRecord


class Reactions:
    def __init__(
        self,
        store: ReactionStore,
        posts: Posts,
        people: People,
        relations: Relations,
        changed: Callable[[], None],
    ) -> None:
        self._store = store
        self._posts = posts
        self._people = people
        self._relations = relations
        self._changed = changed

    async def like(self, user_id: str, post_id: str) -> None:
        await self._posts.author(user_id, post_id)
        try:
            await self._store.like(post_id, user_id)
        except Missing:
            raise no_post() from None
        self._changed()

    async def unlike(self, user_id: str, post_id: str) -> None:
        await self._posts.author(user_id, post_id)
        await self._store.unlike(post_id, user_id)

    async def likes(
        self, viewer_id: str, post_id: str, before: PageKey | None, limit: int
    ) -> Slice[UserCard]:
        await self._posts.author(viewer_id, post_id)
        hidden = await self._relations.hidden(viewer_id)
        found = await self._store.likes(post_id, before, hidden, limit + 1)
        page, key = cut(found, limit, lambda record: (record.created_at, record.id))
        cards = await self._people.shown(record.user for record in page)
        return Slice([cards[record.user.id] for record in page], key)

    async def comment(self, user_id: str, post_id: str, content: str, once: IdempotencyKey | None) -> Comment:
        checked = validate_text("content", content, POST_CHARACTERS)
        await self._posts.author(user_id, post_id)
        try:
            comment_id = await self._store.comment(post_id, user_id, checked, once)
        except Missing:
            raise no_post() from None
        except Conflict as conflict:
            raise used_otherwise(conflict) from None
        self._changed()
        return await self._shown(await self._comment(user_id, comment_id))

    async def comments(
        self, viewer_id: str, post_id: str, after: PageKey | None, limit: int
    ) -> Slice[Comment]:
        await self._posts.author(viewer_id, post_id)
        hidden = await self._relations.hidden(viewer_id)
        found = await self._store.comments(post_id, after, hidden, limit + 1)
        page, key = cut(found, limit, lambda record: (record.created_at, record.id))
        cards = await self._people.shown(record.author for record in page)
        return Slice([rendering.comment(record, cards) for record in page], key)

    async def delete_comment(self, user_id: str, comment_id: str) -> None:
        """For whoever said it, and for the author of the post."""
        comment = await self._comment(user_id, comment_id)
        if user_id not in {comment.author.id, comment.post_author_id}:
            raise ApiError("permission.denied", "Only its author and that of the post delete a comment.")
        if not await self._store.delete_comment(comment_id):
            raise no_comment()

    async def sees_comment(self, viewer_id: str, comment_id: str) -> bool:
        try:
            await self._comment(viewer_id, comment_id)
        except ApiError:
            return False
        return True

    async def _comment(self, viewer_id: str, comment_id: str) -> CommentRecord:
        comment = await self._store.find_comment(comment_id)
        if comment is None:
            raise no_comment()
        hidden = await self._relations.hidden(viewer_id)
        if comment.author.id in hidden or comment.post_author_id in hidden:
            raise no_comment()
        return comment

    async def _shown(self, record: CommentRecord) -> Comment:
        return rendering.comment(record, await self._people.shown([record.author]))


def no_comment() -> ApiError:
    return ApiError("comment.not_found", "No such comment.")
