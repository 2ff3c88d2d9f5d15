"""Likes and comments.

Only users who can see a post can like it or comment on it. Comments and likes of blocked users are hidden,
and so are replies to their comments. Likes and comments of a repost are those of its original.
`on_changed(post_id)` is called after each change.
Taking back the user's own actions, and removing comments from the user's own post, does not depend on what
the user can see.
"""

import asyncio
from collections.abc import Callable, Sequence

from actors.accounts.restrictions import silenced
from actors.pagination import KeysetPage, paginate
from actors.posts import serializers
from actors.posts.posts import Posts, idempotency_conflict, post_not_found
from actors.posts.text_references import MentionedUsers, TextReferenceFinder
from actors.posts.visibility import PostVisibilityChecker
from actors.protocol.errors import ApiError
from actors.protocol.objects import UserCard
from actors.protocol.social_objects import Comment
from actors.protocol.text_validation import validate_text
from actors.social.block_service import BlockService
from actors.user_cache.user_cards import UserCards
from config.limits import POST_CHARACTERS
from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.paging import PageKey
from storage.contracts.reactions import CommentRecord, ReactionStore
from storage.errors import Conflict, Missing


class Reactions:
    def __init__(
        self,
        store: ReactionStore,
        posts: Posts,
        user_cards: UserCards,
        block_service: BlockService,
        visibility: PostVisibilityChecker,
        reference_finder: TextReferenceFinder,
        on_changed: Callable[[str], None],
    ) -> None:
        self._store = store
        self._posts = posts
        self._user_cards = user_cards
        self._block_service = block_service
        self._visibility = visibility
        self._mentioned_users = MentionedUsers(user_cards, block_service)
        self._reference_finder = reference_finder
        self._on_changed = on_changed

    async def like(self, user_id: str, post_id: str) -> None:
        target_id = await self._posts.get_reaction_target(user_id, post_id)
        try:
            await self._store.like(target_id, user_id)
        except Missing:
            raise post_not_found() from None
        self._on_changed(target_id)

    async def unlike(self, user_id: str, post_id: str) -> None:
        if await self._store.unlike(post_id, user_id):
            self._on_changed(post_id)
            return
        target_id = await self._posts.get_reaction_target(user_id, post_id)
        if target_id != post_id and await self._store.unlike(target_id, user_id):
            self._on_changed(target_id)

    async def page_likes(
        self, viewer_id: str, post_id: str, before: PageKey | None, limit: int
    ) -> KeysetPage[UserCard]:
        target_id = await self._posts.get_reaction_target(viewer_id, post_id)
        blocked_ids = await self._block_service.list_blocked_users(viewer_id)
        records = await self._store.likes(target_id, before, blocked_ids, limit + 1)
        page, key = paginate(records, limit, lambda record: (record.created_at, record.id))
        cards = await self._user_cards.for_records(record.user for record in page)
        return KeysetPage([cards[record.user.id] for record in page], key)

    async def create_comment(
        self,
        user_id: str,
        post_id: str,
        content: str,
        parent_id: str | None,
        idempotency_key: IdempotencyKey | None,
    ) -> Comment:
        """Create a comment, or with `parent_id` a reply. There is one level: see `Comment.parent_id`.

        Raises:
            ApiError: post.not_found; comment.not_found, for a parent that is not on this post.
        """
        valid_content = validate_text("content", content, POST_CHARACTERS)
        target_id = await self._posts.get_reaction_target(user_id, post_id)
        if parent_id is not None and (await self.get_comment(user_id, parent_id)).post_id != target_id:
            raise comment_not_found()
        try:
            references = await self._reference_finder.find(valid_content)
            comment_id = await self._store.comment(
                target_id, user_id, valid_content, idempotency_key, references, parent_id
            )
        except Missing:
            raise (post_not_found() if parent_id is None else comment_not_found()) from None
        except Conflict as conflict:
            raise idempotency_conflict(conflict) from None
        self._on_changed(target_id)
        return (await self._serialize([await self.get_comment(user_id, comment_id)], user_id))[0]

    async def page_comments(
        self,
        viewer_id: str,
        post_id: str,
        after: PageKey | None,
        limit: int,
        *,
        is_moderator: bool = False,
    ) -> KeysetPage[Comment]:
        """List comments. Moderators also see hidden ones, and users their own, with the replies to them."""
        target_id = await self._posts.get_reaction_target(viewer_id, post_id)
        blocked_ids = await self._block_service.list_blocked_users(viewer_id)
        records = await self._store.comments(
            target_id, after, viewer_id, blocked_ids, limit + 1, with_hidden=is_moderator
        )
        page, key = paginate(records, limit, lambda record: (record.created_at, record.id))
        return KeysetPage(await self._serialize(page, viewer_id), key)

    async def delete_comment(self, user_id: str, comment_id: str, *, own_only: bool = False) -> None:
        """Delete a comment, as its author or as the author of the post.

        With `own_only`, of a silenced user, only as its author.
        """
        if own_only and (await self.get_comment(user_id, comment_id)).author.id != user_id:
            raise silenced()
        post_id = await self._store.delete_comment(comment_id, user_id)
        if post_id is None:
            await self.get_comment(user_id, comment_id)
            raise ApiError("permission.denied", "Only the author of a comment or of its post can delete it.")
        self._on_changed(post_id)

    async def can_see_comment(self, viewer_id: str, comment_id: str) -> bool:
        try:
            await self.get_comment(viewer_id, comment_id)
        except ApiError:
            return False
        return True

    async def get_comment(self, viewer_id: str, comment_id: str) -> CommentRecord:
        """Return a comment. Raises `comment.not_found`, also if its post or its parent is hidden."""
        comment = await self._store.find_comment(comment_id, viewer_id)
        if comment is None or comment.post_owner is None:
            raise comment_not_found()
        blocked_ids, visible_posts = await asyncio.gather(
            self._block_service.list_blocked_users(viewer_id),
            self._visibility.filter(viewer_id, [comment.post_owner]),
        )
        hidden = comment.author.id in blocked_ids or comment.parent_author_id in blocked_ids
        if hidden or not visible_posts:
            raise comment_not_found()
        return comment

    async def _serialize(self, records: Sequence[CommentRecord], viewer_id: str) -> list[Comment]:
        cards = await self._user_cards.for_records(record.author for record in records)
        mentioned = await self._mentioned_users.load(viewer_id, records)
        return [serializers.to_comment(record, cards, mentioned) for record in records]


def comment_not_found() -> ApiError:
    return ApiError("comment.not_found", "No such comment.")
