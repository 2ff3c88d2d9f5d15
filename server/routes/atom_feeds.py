"""Posts as Atom feeds, for feed readers."""

from actors.posts.atom_feed import to_atom
from actors.posts.posts import Posts
from config.limits import ATOM_POSTS
from server.http.rate_limiter import LIST_COST
from server.http.response import TextResponse
from server.http.route import Route, TypedRequest


class AtomFeedRoutes:
    """`base_url` is the address of the web client, which the entries link to."""

    def __init__(self, posts: Posts, base_url: str) -> None:
        self._posts = posts
        self._base_url = base_url

    def routes(self) -> tuple[Route, ...]:
        return (
            Route(
                "GET",
                "/v1/users/{id}/posts.atom",
                self.by_author,
                response=str,
                media_type="application/atom+xml",
                requires_auth=False,
                cost=LIST_COST,
                errors=("user.not_found",),
            ),
        )

    async def by_author(self, request: TypedRequest[None, None]) -> TextResponse:
        """Get the newest public posts of a user as an Atom feed, without authentication.

        `ETag` and `Last-Modified` save feed readers the transfer of a feed that has not changed.
        """
        author, posts = await self._posts.list_public(request.path_params["id"], ATOM_POSTS)
        feed = to_atom(author, posts, self._base_url)
        return TextResponse(feed.content, last_modified=feed.updated_at)
