"""Who may register: approval of registrations, invite codes, and blocked usernames and e-mail domains.

The caller checks the role.
"""

import logging
import re
import secrets
from collections.abc import Callable

from actors.accounts.bodies import raise_if_invalid
from actors.accounts.fields import InvalidField, validate_email_address
from actors.mail.email_sender import EmailSender
from actors.mail.mail_limits import MailLimits
from actors.moderation.bodies import InviteCodeRequest
from actors.moderation.serializers import to_blocked_name, to_invite_code, to_pending_registration
from actors.pagination import KeysetPage, paginate
from actors.protocol.errors import ApiError, invalid_field
from actors.protocol.mentions import USERNAME_PATTERN
from actors.protocol.moderation_objects import BlockedName, InviteCode, PendingRegistration
from config.limits import USERNAME_CHARACTERS_MAX
from config.mail import MailKind
from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.paging import PageKey
from storage.contracts.registrations import NameKind, RegistrationStore
from storage.contracts.users import UserRecord
from storage.errors import Conflict, Missing, Unavailable

_log = logging.getLogger(__name__)
CODE_BYTES = 15
_USERNAME = re.compile(USERNAME_PATTERN)
APPROVAL_ERRORS = {
    "users_email_key": ("user.email_taken", "A user has this e-mail address by now."),
    "users_username_key": ("user.username_taken", "A user has this username by now."),
}


class Registrations:
    """Methods raise `ApiError`, and `Unavailable` from the stores.

    `on_registered` receives each user whose registration was approved, and sends an e-mail. One whose
    registration was declined gets an e-mail from here.
    """

    def __init__(
        self,
        store: RegistrationStore,
        on_registered: Callable[[UserRecord], None],
        email_sender: EmailSender,
        mail_limits: MailLimits,
    ) -> None:
        self._store = store
        self._on_registered = on_registered
        self._email_sender = email_sender
        self._mail_limits = mail_limits

    async def page(self, after: PageKey | None, limit: int) -> KeysetPage[PendingRegistration]:
        """List registrations that wait for approval, oldest first."""
        records = await self._store.page(after, limit + 1)
        page, key = paginate(records, limit, lambda record: (record.created_at, record.id))
        return KeysetPage([to_pending_registration(record) for record in page], key)

    async def approve(self, actor_id: str, registration_id: str) -> None:
        try:
            user = await self._store.approve(registration_id, actor_id)
        except Missing:
            raise _registration_not_found() from None
        except Conflict as conflict:
            if conflict.constraint not in APPROVAL_ERRORS:
                raise ApiError("user.name_blocked", "The username or the e-mail domain is blocked.") from None
            raise ApiError(*APPROVAL_ERRORS[conflict.constraint]) from None
        self._on_registered(user)

    async def decline(self, actor_id: str, registration_id: str) -> None:
        declined = await self._store.decline(registration_id, actor_id)
        if declined is None:
            raise _registration_not_found()
        try:
            if await self._mail_limits.take(MailKind.REGISTRATION, declined.email):
                self._email_sender.queue_registration_declined(declined)
        except Unavailable:
            # The registration is gone. Without the count, anyone could have e-mails sent to any address.
            _log.warning("an e-mail about a declined registration was not sent")

    async def create_invite_code(
        self, actor_id: str, request: InviteCodeRequest, idempotency_key: IdempotencyKey | None
    ) -> InviteCode:
        raise_if_invalid(request.field_errors())
        code = secrets.token_urlsafe(CODE_BYTES)
        try:
            record = await self._store.create_invite_code(
                code, request.uses, request.end(), actor_id, idempotency_key
            )
        except Missing:
            raise ApiError("invite_code.not_found", "The invite code was deleted.") from None
        except Conflict as conflict:
            if conflict.constraint == "invite_codes_limit":
                raise ApiError("invite_code.limit", "There are too many invite codes. Delete some.") from None
            raise ApiError(
                "idempotency.conflict", "The `Idempotency-Key` was used for another invite code."
            ) from None
        return to_invite_code(record)

    async def page_invite_codes(self, after: PageKey | None, limit: int) -> KeysetPage[InviteCode]:
        """List invite codes, oldest first."""
        records = await self._store.page_invite_codes(after, limit + 1)
        page, key = paginate(records, limit, lambda record: (record.created_at, record.id))
        return KeysetPage([to_invite_code(record) for record in page], key)

    async def delete_invite_code(self, actor_id: str, invite_code_id: str) -> None:
        if not await self._store.delete_invite_code(invite_code_id, actor_id):
            raise ApiError("invite_code.not_found", "No such invite code.")

    async def block_name(self, actor_id: str, kind: str, value: str) -> None:
        """Block a username, or an e-mail domain with its subdomains. Existing users keep theirs."""
        name_kind, valid = _validate_name(kind, value)
        try:
            await self._store.block_name(name_kind, valid, actor_id)
        except Conflict:
            raise ApiError("name_block.limit", "Too many names are blocked. Unblock some.") from None

    async def unblock_name(self, actor_id: str, kind: str, value: str) -> None:
        """Allow the name again. Succeeds if it was not blocked."""
        name_kind, valid = _validate_name(kind, value)
        await self._store.unblock_name(name_kind, valid, actor_id)

    async def page_blocked_names(
        self, kind: NameKind, after: str, limit: int
    ) -> tuple[list[BlockedName], str | None]:
        """List blocked names in alphabetical order, and the one after which the next page starts."""
        records = await self._store.page_blocked_names(kind, after, limit + 1)
        page = [to_blocked_name(record) for record in records[:limit]]
        return page, page[-1].value if len(records) > limit else None


def _validate_name(kind: str, value: str) -> tuple[NameKind, str]:
    """Return a kind and a name as users have it. Raises `request.invalid`."""
    if kind == NameKind.USERNAME:
        lowered = value.lower()
        if len(lowered) > USERNAME_CHARACTERS_MAX or _USERNAME.fullmatch(lowered) is None:
            raise invalid_field("value", "Must be a username.")
        return NameKind.USERNAME, lowered
    if kind == NameKind.EMAIL_DOMAIN:
        try:
            return NameKind.EMAIL_DOMAIN, validate_email_address(f"x@{value}").partition("@")[2].lower()
        except InvalidField:
            raise invalid_field("value", "Must be a domain, such as `example.org`.") from None
    raise invalid_field("kind", "Must be `username` or `email_domain`.")


def _registration_not_found() -> ApiError:
    return ApiError("registration.not_found", "No such registration.")
