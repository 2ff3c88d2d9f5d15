"""Where instances say who is with them. All raise `Unavailable`; what is kept is lost with the broker.

An entry counts only while its instance has a lease, so those of a dead instance vanish together.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from storage.records.presence import LastSeen, PresenceRecord


class PresenceStore(Protocol):
    async def renew_lease(self, instance: str) -> list[str]:
        """Renew an instance's lease; answers all instances that have one."""

    async def set_states(self, instance: str, states: Mapping[str, str | None]) -> None:
        """Who is with an instance, and how (`online`, `away`; None: no longer), and tell who watches them.

        What is told goes to each user's presence topic, without saying what changed. Repeatable.
        """

    async def get(self, user_ids: Sequence[str]) -> list[PresenceRecord]:
        """In the order asked for; offline where nobody says anything."""

    async def remove_instance(self, instance: str) -> list[str]:
        """Take what a dead instance left: those who were with it. Only the first who asks gets them."""


class LastSeenStore(Protocol):
    """When people were there last, durably. Written late and in batches; the later moment stays."""

    async def save_last_seen(self, entries: Sequence[LastSeen]) -> None: ...

    async def get_last_seen(self, user_ids: Sequence[str]) -> dict[str, int]:
        """In milliseconds since the epoch; absent where never."""


PRESENCE_TOPIC_PREFIX: Final = "p:"


def presence_topic(user_id: str) -> str:
    return PRESENCE_TOPIC_PREFIX + user_id
