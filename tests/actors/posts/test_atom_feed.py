"""The Atom feed of a user's posts."""

from typing import Final
from xml.etree import ElementTree as ET

import msgspec

from actors.posts.atom_feed import to_atom
from actors.protocol.objects import UserCard
from actors.protocol.social_objects import Post

ATOM: Final = "{http://www.w3.org/2005/Atom}"
URL: Final = "https://convene.example"
ANA: Final = UserCard("11111111-1111-4111-8111-111111111111", "ana", "Ana <b>", None, verified=False)


def make_post(
    content: str, created_at: str = "2026-11-28T10:00:00.000Z", edited_at: str | None = None
) -> Post:
    return Post(
        id="22222222-2222-4222-8222-222222222222",
        author=ANA,
        content=content,
        event_id=None,
        like_count=0,
        comment_count=0,
        liked_by_me=False,
        created_at=created_at,
        tags=["moss"],
        edited_at=edited_at,
    )


def texts(element: ET.Element, name: str) -> list[str | None]:
    return [one.text for one in element.findall(ATOM + name)]


def test_feed_has_the_required_elements() -> None:
    """With the ids, links and times of the user and the post."""
    post = make_post("hello", edited_at="2026-11-28T10:05:00.500Z")
    feed = to_atom(ANA, [post, make_post("older", "2026-11-27T10:00:00.000Z")], URL)
    root = ET.fromstring(feed.content)
    assert texts(root, "id") == [f"urn:uuid:{ANA.id}"]
    assert texts(root, "title") == ["Ana <b> (@ana)"]
    assert texts(root, "updated") == ["2026-11-28T10:05:00.500000+00:00"]
    links = {one.get("rel"): one.get("href") for one in root.findall(f"{ATOM}link")}
    assert links == {
        "alternate": f"{URL}/#/@ana",
        "self": f"{URL}/v1/users/{ANA.id}/posts.atom",
    }
    entry, _ = root.findall(f"{ATOM}entry")
    assert texts(entry, "id") == [f"urn:uuid:{post.id}"]
    assert texts(entry, "published") == ["2026-11-28T10:00:00+00:00"]
    assert texts(entry, "updated") == ["2026-11-28T10:05:00.500000+00:00"]
    assert [one.get("term") for one in entry.findall(f"{ATOM}category")] == ["moss"]
    assert feed.updated_at is not None
    assert feed.updated_at.isoformat() == "2026-11-28T10:05:00.500000+00:00"


def test_text_is_escaped() -> None:
    """As text in the title, as HTML in the content; characters that XML does not allow are replaced."""
    content = '<script>alert("x")</script> & \ufffe\nsecond ' + "word " * 30
    (entry,) = ET.fromstring(to_atom(ANA, [make_post(content)], URL).content).findall(f"{ATOM}entry")
    (shown,) = entry.findall(f"{ATOM}content")
    assert shown.get("type") == "html"
    assert shown.text is not None
    assert shown.text.startswith(
        "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; \ufffd<br/>\nsecond "
    )
    (title,) = texts(entry, "title")
    assert title is not None
    assert title.startswith('<script>alert("x")</script> & \ufffd second word')
    assert len(title) <= 80


def test_empty_feed_is_always_the_same() -> None:
    """It has no date of its own, and a user without a display name has the username."""
    one = to_atom(msgspec.structs.replace(ANA, display_name=None), [], URL)
    assert one == to_atom(msgspec.structs.replace(ANA, display_name=None), [], URL)
    assert one.updated_at is None
    root = ET.fromstring(one.content)
    assert texts(root, "updated") == ["1970-01-01T00:00:00+00:00"]
    assert texts(root, "title") == ["@ana (@ana)"]
