"""Reposts and quotes.

A repost shows another post among the user's own, once per user; a quote is a post with a text about another
one. Neither can be of a repost, only of the original. Stateless.
"""

from collections.abc import Callable

from actors.posts.posts import Posts, idempotency_conflict, post_not_found
from actors.posts.text_references import TextReferenceFinder
from actors.protocol.errors import ApiError, invalid_field
from actors.protocol.social_objects import Post
from actors.protocol.text_validation import validate_text
from config.limits import POST_CHARACTERS
from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.posts import PUBLIC, RepostStore
from storage.errors import Conflict, Missing


class Reposts:
    def __init__(
        self,
        store: RepostStore,
        posts: Posts,
        reference_finder: TextReferenceFinder,
        on_changed: Callable[[str], None],
    ) -> None:
        self._store = store
        self._posts = posts
        self._reference_finder = reference_finder
        self._on_changed = on_changed

    async def create(
        self,
        user_id: str,
        post_id: str,
        content: str | None,
        idempotency_key: IdempotencyKey | None,
        visibility: str = PUBLIC,
    ) -> Post:
        """Repost a post, or quote it with a text. Reposting it again returns the same repost.

        `visibility` is that of a quote. Only followers of the user see a quote for followers, and neither the
        count nor the author of the original shows others that there is one.

        Raises:
            ApiError: post.not_found, permission.denied, request.invalid, idempotency.conflict.
        """
        valid_content = None if content is None else validate_text("content", content, POST_CHARACTERS)
        if valid_content is None and visibility != PUBLIC:
            raise invalid_field("visibility", "Only a quote has a visibility; a repost is public.")
        await self._require_repostable(user_id, post_id)
        try:
            if valid_content is None:
                created_id = await self._store.repost(post_id, user_id, idempotency_key)
            else:
                references = await self._reference_finder.find(valid_content)
                created_id = await self._store.quote(
                    post_id, user_id, valid_content, idempotency_key, references, visibility
                )
        except Missing:
            raise post_not_found() from None
        except Conflict as conflict:
            raise idempotency_conflict(conflict) from None
        self._on_changed(post_id)
        return await self._posts.get(user_id, created_id)

    async def remove(self, user_id: str, post_id: str) -> None:
        """Delete the user's repost of a post, also of one that the user no longer sees. Idempotent.

        Quotes stay: they are deleted as posts. Raises `post.not_found`.
        """
        if await self._store.remove(post_id, user_id):
            self._on_changed(post_id)
        else:
            await self._posts.get_author_id(user_id, post_id)

    async def _require_repostable(self, user_id: str, post_id: str) -> None:
        """The only place that decides what can be reposted.

        Raises:
            ApiError: post.not_found; request.invalid, for a repost; permission.denied, for a post that not
                everyone can see.
        """
        if await self._posts.get_reaction_target(user_id, post_id) != post_id:
            raise invalid_field("id", "This is a repost. Use the id of the post in `repost_of`.", "repost")
        if not await self._posts.is_public(post_id):
            raise ApiError("permission.denied", "Only posts that everyone can see can be reposted.")
