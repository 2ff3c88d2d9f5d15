"""Posts as clients see them, made from records of the store."""

from datetime import UTC, datetime

from actors.posts.serializers import to_post
from actors.protocol.objects import UserCard
from actors.protocol.social_objects import Post, PostVisibility
from storage.contracts.posts import FOLLOWERS, OriginalPost, PostRecord
from storage.contracts.user_cache import UserCardRecord

ANA = UserCard("1", "ana", "Ana", None, verified=False)
BEN = UserCard("2", "ben", "Ben", None, verified=False)
INTERNAL_FIELDS = {"mention_ids", "has_followed_tag", "is_repost", "original"}


def test_all_fields_of_a_record_are_serialized() -> None:
    """Times are RFC 3339; mentioned users that the viewer may not see are left out."""
    record = PostRecord(
        id="3",
        author=UserCardRecord("1", "ana", "Ana", None, verified=False, deleted=False),
        content="Hello @ben #tag",
        event_id="4",
        like_count=5,
        comment_count=6,
        liked_by_me=True,
        created_at=datetime(2030, 1, 2, tzinfo=UTC),
        mention_ids=("2", "9"),
        tags=("tag",),
        edited_at=datetime(2030, 1, 3, tzinfo=UTC),
        bookmarked_by_me=True,
        visibility=FOLLOWERS,
        hidden_at=datetime(2030, 1, 4, tzinfo=UTC),
        original=OriginalPost("7", "2", "public"),
        repost_count=8,
        reposted_by_me=True,
    )
    assert to_post(record, {"1": ANA}, {"2": BEN}) == Post(
        id="3",
        author=ANA,
        content="Hello @ben #tag",
        event_id="4",
        like_count=5,
        comment_count=6,
        liked_by_me=True,
        created_at="2030-01-02T00:00:00.000Z",
        mentions=[BEN],
        tags=["tag"],
        edited_at="2030-01-03T00:00:00.000Z",
        bookmarked_by_me=True,
        visibility=PostVisibility.FOLLOWERS,
        hidden_at="2030-01-04T00:00:00.000Z",
        repost_count=8,
        reposted_by_me=True,
    )


def test_every_field_of_a_record_is_public_or_internal() -> None:
    """A field that only the record has is not forgotten: it is listed here."""
    assert set(PostRecord.__struct_fields__) - set(Post.__struct_fields__) == INTERNAL_FIELDS
