"""Tests of the Python client's requests about posts, against a server."""

from uuid import uuid4

import pytest

from actors.protocol.social_objects import PostVisibility
from client.http_client import HttpClient
from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUsers

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_client_writes_edits_and_keeps_posts(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Posts, edits, history, likes, bookmarks, lists by tag and author, the Atom feed and deletion."""
    ana, ben = await people.register(2, instance)
    tag, key = f"t{uuid4().hex}", uuid4().hex
    url = f"http://127.0.0.1:{instance.port}"
    async with (
        HttpClient(url, ana.token) as author,
        HttpClient(url, ben.token) as reader,
        HttpClient(url) as no_one,
    ):
        event_id = (await api.event(ana))["id"]
        post = await author.posts.create(f"first #{tag}", event_id, key)
        assert (post.event_id, post.tags) == (event_id, [tag])
        assert await author.posts.create(f"first #{tag}", event_id, key) == post
        edited = await author.posts.edit(post.id, f"second #{tag}")
        assert [one.content for one in (await reader.posts.history(post.id)).items] == [post.content]
        assert (await reader.posts.get(post.id)).edited_at == edited.edited_at is not None

        await reader.posts.like(post.id)
        await reader.posts.bookmark(post.id)
        assert [one.id for one in (await author.posts.likes(post.id)).items] == [ben.id]
        (kept,) = (await reader.posts.bookmarks()).items
        assert (kept.id, kept.liked_by_me, kept.bookmarked_by_me) == (post.id, True, True)
        await reader.posts.unlike(post.id)
        await reader.posts.remove_bookmark(post.id)
        assert (await reader.posts.bookmarks()).items == []

        quiet = await author.posts.create("psst", visibility=PostVisibility.FOLLOWERS)
        assert quiet.visibility is PostVisibility.FOLLOWERS
        assert [one.id for one in (await author.posts.by_author(ana.id)).items] == [quiet.id, post.id]
        assert [one.id for one in (await reader.posts.by_author(ana.id)).items] == [post.id]
        assert [one.id for one in (await reader.posts.by_tag(tag)).items] == [post.id]
        atom = await no_one.posts.atom_feed(ana.id)
        assert post.id in atom
        assert quiet.id not in atom

        own = await author.posts.feed(limit=1)
        assert own.follows_no_one
        assert ana.id not in [one.id for one in own.suggestions]
        later = await author.posts.feed(own.next_cursor, limit=1)
        assert [one.id for one in (*own.items, *later.items)] == [quiet.id, post.id]

        comment = await reader.posts.comment(post.id, "so")
        await author.posts.delete_comment(comment.id)
        assert (await reader.posts.comments(post.id)).items == []
        await author.posts.delete(post.id)
        assert (await reader.posts.by_tag(tag)).items == []


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
