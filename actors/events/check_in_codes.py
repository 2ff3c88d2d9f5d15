"""Codes that prove a user's RSVP to a host at the entrance, signed with a key that all instances share."""

import hmac

from actors.keyed_hash import KeyedHash


class CheckInCodes:
    def __init__(self, keyed_hash: KeyedHash) -> None:
        self._keyed_hash = keyed_hash

    def create(self, event_id: str, user_id: str) -> str:
        """Return the code of a user for an event: 128 bits in hex. It stays the same."""
        return self._keyed_hash.digest(f"{event_id}:{user_id}")

    def verify(self, event_id: str, user_id: str, code: str) -> bool:
        """Whether `code` is the user's code for the event. Compares in constant time."""
        return hmac.compare_digest(self.create(event_id, user_id).encode(), code.encode(errors="replace"))
