"""Converts post and comment records to API objects."""

from collections.abc import Mapping

from actors.protocol.objects import UserCard
from actors.protocol.social_objects import Comment, Post, PostVisibility
from actors.protocol.stored_enums import to_member
from actors.protocol.timestamps import rfc3339_from_datetime
from storage.contracts.posts import PostRecord
from storage.contracts.reactions import CommentRecord


def to_post(
    record: PostRecord,
    cards: Mapping[str, UserCard],
    mentioned: Mapping[str, UserCard],
    repost_of: Post | None = None,
) -> Post:
    """`mentioned` are the users that the viewer may see as mentioned."""
    return Post(
        id=record.id,
        author=cards[record.author.id],
        content=record.content,
        event_id=record.event_id,
        like_count=record.like_count,
        comment_count=record.comment_count,
        liked_by_me=record.liked_by_me,
        created_at=rfc3339_from_datetime(record.created_at),
        mentions=[mentioned[user_id] for user_id in record.mention_ids if user_id in mentioned],
        tags=list(record.tags),
        edited_at=None if record.edited_at is None else rfc3339_from_datetime(record.edited_at),
        bookmarked_by_me=record.bookmarked_by_me,
        hidden_at=None if record.hidden_at is None else rfc3339_from_datetime(record.hidden_at),
        repost_of=repost_of,
        repost_count=record.repost_count,
        reposted_by_me=record.reposted_by_me,
        visibility=to_member(PostVisibility, record.visibility),
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
        hidden_at=None if record.hidden_at is None else rfc3339_from_datetime(record.hidden_at),
        parent_id=record.parent_id,
        like_count=record.like_count,
        liked_by_me=record.liked_by_me,
    )
