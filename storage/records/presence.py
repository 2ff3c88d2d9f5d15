"""Who is there, as told by the instances that they are on."""

import msgspec


class PresenceRecord(msgspec.Struct, frozen=True, gc=False):
    """`status` is online, away or offline, over all living instances."""

    user_id: str
    status: str


class LastSeen(msgspec.Struct, frozen=True, gc=False):
    user_id: str
    status: str
    last_seen_ms: int
