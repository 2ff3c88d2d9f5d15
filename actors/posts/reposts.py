"""Reposts and quotes.

A repost shows another post among the user's own, once per user; a quote is a post with a text about another
one. Neither can be of a repost, only of the original. Stateless.
"""

from collections.abc import Callable

from actors.posts.bodies import NewRepost, to_new_quote
from actors.posts.posts import Posts, idempotency_conflict, post_not_found
from actors.protocol.errors import ApiError, invalid_field
from actors.protocol.social_objects import Post
from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.posts import RepostStore
from storage.errors import Conflict, Missing


class Reposts:
    def __init__(
        self,
        store: RepostStore,
        posts: Posts,
        on_changed: Callable[[str], None],
    ) -> None:
        self._store = store
        self._posts = posts
        self._on_changed = on_changed

    async def create(
        self, user_id: str, post_id: str, body: NewRepost, idempotency_key: IdempotencyKey | None
    ) -> Post:
        """Repost a post, or quote it with a text. Reposting it again returns the same repost.

        Only followers of the user see a quote for followers, and neither the count nor the author of the
        original shows others that there is one.

        Raises:
            ApiError: post.not_found, permission.denied, request.invalid, idempotency.conflict.
        """
        quote = to_new_quote(user_id, post_id, body)
        await self._require_repostable(user_id, post_id)
        if quote is None:
            created_id = await self._repost(user_id, post_id, idempotency_key)
        else:
            created_id = await self._posts.add(quote, idempotency_key)
        self._on_changed(post_id)
        return await self._posts.get(user_id, created_id)

    async def _repost(self, user_id: str, post_id: str, idempotency_key: IdempotencyKey | None) -> str:
        try:
            return await self._store.repost(post_id, user_id, idempotency_key)
        except Missing:
            raise post_not_found() from None
        except Conflict as conflict:
            raise idempotency_conflict(conflict) from None

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
