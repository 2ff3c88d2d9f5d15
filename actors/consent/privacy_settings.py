"""The privacy settings of a user."""

from actors.protocol.errors import ApiError
from actors.protocol.objects import Audience, Privacy
from actors.protocol.stored_enums import to_member
from storage.contracts.privacy import PrivacyRecord, PrivacyStore
from storage.errors import Missing


class PrivacySettings:
    def __init__(self, store: PrivacyStore) -> None:
        self._store = store

    async def get(self, user_id: str) -> Privacy:
        return _to_privacy(await self._store.get(user_id))

    async def change(self, user_id: str, groups: Audience | None, invites: Audience | None) -> Privacy:
        """Change the settings that are not None and return all of them. Raises `ApiError`."""
        try:
            record = await self._store.change(
                user_id,
                None if groups is None else groups.value,
                None if invites is None else invites.value,
            )
        except Missing:
            raise ApiError("user.not_found", "The account was deleted.") from None
        return _to_privacy(record)


def _to_privacy(record: PrivacyRecord) -> Privacy:
    return Privacy(to_member(Audience, record.groups), to_member(Audience, record.invites))
