"""Presence entries that instances publish for their users. All methods raise `Unavailable`.

An entry counts only while its instance holds a lease, so all entries of a dead instance expire together.
Entries may be lost if Redis restarts; `LastSeenStore` is durable.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec


class PresenceRecord(msgspec.Struct, frozen=True, gc=False):
    """`status` is `online`, `away` or `offline`, combined over all live instances."""

    user_id: str
    status: str


class LastSeen(msgspec.Struct, frozen=True, gc=False):
    user_id: str
    status: str
    last_seen_ms: int


class LeaseRenewal(msgspec.Struct, frozen=True):
    """`had_lapsed`: the instance held no lease, so others may have removed its entries.

    `instances` are all that hold a lease now, the renewed one included.
    """

    had_lapsed: bool
    instances: list[str]


class PresenceStore(Protocol):
    async def renew_lease(self, instance: str) -> LeaseRenewal:
        """Renew an instance's lease, or give it one."""

    async def set_states(self, instance: str, states: Mapping[str, str | None]) -> None:
        """Set users' states on an instance (`online`, `away`, None: disconnected) and notify subscribers.

        Publishes a notice without content on the presence topic of each user. Idempotent. A state that is not
        set again within `LAST_SEEN_RETENTION_S` expires.
        """

    async def get(self, user_ids: Sequence[str]) -> list[PresenceRecord]:
        """Return presence in the order asked for; users without an entry are offline."""

    async def remove_instance(self, instance: str) -> list[str]:
        """Remove a dead instance and return its users. Only the first caller gets them.

        Without effect while the instance holds a lease.
        """


class LastSeenStore(Protocol):
    """When users were last online, durably. Written in batches; the later time wins."""

    async def save_last_seen(self, entries: Sequence[LastSeen]) -> None: ...

    async def get_last_seen(self, user_ids: Sequence[str]) -> dict[str, int]:
        """Return times in milliseconds since the epoch; users never seen are absent."""
