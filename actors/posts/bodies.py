"""Request bodies of posts and comments. Decoding checks types; this module checks texts."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from actors.protocol.errors import invalid_field
from actors.protocol.social_objects import PostVisibility
from actors.protocol.text_validation import validate_text
from config.limits import POST_CHARACTERS
from storage.contracts.posts import NewPostRecord, PostChange

Id = Annotated[str, Meta(max_length=64)]
# Documentation only: checked below, in code points of the trimmed text.
PostText = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": POST_CHARACTERS})]


class NewPost(msgspec.Struct, frozen=True):
    content: PostText
    event_id: Id | None = None
    visibility: PostVisibility = PostVisibility.PUBLIC


class NewRepost(msgspec.Struct, frozen=True):
    """With `content` the new post quotes the other one; without, it only shows it.

    `visibility` is that of a quote. The post that it quotes must be public all the same.
    """

    content: PostText | UnsetType = UNSET
    visibility: PostVisibility = PostVisibility.PUBLIC


class NewComment(msgspec.Struct, frozen=True):
    """`parent_id` is the comment of the same post to which the new one replies."""

    content: PostText
    parent_id: Id | None = None


class PostPatch(msgspec.Struct, frozen=True):
    content: PostText


def to_new_post(author_id: str, body: NewPost) -> NewPostRecord:
    """Validate a body. Raises `request.invalid`."""
    return NewPostRecord(
        author_id,
        validate_text("content", body.content, POST_CHARACTERS),
        event_id=body.event_id,
        visibility=body.visibility.value,
    )


def to_new_quote(author_id: str, original_id: str, body: NewRepost) -> NewPostRecord | None:
    """Validate a body. Return None for a repost. Raises `request.invalid`."""
    if body.content is UNSET:
        if body.visibility is not PostVisibility.PUBLIC:
            raise invalid_field("visibility", "Only a quote has a visibility; a repost is public.")
        return None
    return NewPostRecord(
        author_id,
        validate_text("content", body.content, POST_CHARACTERS),
        visibility=body.visibility.value,
        quote_of_id=original_id,
    )


def to_post_change(body: PostPatch) -> PostChange:
    """Validate a body. Raises `request.invalid`."""
    return PostChange(validate_text("content", body.content, POST_CHARACTERS))
