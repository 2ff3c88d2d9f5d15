"""What services keep of people whom another service owns. Holds nothing that is not for everybody."""

import msgspec


class UserSnapshot(msgspec.Struct, frozen=True, gc=False):
    """A card as of `version`. Of a deleted user nothing is kept but that."""

    id: str
    username: str
    display_name: str | None
    avatar_url: str | None
    verified: bool
    version: int
    deleted: bool = False


class UserCardRecord(msgspec.Struct, frozen=True, gc=False):
    """Somebody as a row of another table shows them; `known` is false where no copy is here yet."""

    id: str
    username: str = ""
    display_name: str | None = None
    avatar_url: str | None = None
    verified: bool = False
    is_cached: bool = False
    deleted: bool = False
