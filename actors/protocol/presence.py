"""Presence objects and frames."""

import msgspec


class Presence(msgspec.Struct, frozen=True):
    """The presence of a user.

    `status` is `online`, `away` or `offline`. `last_seen` is an RFC 3339 time, or null if unknown or hidden.
    """

    user_id: str
    status: str
    last_seen: str | None


class PresenceChanged(msgspec.Struct, frozen=True, tag="presence.changed"):
    """The presence of watched users changed.

    Ephemeral: may be dropped.
    """

    presences: list[Presence]
