"""Registrations that wait for approval, invite codes and blocked names, in the User service's store."""

from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec

from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.paging import PageKey
from storage.contracts.users import NewUser, UserRecord


class NameKind(StrEnum):
    USERNAME = "username"
    EMAIL_DOMAIN = "email_domain"


class RegistrationRecord(msgspec.Struct, frozen=True):
    """A registration that waits for approval."""

    id: str
    email: str
    username: str
    display_name: str | None
    created_at: datetime


class InviteCodeRecord(msgspec.Struct, frozen=True):
    id: str
    code: str
    uses_left: int
    expires_at: datetime | None
    created_at: datetime


class NameBlockRecord(msgspec.Struct, frozen=True):
    """A username or e-mail domain that no one may register. A domain includes its subdomains."""

    kind: NameKind
    value: str
    created_at: datetime


class RegistrationStore(Protocol):
    """Changes by moderators are atomic with their records in the audit log. All raise `Unavailable`."""

    async def request(self, user: NewUser, idempotency_key: IdempotencyKey | None) -> None:
        """Store a registration for approval. A repeated key changes nothing.

        Raises:
            Conflict: `users_email_key` or `users_username_key`: taken by a user or another registration;
                `name_blocks_username` or `name_blocks_email_domain`: blocked; `registrations_limit`: too many
                wait; `idempotency_keys`: the key was used for another request.
        """

    async def page(self, after: PageKey | None, limit: int) -> list[RegistrationRecord]:
        """Return registrations that wait, oldest first."""

    async def approve(self, registration_id: str, actor_id: str) -> UserRecord:
        """Make a user of a registration.

        Raises:
            Missing: it does not exist, or was decided.
            Conflict: as `UserStore.register`; the registration stays.
        """

    async def decline(self, registration_id: str, actor_id: str) -> RegistrationRecord | None:
        """Delete and return a registration. Returns None if it does not exist, or was decided."""

    async def create_invite_code(
        self,
        code: str,
        uses: int,
        expires_at: datetime | None,
        actor_id: str,
        idempotency_key: IdempotencyKey | None,
    ) -> InviteCodeRecord:
        """Store an invite code. A repeated key returns the first one.

        Raises:
            Conflict: `invite_codes_limit`: there are too many; `idempotency_keys`: the key was used for
                another request.
            Missing: a repeated key, and the code was deleted.
        """

    async def page_invite_codes(self, after: PageKey | None, limit: int) -> list[InviteCodeRecord]:
        """Return invite codes, oldest first."""

    async def delete_invite_code(self, invite_code_id: str, actor_id: str) -> bool: ...

    async def block_name(self, kind: NameKind, value: str, actor_id: str) -> None:
        """Block a name for new users and for changes. Idempotent. Raises `Conflict`: `name_blocks_limit`.

        A user or registration that is created at the same time may still get it.
        """

    async def unblock_name(self, kind: NameKind, value: str, actor_id: str) -> None:
        """Let the name be used again. Idempotent."""

    async def page_blocked_names(self, kind: NameKind, after: str, limit: int) -> list[NameBlockRecord]:
        """Return the blocked names greater than `after`, in alphabetical order."""
