"""A part of a timeline. Never the posts themselves."""

import msgspec

from storage.records.posts import PostKey


class TimelinePage(msgspec.Struct, frozen=True):
    """`keys` newest first; `broadcast` are authors whose posts are not in it and have to be read.

    `cut`: there may be older posts than the last that is kept.
    """

    keys: list[PostKey]
    broadcast: list[str]
    truncated: bool
