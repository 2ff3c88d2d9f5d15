"""Tests of the Python client's requests about posts, against a server."""

from uuid import uuid4

import pytest

from actors.protocol.social_objects import PostVisibility
from client.http_client import HttpClient
from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUsers

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_client_has_the_requests_about_posts(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Comments, replies, likes of comments, reposts, quotes, tags and the public timeline."""
    ana, ben = await people.register(2, instance)
    tag = f"t{uuid4().hex}"
    post_id = (await api.post(ana, f"#{tag}"))["id"]
    async with HttpClient(f"http://127.0.0.1:{instance.port}", ben.token) as client:
        posts = client.posts
        comment = await posts.comment(post_id, "so")
        reply = await posts.comment(post_id, "and so", comment.id, uuid4().hex)
        await posts.like_comment(comment.id)
        page = await posts.comments(post_id)
        assert [(one.id, one.parent_id, one.liked_by_me) for one in page.items] == [
            (comment.id, None, True),
            (reply.id, comment.id, False),
        ]
        assert [one.id for one in (await posts.comment_likes(comment.id)).items] == [ben.id]
        await posts.unlike_comment(comment.id)
        assert (await posts.comments(post_id, limit=1)).items[0].like_count == 0

        repost = await posts.repost(post_id)
        quote = await posts.repost(post_id, "look", uuid4().hex)
        assert repost.repost_of is not None
        assert (repost.repost_of.id, quote.content) == (post_id, "look")
        await posts.remove_repost(post_id)
        quiet = await posts.repost(post_id, "psst", visibility=PostVisibility.FOLLOWERS)
        assert quiet.visibility is PostVisibility.FOLLOWERS

        await posts.follow_tag(tag)
        assert (await posts.tag(tag)).following
        assert [one.tag for one in (await posts.followed_tags()).items] == [tag]
        await posts.unfollow_tag(tag)
        assert not (await posts.tag(tag)).following

        public = await posts.public_timeline(limit=100)
        assert [one.id for one in public.items if one.author.id in (ana.id, ben.id)] == [quote.id, post_id]
