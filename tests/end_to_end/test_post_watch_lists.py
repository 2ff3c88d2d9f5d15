"""Watched posts: their counts reach other instances, and only users who see them."""

from collections.abc import Sequence

import pytest

from actors.protocol.server_frames import PostCountsChanged, ServerFrame
from actors.protocol.social_objects import PostCounts
from client.client import Client
from client.errors import RequestRejected
from tests.end_to_end.conftest import Pair
from tests.end_to_end.polling import wait_until
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.user_api import UserApi


def counts_of(frames: Sequence[ServerFrame]) -> list[PostCounts]:
    """Return the counts in the order received."""
    return [counts for frame in frames if isinstance(frame, PostCountsChanged) for counts in frame.posts]


async def test_counts_of_watched_posts_reach_the_other_instance(pair: Pair) -> None:
    """Likes, comments, replies and reposts are pushed, and what takes them back; others' posts are not."""
    first_instance, second_instance = pair
    ana, ben = [await RegisteredUser.register(name, first_instance) for name in ("ana", "ben")]
    frames: list[ServerFrame] = []
    async with (
        UserApi(ana, first_instance) as ana_api,
        UserApi(ben, second_instance) as ben_api,
        Client([first_instance.url], ana.token, on_frame=frames.append) as watcher,
    ):
        post_id, other_id = await ana_api.post("first snow"), await ana_api.post("not watched")
        assert await watcher.watch_posts([post_id, "no such post"]) == [PostCounts(post_id, 0, 0, 0)]

        async def changes_to(likes: int, comments: int, reposts: int) -> None:
            await wait_until(
                lambda: counts_of(frames)[-1:] == [PostCounts(post_id, likes, comments, reposts)]
            )

        await ben_api.like(other_id)
        await ben_api.like(post_id)
        await changes_to(1, 0, 0)
        comment = await ben_api.request_ok("POST", f"/v1/posts/{post_id}/comments", {"content": "at last"})
        await changes_to(1, 1, 0)
        frames.clear()
        await ana_api.request_ok("PUT", f"/v1/comments/{comment['id']}/like")
        await changes_to(1, 1, 0)
        await ben_api.request_ok("POST", f"/v1/posts/{post_id}/repost", {})
        await changes_to(1, 1, 1)
        frames.clear()
        await ana_api.request_ok("DELETE", f"/v1/comments/{comment['id']}/like")
        await changes_to(1, 1, 1)
        await ana_api.request_ok("DELETE", f"/v1/comments/{comment['id']}")
        await ben_api.request_ok("DELETE", f"/v1/posts/{post_id}/like")
        await ben_api.request_ok("DELETE", f"/v1/posts/{post_id}/repost")
        await changes_to(0, 0, 0)
        assert {counts.post_id for counts in counts_of(frames)} == {post_id}


async def test_counts_of_invisible_posts_are_not_sent(pair: Pair) -> None:
    """A post for followers has no counts for others, and after a block none for the blocked user."""
    first_instance, second_instance = pair
    ana, ben = [await RegisteredUser.register(name, first_instance) for name in ("ana", "ben")]
    frames: list[ServerFrame] = []
    async with (
        UserApi(ana, first_instance) as ana_api,
        UserApi(ben, second_instance) as ben_api,
        Client([second_instance.url], ben.token, on_frame=frames.append) as watcher,
    ):
        body = {"content": "for followers", "visibility": "followers"}
        hidden_id = (await ana_api.request_ok("POST", "/v1/posts", body))["id"]
        post_id = await ana_api.post("for all")
        own_id = await ben_api.post("own")
        assert await watcher.watch_posts([hidden_id]) == []
        await ben_api.follow(ana.id)
        watched = await watcher.watch_posts([hidden_id, post_id, own_id])
        assert [counts.post_id for counts in watched] == [hidden_id, post_id, own_id]
        await ana_api.request_ok("PUT", f"/v1/users/{ben.id}/block")
        for liked_id in (hidden_id, post_id):
            await ana_api.like(liked_id)
        await ben_api.like(own_id)
        await wait_until(lambda: PostCounts(own_id, 1, 0, 0) in counts_of(frames))
        assert {counts.post_id for counts in counts_of(frames)} == {own_id}
        with pytest.raises(RequestRejected) as rejected:
            await watcher.watch_posts([own_id] * 101)
        assert rejected.value.code == "request.invalid"
