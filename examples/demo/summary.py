"""What the demo created, for the operator."""

import msgspec


class DemoCounts(msgspec.Struct, frozen=True):
    """Number of objects on the server, created now or before."""

    users: int
    follows: int
    mutes: int
    posts: int
    likes: int
    comments: int
    reposts: int
    followed_tags: int
    events: int
    rsvps: int
    invites: int
    directs: int
    groups: int
    messages: int
    requests: int
    follow_requests: int
    reports: int


class DemoSummary(msgspec.Struct, frozen=True):
    """`login_usernames` share one password; `first_login_user_id` is the id of the first of them.

    Ids are None if the object was deleted.
    """

    counts: DemoCounts
    login_usernames: tuple[str, ...]
    first_login_user_id: str
    overbooked_event_id: str | None
    most_liked_post_id: str | None
    group_id: str | None
