"""Reposts and quotes of posts."""

from actors.posts.bodies import NewRepost
from actors.posts.reposts import Reposts
from actors.protocol.social_objects import Post
from server.http.route import Route, TypedRequest
from server.routes.posts import POST_NOT_FOUND


class RepostRoutes:
    def __init__(self, reposts: Reposts) -> None:
        self._reposts = reposts

    def routes(self) -> tuple[Route, ...]:
        repost = "/v1/posts/{id}/repost"
        return (
            Route(
                "POST",
                repost,
                self.create,
                body=NewRepost,
                body_optional=True,
                response=Post,
                status=201,
                idempotent=True,
                errors=("request.invalid", "permission.denied", *POST_NOT_FOUND),
            ),
            Route("DELETE", repost, self.remove, status=204, errors=POST_NOT_FOUND, while_silenced=True),
        )

    async def create(self, request: TypedRequest[NewRepost, None]) -> Post:
        """Repost a post, or quote it.

        Each user has one repost of a post, and any number of quotes. A repost cannot be reposted or quoted
        itself: the field code `repost` of `id` means that the id of the post in its `repost_of` is needed.
        """
        return await self._reposts.create(
            request.caller.user.id, request.path_params["id"], request.body, request.idempotency_key
        )

    async def remove(self, request: TypedRequest[None, None]) -> None:
        """Delete the caller's repost of a post. Quotes stay.

        Idempotent.
        """
        await self._reposts.remove(request.caller.user.id, request.path_params["id"])
