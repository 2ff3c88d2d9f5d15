"""Converts post and comment records to API objects."""

from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter
from typing import get_args, get_type_hints

from actors.protocol.objects import UserCard
from actors.protocol.social_objects import Comment, Post, PostVisibility
from actors.protocol.stored_enums import to_member
from actors.protocol.timestamps import rfc3339_from_datetime, rfc3339_or_none
from storage.contracts.posts import PostRecord
from storage.contracts.reactions import CommentRecord
from storage.struct_values import StructValues

CONVERTED_FIELDS = {"author", "mentions", "tags", "visibility", "repost_of", "media"}
_values = StructValues(Post, attrgetter, CONVERTED_FIELDS)
_AUTHOR, _MENTIONS, _TAGS, _VISIBILITY, _REPOST_OF, _MEDIA = map(
    _values.index, ("author", "mentions", "tags", "visibility", "repost_of", "media")
)
_record_types = get_type_hints(PostRecord)
_TIMES = tuple(
    _values.index(name)
    for name in Post.__struct_fields__
    if datetime in (kind := _record_types.get(name), *get_args(kind))
)


def to_post(
    record: PostRecord,
    cards: Mapping[str, UserCard],
    mentioned: Mapping[str, UserCard],
    repost_of: Post | None = None,
) -> Post:
    """Convert a post. A field that its record has under the same name is copied, times as text.

    `mentioned` are the users that the viewer may see as mentioned.
    """
    values = _values.read(record)
    values[_AUTHOR] = cards[record.author.id]
    values[_MENTIONS] = [mentioned[user_id] for user_id in record.mention_ids if user_id in mentioned]
    values[_TAGS] = list(record.tags)
    values[_VISIBILITY] = to_member(PostVisibility, record.visibility)
    values[_REPOST_OF] = repost_of
    values[_MEDIA] = []
    for index in _TIMES:
        if values[index] is not None:
            values[index] = rfc3339_from_datetime(values[index])
    return Post(*values)


def to_comment(
    record: CommentRecord, cards: Mapping[str, UserCard], mentioned: Mapping[str, UserCard]
) -> Comment:
    return Comment(
        id=record.id,
        post_id=record.post_id,
        author=cards[record.author.id],
        content=record.content,
        created_at=rfc3339_from_datetime(record.created_at),
        mentions=[mentioned[user_id] for user_id in record.mention_ids if user_id in mentioned],
        tags=list(record.tags),
        hidden_at=rfc3339_or_none(record.hidden_at),
        parent_id=record.parent_id,
        like_count=record.like_count,
        liked_by_me=record.liked_by_me,
    )
