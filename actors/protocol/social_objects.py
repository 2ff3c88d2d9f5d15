"""Posts, comments, follows and mutes, as clients see them. Times are RFC 3339 strings (see `timestamps`)."""

from enum import StrEnum

import msgspec

from actors.protocol.objects import Media, UserCard


class SocialStats(msgspec.Struct, frozen=True, gc=False):
    """The counts on a user's profile, the same for every viewer.

    Lists may be shorter: they are without users and posts that the viewer cannot see, and empty for those who
    do not follow a private account. `posts_count` counts posts, reposts and quotes that are not hidden.
    """

    user_id: str
    followers_count: int
    following_count: int
    posts_count: int


class Mute(msgspec.Struct, frozen=True):
    """A user that the caller mutes, what of them is hidden, and until when; null for no end."""

    user: UserCard
    posts: bool
    notifications: bool
    expires_at: str | None


class FollowRequest(msgspec.Struct, frozen=True):
    """A user who asks to follow the caller, whose account is private."""

    user: UserCard
    created_at: str


class SuggestionReason(StrEnum):
    FRIENDS = "FRIENDS"
    EVENTS = "EVENTS"
    POPULAR = "POPULAR"


class Suggestion(UserCard, frozen=True, gc=False):
    """A user that the caller may want to follow, and why.

    `FRIENDS`: `friend_count` users that the caller follows follow them. `EVENTS`: they go to the same events.
    `POPULAR`: they have many followers.
    """

    reason: SuggestionReason
    friend_count: int


class PostVisibility(StrEnum):
    """Who can see a post. The posts of a private account are for followers only, whatever they say."""

    PUBLIC = "public"
    FOLLOWERS = "followers"


class Post(msgspec.Struct, frozen=True):
    """A post as seen by one viewer.

    `mentions` are the users that `@name` in the content means, `tags` its `#tag`s as written, without `#`.
    `media` is empty: this version has no uploads. A post with `hidden_at` was hidden by moderators; only they
    and the author see it.

    A repost has `repost_of` and no content. A post with both quotes the other one, and stays without it, with
    null, when that is gone or hidden. `repost_of` in it is null. `reposted_by_me` is about reposts alone.

    The counts are the same for every viewer, so lists that leave out what a viewer cannot see may be shorter.
    `comment_count` is without hidden comments. `repost_count` counts reposts and quotes that are public and
    not hidden.
    """

    id: str
    author: UserCard
    content: str
    event_id: str | None
    like_count: int
    comment_count: int
    liked_by_me: bool
    created_at: str
    mentions: list[UserCard] = []
    tags: list[str] = []
    edited_at: str | None = None
    bookmarked_by_me: bool = False
    visibility: PostVisibility = PostVisibility.PUBLIC
    hidden_at: str | None = None
    repost_of: "Post | None" = None
    repost_count: int = 0
    reposted_by_me: bool = False
    media: list[Media] = []


class PostCounts(msgspec.Struct, frozen=True, gc=False):
    """The counts of a post, as in `Post`: the same for every viewer."""

    post_id: str
    like_count: int
    comment_count: int
    repost_count: int


class Tag(msgspec.Struct, frozen=True, gc=False):
    """A tag without `#`, and whether the caller follows it. A followed one is as the caller wrote it."""

    tag: str
    following: bool


class PostRevision(msgspec.Struct, frozen=True):
    """A former text of a post. `created_at` is when it became the text."""

    id: str
    content: str
    created_at: str


class Comment(msgspec.Struct, frozen=True):
    """A comment on a post. `mentions`, `tags` and `hidden_at` are as in `Post`.

    A reply has the id of the comment that it replies to as `parent_id`. There is one level of replies: a
    reply to a reply has the same parent. The replies to a hidden comment are hidden with it.
    """

    id: str
    post_id: str
    author: UserCard
    content: str
    created_at: str
    mentions: list[UserCard] = []
    tags: list[str] = []
    hidden_at: str | None = None
    parent_id: str | None = None
    like_count: int = 0
    liked_by_me: bool = False
