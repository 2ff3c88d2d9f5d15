"""Secret links with which calendar applications subscribe to a user's events.

The token in a link is like a session token: 256 bits, of which only the SHA-256 is stored. They are random,
or computed from an idempotency key with a secret key of the server.
"""

from actors.accounts.tokens import hash_token, new_token
from actors.keyed_hash import KeyedHash
from actors.protocol.errors import ApiError
from actors.protocol.event_objects import CalendarLink, CalendarLinkInfo
from actors.protocol.timestamps import rfc3339_from_datetime, rfc3339_or_none
from storage.contracts.calendar_links import CalendarLinkStore
from storage.errors import Missing


class CalendarLinks:
    """`base_url` is the public address of this server. `link_hash` makes tokens from idempotency keys."""

    def __init__(self, store: CalendarLinkStore, link_hash: KeyedHash, base_url: str) -> None:
        self._store = store
        self._link_hash = link_hash
        self._base_url = base_url

    async def create(self, user_id: str, idempotency_key: str | None) -> CalendarLink:
        """Create the user's link. An earlier one ends; the same idempotency key gives the same link."""
        if idempotency_key is None:
            token = new_token()
        else:
            # No token is stored that a repeat could be answered with.
            token = self._link_hash.token(f"calendar\n{user_id}\n{idempotency_key}")
        token_hash = hash_token(token)
        assert token_hash is not None
        try:
            created_at = await self._store.set(user_id, token_hash)
        except Missing:
            raise ApiError("user.not_found", "No such user.") from None
        http_url = f"{self._base_url}/v1/calendars/{token}.ics"
        _, _, address = http_url.partition("://")
        return CalendarLink(f"webcal://{address}", http_url, rfc3339_from_datetime(created_at))

    async def get(self, user_id: str) -> CalendarLinkInfo:
        """Return when the user's link was created, if there is one."""
        created_at = await self._store.get_created_at(user_id)
        return CalendarLinkInfo(rfc3339_or_none(created_at))

    async def revoke(self, user_id: str) -> None:
        """End the user's link. Idempotent."""
        await self._store.delete(user_id)

    async def get_user_id(self, token: str) -> str:
        """Return the user of a link. Raises `ApiError` (calendar.not_found)."""
        token_hash = hash_token(token)
        user_id = None if token_hash is None else await self._store.find_user_id(token_hash)
        if user_id is None:
            raise calendar_not_found()
        return user_id


def calendar_not_found() -> ApiError:
    return ApiError("calendar.not_found", "No such calendar.")
