"""Posts are made, liked and commented on; what is there already is left alone."""

from collections.abc import Sequence

import msgspec

from actors.protocol.social_objects import Comment, Post
from client.answers import Page
from client.demo.arriving import Resident
from client.demo.follows import Follow
from client.demo.keys import Keys
from client.demo.posts import PlannedPost
from client.demo.requests import Request, Requests


class NewPost(msgspec.Struct, frozen=True):
    content: str
    event_id: str | None = None


class NewComment(msgspec.Struct, frozen=True):
    content: str


class Published(msgspec.Struct, frozen=True):
    """A post as the server has it; None where it was taken back since."""

    plan: PlannedPost
    id: str | None
    stood: bool = False


class Like(msgspec.Struct, frozen=True):
    who: int
    post_id: str


class Posting:
    """`residents` stand at the numbers of their people."""

    def __init__(self, requests: Requests, keys: Keys, residents: Sequence[Resident]) -> None:
        self._requests = requests
        self._keys = keys
        self._residents = residents
        self._standing: dict[str, dict[str, str]] = {}

    async def follow(self, follow: Follow) -> bool:
        path = f"/v1/users/{self._residents[follow.whom].id}/follow"
        return await self._requests.do(Request("PUT", path, self._residents[follow.who].token))

    async def recall(self, resident: Resident) -> None:
        """Read what somebody who returned has posted before."""
        found = self._standing.setdefault(resident.id, {})
        cursor: str | None = ""
        while cursor is not None:
            query = (("limit", "100"), *((("cursor", cursor),) if cursor else ()))
            path = f"/v1/users/{resident.id}/posts"
            page = await self._requests.ask(Page[Post], Request("GET", path, resident.token, query=query))
            found.update((post.content, post.id) for post in page.items)
            cursor = page.next_cursor

    async def publish(self, plan: PlannedPost, event_id: str | None) -> Published:
        author = self._residents[plan.author]
        standing = self._standing.get(author.id, {}).get(plan.content)
        if standing is not None:
            return Published(plan, standing, stood=True)
        key = self._keys.key("post", author.person.username, plan.content, event_id)
        request = Request("POST", "/v1/posts", author.token, NewPost(plan.content, event_id), key)
        post = await self._requests.attempt(Post, request)
        return Published(plan, None if post is None else post.id)

    async def like(self, like: Like) -> bool:
        path = f"/v1/posts/{like.post_id}/like"
        return await self._requests.do(Request("PUT", path, self._residents[like.who].token))

    async def discuss(self, post: Published) -> int:
        """Say what is said to a post, one after another; answers how many comments there are of these."""
        if post.id is None:
            return 0
        path = f"/v1/posts/{post.id}/comments"
        known = await self._known(path, self._residents[post.plan.author]) if post.stood else frozenset()
        said = 0
        for number, remark in enumerate(post.plan.remarks):
            author = self._residents[remark.author]
            if (author.id, remark.content) not in known:
                key = self._keys.key("comment", post.id, number, remark.content)
                request = Request("POST", path, author.token, NewComment(remark.content), key)
                said += await self._requests.attempt(Comment, request) is not None
            else:
                said += 1
        return said

    async def _known(self, path: str, reader: Resident) -> frozenset[tuple[str, str]]:
        request = Request("GET", path, reader.token, query=(("limit", "100"),))
        page = await self._requests.attempt(Page[Comment], request)
        return frozenset((one.author.id, one.content) for one in page.items) if page else frozenset()
