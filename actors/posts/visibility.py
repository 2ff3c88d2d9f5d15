"""Who can see which posts. Every read of posts, and of what belongs to posts, applies this rule.

    post visible <=> the author's posts are accessible: all of them, or the public ones and it is public

The Social service knows the access of a viewer to the posts of an author (`PostAccess`), from follows, blocks
and private accounts. It is asked once per page and never cached; lookups of single authors are batched.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Final, Generic, Protocol, TypeVar

import msgspec

from actors.data_loader import DataLoader
from actors.pagination import paginate_filtered
from storage.contracts.paging import PageKey
from storage.contracts.post_access import PostAccess, PostAccessStore
from storage.contracts.posts import FOLLOWERS, PUBLIC, PostOwner

ANONYMOUS_VIEWER_ID: Final = "00000000-0000-0000-0000-000000000000"
"""A viewer without follows, likes, bookmarks or RSVPs."""


class OwnedPost(Protocol):
    """A post, or a row that belongs to one."""

    @property
    def author_id(self) -> str: ...

    @property
    def visibility(self) -> str: ...


class OwnedRow(OwnedPost, Protocol):
    """A row of a list, ordered by (created_at, id)."""

    @property
    def id(self) -> str: ...

    @property
    def created_at(self) -> datetime: ...


class PostOwners(Protocol):
    async def owners(self, post_ids: Sequence[str]) -> Mapping[str, PostOwner]: ...


Post = TypeVar("Post", bound=OwnedPost)
Row = TypeVar("Row", bound=OwnedRow)

ReadRows = Callable[[PageKey | None, Sequence[str], int], Awaitable[Sequence[Row]]]
"""(before, excluded author ids, limit) -> rows, the newest first."""


class ViewerAccess(msgspec.Struct, frozen=True):
    """The access of one viewer, by author. Authors who are not in it have none."""

    by_author: Mapping[str, PostAccess] = {}

    def visibilities(self, author_id: str) -> tuple[str, ...]:
        """Return which visibilities the posts of an author may have to be visible."""
        match self.by_author.get(author_id, PostAccess.NONE):
            case PostAccess.ALL:
                return (PUBLIC, FOLLOWERS)
            case PostAccess.PUBLIC:
                return (PUBLIC,)
            case PostAccess.NONE:
                return ()

    def allows(self, post: OwnedPost) -> bool:
        return post.visibility in self.visibilities(post.author_id)

    def filter(self, posts: Iterable[Post]) -> list[Post]:
        return [post for post in posts if self.allows(post)]


class VisiblePage(msgspec.Struct, Generic[Row], frozen=True):
    """Visible rows, the key of the next page, and the access to the authors of the rows."""

    rows: list[Row]
    next_key: PageKey | None
    access: ViewerAccess


class PostVisibilityChecker:
    def __init__(self, store: PostAccessStore, posts: PostOwners) -> None:
        self._store = store
        self._posts = posts
        self._loader: DataLoader[PostAccess] = DataLoader(self._load_access)

    async def load(
        self, viewer_id: str | None, author_ids: Iterable[str], *, without_muted: bool = False
    ) -> ViewerAccess:
        """Return a viewer's access to the posts of authors; None for an anonymous viewer. One lookup.

        With `without_muted` there is none to authors whose posts the viewer mutes.
        """
        viewer, authors = viewer_id or ANONYMOUS_VIEWER_ID, set(author_ids)
        if not authors:
            return ViewerAccess()
        if len(authors) > 1 or without_muted:
            # A page. To share a lookup would cost more per author than a separate statement.
            found = await self._store.find(
                [(viewer, author_id) for author_id in authors], without_muted=without_muted
            )
            return ViewerAccess({author_id: access for (_, author_id), access in found.items()})
        (author_id,) = authors
        access = await self._loader.get(_loader_key(viewer, author_id))
        return ViewerAccess() if access is None else ViewerAccess({author_id: access})

    async def filter(self, viewer_id: str | None, posts: Sequence[Post]) -> list[Post]:
        """Return those of the posts that the viewer can see. One lookup."""
        return (await self.load(viewer_id, (post.author_id for post in posts))).filter(posts)

    async def page(
        self,
        viewer_id: str | None,
        read: ReadRows[Row],
        before: PageKey | None,
        limit: int,
        *,
        without_muted: bool = False,
    ) -> VisiblePage[Row]:
        """Return up to `limit` visible rows. Each read is followed by one lookup; usually one suffices.

        With `without_muted`, without rows of authors whose posts the viewer mutes.
        A page with fewer rows is the last one only if it has no next key.
        """
        by_author: dict[str, PostAccess] = {}
        access = ViewerAccess(by_author)

        async def read_accessible(page_key: PageKey | None, count: int) -> Sequence[Row]:
            hidden_authors = [author for author, level in by_author.items() if level is PostAccess.NONE]
            return await read(page_key, hidden_authors, count)

        async def keep(batch: Sequence[Row]) -> list[Row]:
            new_authors = {row.author_id for row in batch} - by_author.keys()
            by_author.update((await self.load(viewer_id, new_authors, without_muted=without_muted)).by_author)
            return access.filter(batch)

        rows, next_key = await paginate_filtered(
            read_accessible, keep, before, limit, lambda row: (row.created_at, row.id)
        )
        # Muted authors have no access here, but what they wrote may be quoted.
        shown = {author: level for author, level in by_author.items() if level is not PostAccess.NONE}
        return VisiblePage(rows, next_key, ViewerAccess(shown))

    async def find_viewers(self, post: OwnedPost, viewer_ids: Iterable[str]) -> list[str]:
        """Return those of the viewers who can see a post. One lookup for many viewers."""
        ids = list(dict.fromkeys(viewer_ids))
        author_id = post.author_id
        found = await self._store.find([(viewer, author_id) for viewer in ids])
        sufficient = [access for access in PostAccess if ViewerAccess({author_id: access}).allows(post)]
        return [viewer for viewer in ids if found.get((viewer, author_id)) in sufficient]

    async def find_visible(self, pairs: Iterable[tuple[str, str]]) -> AbstractSet[tuple[str, str]]:
        """Return those of the (viewer id, post id) pairs whose post exists for the viewer. Two lookups.

        A repost exists where its original does too.
        """
        wanted = list(dict.fromkeys(pairs))
        if not wanted:
            return frozenset()
        owners = await self._posts.owners(list({post_id for _, post_id in wanted}))
        parts: dict[tuple[str, str], list[OwnedPost]] = {}
        for viewer, post_id in wanted:
            owner = owners.get(post_id)
            if owner is not None:
                parts[viewer, post_id] = [owner] if owner.original is None else [owner, owner.original]
        found = await self._loader.get_many(
            {_loader_key(viewer, part.author_id) for (viewer, _), posts in parts.items() for part in posts}
        )

        def allows(viewer: str, post: OwnedPost) -> bool:
            access = found.get(_loader_key(viewer, post.author_id), PostAccess.NONE)
            return ViewerAccess({post.author_id: access}).allows(post)

        return {
            (viewer, post_id)
            for (viewer, post_id), posts in parts.items()
            if all(allows(viewer, part) for part in posts)
        }

    async def close(self) -> None:
        await self._loader.close()

    async def _load_access(self, keys: Sequence[str]) -> Mapping[str, PostAccess]:
        pairs = []
        for key in keys:
            viewer_id, _, author_id = key.partition(" ")
            pairs.append((viewer_id, author_id))
        found = await self._store.find(pairs)
        return {_loader_key(*pair): access for pair, access in found.items()}


def _loader_key(viewer_id: str, author_id: str) -> str:
    return f"{viewer_id} {author_id}"
