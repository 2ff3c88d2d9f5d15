"""Presence, as clients see it."""

import msgspec


class Presence(msgspec.Struct, frozen=True):
    """`status` is online, away or offline; `last_seen` is RFC 3339, null where nothing may be told."""

    user_id: str
    status: str
    last_seen: str | None


class PresenceChanged(msgspec.Struct, frozen=True, tag="presence.changed"):
    """The presence of watched users changed."""

    presences: list[Presence]
