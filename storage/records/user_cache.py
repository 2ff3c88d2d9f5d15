"""User data that other services cache. Public fields only."""

import msgspec


class UserSnapshot(msgspec.Struct, frozen=True, gc=False):
    """A user's public fields as of `version`. A deleted user keeps only `id`, `version` and `deleted`."""

    id: str
    username: str
    display_name: str | None
    avatar_url: str | None
    verified: bool
    version: int
    deleted: bool = False


class UserCardRecord(msgspec.Struct, frozen=True, gc=False):
    """A user as joined to a row of another table; `is_cached` is false if no snapshot is cached yet."""

    id: str
    username: str = ""
    display_name: str | None = None
    avatar_url: str | None = None
    verified: bool = False
    is_cached: bool = False
    deleted: bool = False
