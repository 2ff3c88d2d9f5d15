"""A user's public posts as an Atom feed (RFC 4287), for feed readers: they have no account and no token.

It has only what every user may see: the name and username of the author, texts, times and tags.
"""

import html
import re
import textwrap
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
from feedgenerator import Atom1Feed  # type: ignore[import-untyped]

from actors.protocol.objects import UserCard
from actors.protocol.social_objects import Post

TITLE_CHARACTERS: Final = 80
_EMPTY_SINCE: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not allow, not even as references."""


class AtomFeed(msgspec.Struct, frozen=True):
    """The text of a feed, and when its latest entry changed; None without entries."""

    content: str
    updated_at: datetime | None


class _StableFeed(Atom1Feed):  # type: ignore[misc]
    """A feed whose text changes only with its posts: without any, the library writes the current time."""

    def latest_post_date(self) -> datetime:
        latest: datetime = super().latest_post_date()
        return latest if self.items else _EMPTY_SINCE


def to_atom(author: UserCard, posts: Sequence[Post], base_url: str) -> AtomFeed:
    """Return a feed of posts by one author, newest first. `base_url` is the address of the web client."""
    name = _to_xml(author.display_name or f"@{author.username}")
    feed = _StableFeed(
        title=f"{name} (@{author.username})",
        link=f"{base_url}/#/@{author.username}",
        description=None,
        author_name=name,
        feed_url=f"{base_url}/v1/users/{author.id}/posts.atom",
        feed_guid=f"urn:uuid:{author.id}",
    )
    updated_at: datetime | None = None
    for post in posts:
        content = _to_xml(post.content)
        created = datetime.fromisoformat(post.created_at)
        updated = created if post.edited_at is None else datetime.fromisoformat(post.edited_at)
        updated_at = updated if updated_at is None else max(updated_at, updated)
        feed.add_item(
            title=textwrap.shorten(content, TITLE_CHARACTERS, placeholder=" …"),
            link=f"{base_url}/#/post/{post.id}",
            description=None,
            content=html.escape(content).replace("\n", "<br/>\n"),
            unique_id=f"urn:uuid:{post.id}",
            pubdate=created,
            updateddate=updated,
            categories=[_to_xml(tag) for tag in post.tags],
        )
    text: str = feed.writeString("utf-8")
    return AtomFeed(text, updated_at)


def _to_xml(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
