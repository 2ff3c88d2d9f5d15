"""Posts: made, looked at, taken back.

Between two people with a block each other's posts do not exist. An event that a post names is asked for at
the Event service. Never holds state.
"""

from collections.abc import Awaitable, Callable, Sequence

from actors.people.people import People
from actors.people.slice import Slice, cut
from actors.posts import rendering
from actors.protocol.errors import ApiError
from actors.protocol.social_objects import Post
from actors.protocol.text_validation import validate_text
from actors.social.relations import Relations
from config.limits import POST_CHARACTERS
from storage.contracts.posts import PostStore
from storage.contracts.social import PageKey
from storage.errors import Conflict
from storage.records.idempotency_key import IdempotencyKey
from storage.records.posts import PostRecord

SeesEvent = Callable[[str, str], Awaitable[bool]]
"""(viewer, event) -> whether there is such an event for the viewer."""


class Posts:
    def __init__(
        self,
        store: PostStore,
        people: People,
        relations: Relations,
        sees_event: SeesEvent,
        changed: Callable[[], None],
    ) -> None:
        self._store = store
        self._people = people
        self._relations = relations
        self._sees_event = sees_event
        self._changed = changed

    async def create(
        self, author_id: str, content: str, event_id: str | None, once: IdempotencyKey | None
    ) -> Post:
        checked = validate_text("content", content, POST_CHARACTERS)
        if event_id is not None and not await self._sees_event(author_id, event_id):
            raise ApiError("event.not_found", "No such event.")
        try:
            post_id = await self._store.create(author_id, checked, event_id, once)
        except Conflict as conflict:
            raise used_otherwise(conflict) from None
        self._changed()
        return await self.get(author_id, post_id)

    async def get(self, viewer_id: str, post_id: str) -> Post:
        found = await self._store.find([post_id], viewer_id)
        if not found or await self._relations.apart(viewer_id, found[0].author.id):
            raise no_post()
        return (await self.shown(found))[0]

    async def delete(self, user_id: str, post_id: str) -> None:
        author_id = await self.author(user_id, post_id)
        if author_id != user_id:
            raise ApiError("permission.denied", "Only its author deletes a post.")
        if not await self._store.delete(post_id, user_id):
            raise no_post()
        self._changed()

    async def by_author(
        self, viewer_id: str, author_id: str, before: PageKey | None, limit: int
    ) -> Slice[Post]:
        await self._people.card(author_id)
        await self._relations.need_sight(viewer_id, author_id, "user.not_found", "No such user.")
        found = await self._store.by_author(author_id, before, viewer_id, limit + 1)
        page, key = cut(found, limit, lambda record: (record.created_at, record.id))
        return Slice(await self.shown(page), key)

    async def author(self, viewer_id: str, post_id: str) -> str:
        """Whose post it is; refuses where there is no such post for the viewer."""
        author_id = await self._store.get_author_id(post_id)
        if author_id is None or await self._relations.apart(viewer_id, author_id):
            raise no_post()
        return author_id

    async def sees(self, viewer_id: str, post_id: str) -> bool:
        try:
            await self.author(viewer_id, post_id)
        except ApiError:
            return False
        return True

    async def shown(self, records: Sequence[PostRecord]) -> list[Post]:
        cards = await self._people.shown(record.author for record in records)
        return [rendering.post(record, cards) for record in records]


def no_post() -> ApiError:
    return ApiError("post.not_found", "No such post.")


def used_otherwise(conflict: Conflict) -> ApiError | Conflict:
    """What is told of a conflict about an idempotency key; any other is not expected."""
    if conflict.constraint != "idempotency_keys":
        return conflict
    return ApiError("idempotency.conflict", "This key was used for something else.")
