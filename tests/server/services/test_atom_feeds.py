"""Tests of the Atom feed of a user's posts over HTTP."""

from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from uuid import uuid4
from xml.etree import ElementTree as ET

import pytest

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUsers

pytestmark = pytest.mark.asyncio(loop_scope="module")
ENTRY_ID = "{http://www.w3.org/2005/Atom}entry/{http://www.w3.org/2005/Atom}id"


def feed_path(user_id: str) -> str:
    return f"/v1/users/{user_id}/posts.atom"


async def entry_ids(api: ApiClient, user_id: str) -> list[str | None]:
    status, body, _ = await api.request_bytes(None, "GET", feed_path(user_id))
    assert status == 200
    return [one.text for one in ET.fromstring(body.decode()).iterfind(ENTRY_ID)]


async def test_feed_needs_no_account(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """It has the posts, newest first, and nothing private; a deleted post is gone at once."""
    ana, ben = await people.register(2, instance)
    posts = [await api.post(ana, content) for content in ("one", f"two @{ben.username} #moss")]
    assert await entry_ids(api, ana.id) == [f"urn:uuid:{post['id']}" for post in reversed(posts)]
    _, body, headers = await api.request_bytes(None, "GET", feed_path(ana.id))
    assert headers["content-type"] == "application/atom+xml; charset=utf-8"
    own = await api.get(ana, "/v1/users/me")
    for private in (own["email"], ben.id, ana.token):
        assert private.encode() not in body
    await api.expect(204, ana, "DELETE", f"/v1/posts/{posts[1]['id']}")
    assert await entry_ids(api, ana.id) == [f"urn:uuid:{posts[0]['id']}"]
    assert await entry_ids(api, ben.id) == []


async def test_unknown_users_have_no_feed(api: ApiClient) -> None:
    """Not found, as their profile."""
    for unknown in (str(uuid4()), "no-id"):
        await api.expect_error("user.not_found", 404, None, "GET", feed_path(unknown))


async def test_unchanged_feed_is_not_sent_again(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """By entity tag or by date; the tag decides if both are sent."""
    (ana,) = await people.register(1, instance)
    path = feed_path(ana.id)
    _, _, empty = await api.request_bytes(None, "GET", path)
    assert "last-modified" not in empty
    await api.post(ana)
    status, _, headers = await api.request_bytes(None, "GET", path)
    assert status == 200
    tag, modified = headers["etag"], headers["last-modified"]
    assert tag != empty["etag"]
    earlier = format_datetime(parsedate_to_datetime(modified) - timedelta(seconds=1), usegmt=True)
    for sent, expected in (
        ({"If_None_Match": tag}, 304),
        ({"If_Modified_Since": modified}, 304),
        ({"If_Modified_Since": earlier}, 200),
        ({"If_None_Match": '"other"', "If_Modified_Since": modified}, 200),
        ({"If_None_Match": tag, "If_Modified_Since": earlier}, 304),
    ):
        status, body, headers = await api.request_bytes(None, "GET", path, None, **sent)
        assert (status, body == b"") == (expected, expected == 304)
        assert (headers["etag"], headers["last-modified"]) == (tag, modified)
