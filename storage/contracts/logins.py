"""What logging in asks of the User service's store, besides people and sessions."""

from collections.abc import Sequence
from typing import Protocol


class LoginStore(Protocol):
    """Both methods are one statement and may be repeated; both raise `Unavailable`."""

    async def replace_password_hash(self, user_id: str, old_hash: str, new_hash: str) -> None:
        """Put `new_hash` in the place of `old_hash`; nothing happens when another stands there by now.

        It is for the same password hashed anew: no session ends.
        """

    async def find_expired(self, token_hashes: Sequence[str]) -> frozenset[str]:
        """Those of the hashes whose session is still known but has run out. One round trip."""
