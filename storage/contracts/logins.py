"""Login support of the User service's store: password rehashing and expired sessions."""

from collections.abc import Sequence
from typing import Protocol


class LoginStore(Protocol):
    """Each method is one statement and idempotent. All raise `Unavailable`."""

    async def replace_password_hash(self, user_id: str, old_hash: str, new_hash: str) -> None:
        """Replace `old_hash` with `new_hash`; do nothing if the stored hash is no longer `old_hash`.

        For rehashing the same password with new parameters: sessions stay valid.
        """

    async def find_expired(self, token_hashes: Sequence[str]) -> frozenset[str]:
        """Return those of the hashes whose session is stored but expired. One round trip."""
