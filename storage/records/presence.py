"""Presence of users."""

import msgspec


class PresenceRecord(msgspec.Struct, frozen=True, gc=False):
    """`status` is `online`, `away` or `offline`, combined over all live instances."""

    user_id: str
    status: str


class LastSeen(msgspec.Struct, frozen=True, gc=False):
    user_id: str
    status: str
    last_seen_ms: int
