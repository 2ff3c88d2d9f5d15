"""What was made of a town, and how to look at it."""

import msgspec


class Counts(msgspec.Struct, frozen=True):
    """How much there is of each, whether it was made now or stood already."""

    people: int
    follows: int
    posts: int
    likes: int
    comments: int
    events: int
    answers: int
    invites: int
    directs: int
    groups: int
    messages: int


class Summary(msgspec.Struct, frozen=True):
    """`logins` are usernames to log in as, all with the one password; None where something was taken away."""

    counts: Counts
    logins: tuple[str, ...]
    full_event_id: str | None
    liked_post_id: str | None
    group_id: str | None
