"""What was made of a town, and how to look at it."""

import msgspec


class DemoCounts(msgspec.Struct, frozen=True):
    """How much there is of each, whether it was made now or stood already."""

    users: int
    follows: int
    posts: int
    likes: int
    comments: int
    events: int
    rsvps: int
    invites: int
    directs: int
    groups: int
    messages: int


class DemoSummary(msgspec.Struct, frozen=True):
    """`logins` are usernames to log in as, all with the one password; None where something was taken away."""

    counts: DemoCounts
    login_usernames: tuple[str, ...]
    overbooked_event_id: str | None
    most_liked_post_id: str | None
    group_id: str | None
