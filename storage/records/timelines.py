"""Pages of timelines."""

import msgspec

from storage.records.posts import PostKey


class TimelinePage(msgspec.Struct, frozen=True):
    """`keys` are newest first; posts of `broadcast` authors are not included and must be merged.

    `truncated`: posts older than the last key may exist.
    """

    keys: list[PostKey]
    broadcast: list[str]
    truncated: bool
