"""Edits posts for a short time after they were written; shows former texts to who can see the post."""

from collections.abc import Callable
from typing import assert_never

import msgspec

from actors.pagination import KeysetPage, paginate
from actors.posts.bodies import PostPatch, to_post_change
from actors.posts.posts import Posts, post_not_found
from actors.posts.text_references import TextReferenceFinder
from actors.protocol.errors import ApiError
from actors.protocol.social_objects import Post, PostRevision
from actors.protocol.timestamps import rfc3339_from_datetime
from config.limits import POST_EDIT_WINDOW_S, POST_REVISIONS_MAX
from storage.contracts.paging import PageKey
from storage.contracts.posts import EditOutcome, PostEditStore


class PostEdits:
    def __init__(
        self,
        store: PostEditStore,
        posts: Posts,
        reference_finder: TextReferenceFinder,
        on_changed: Callable[[], None],
    ) -> None:
        self._store = store
        self._posts = posts
        self._reference_finder = reference_finder
        self._on_changed = on_changed

    async def edit(self, user_id: str, post_id: str, body: PostPatch) -> Post:
        """Replace the text of a post, as its author. The same text again changes nothing.

        Raises:
            ApiError: post.not_found, permission.denied, post.not_editable, request.invalid.
        """
        change = to_post_change(body)
        if await self._posts.get_author_id(user_id, post_id) != user_id:
            raise ApiError("permission.denied", "Only the author can edit a post.")
        references = await self._reference_finder.find(change.content)
        outcome = await self._store.edit(
            post_id, user_id, msgspec.structs.replace(change, references=references)
        )
        match outcome:
            case EditOutcome.DONE:
                self._on_changed()
                return await self._posts.get(user_id, post_id)
            case EditOutcome.MISSING:
                raise post_not_found()
            case EditOutcome.IS_REPOST:
                raise ApiError("post.not_editable", "A repost has no text.")
            case EditOutcome.TOO_LATE:
                minutes = POST_EDIT_WINDOW_S // 60
                raise ApiError("post.not_editable", f"A post can be edited for {minutes} minutes.")
            case EditOutcome.TOO_OFTEN:
                raise ApiError("post.not_editable", f"A post can be edited {POST_REVISIONS_MAX} times.")
            case _:
                assert_never(outcome)

    async def page_history(
        self, viewer_id: str, post_id: str, before: PageKey | None, limit: int
    ) -> KeysetPage[PostRevision]:
        await self._posts.get_author_id(viewer_id, post_id)
        records = await self._store.revisions(post_id, before, limit + 1)
        page, key = paginate(records, limit, lambda record: (record.written_at, record.id))
        revisions = [
            PostRevision(record.id, record.content, rfc3339_from_datetime(record.written_at))
            for record in page
        ]
        return KeysetPage(revisions, key)
