"""Advisory locks across instances. All methods raise `Unavailable`."""

from typing import Protocol


class Locks(Protocol):
    """Advisory locks across instances. They save work only: one may be lost without notice."""

    async def try_acquire(self, name: str) -> bool:
        """Acquire the lock, or confirm that this instance still holds it.

        Returns:
            False if another instance holds it.
        """

    async def release_all(self) -> None:
        """Release every lock that this instance holds."""
