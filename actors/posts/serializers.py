"""Converts post and comment records to API objects."""

from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any, get_args, get_type_hints

from actors.protocol.objects import UserCard
from actors.protocol.social_objects import Comment, Post, PostVisibility
from actors.protocol.stored_enums import to_member
from actors.protocol.timestamps import rfc3339_from_datetime, rfc3339_or_none
from storage.contracts.posts import PostRecord
from storage.contracts.reactions import CommentRecord

CONVERTED_FIELDS = {"author", "mentions", "tags", "visibility", "repost_of"}
COPIED_FIELDS = tuple(name for name in Post.__struct_fields__ if name not in CONVERTED_FIELDS)
"""Fields of a post that its record has under the same name, as they are or as times."""
_get_copied_fields = attrgetter(*COPIED_FIELDS)
_record_types = get_type_hints(PostRecord)
TIME_FIELDS = tuple(
    name for name in COPIED_FIELDS if datetime in (_record_types[name], *get_args(_record_types[name]))
)


def to_post(
    record: PostRecord,
    cards: Mapping[str, UserCard],
    mentioned: Mapping[str, UserCard],
    repost_of: Post | None = None,
) -> Post:
    """`mentioned` are the users that the viewer may see as mentioned."""
    fields: dict[str, Any] = dict(zip(COPIED_FIELDS, _get_copied_fields(record), strict=True))
    for name in TIME_FIELDS:
        fields[name] = rfc3339_or_none(fields[name])
    return Post(
        author=cards[record.author.id],
        mentions=[mentioned[user_id] for user_id in record.mention_ids if user_id in mentioned],
        tags=list(record.tags),
        visibility=to_member(PostVisibility, record.visibility),
        repost_of=repost_of,
        **fields,
    )


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
