"""Resets forgotten passwords by a link in an e-mail.

    request_link(email) -> accepted -> background: issue a token if the address has a user -> e-mail
    reset_password(token, password) -> set the password, end all sessions, invalidate all other links

A request does not reveal whether an address is registered: the response, and the work done before it, are the
same for every address. An account gets at most `RESETS_PER_LIFETIME` e-mails per `RESET_LIFETIME_S`, and an
address what `MailLimits` allows.
"""

import logging
from collections.abc import Callable, Sequence

import msgspec

from actors.accounts.bodies import raise_if_invalid
from actors.accounts.fields import validate_email_address
from actors.accounts.password_attempts import PasswordAttempts
from actors.accounts.password_recovery_bodies import PasswordReset, ResetRequest
from actors.accounts.password_rules import profile_errors
from actors.accounts.passwords import Passwords
from actors.accounts.tokens import hash_token, new_token
from actors.mail.email_sender import EmailSender
from actors.mail.mail_limits import MailLimits
from actors.protocol.errors import ApiError, overloaded
from actors.runtime.task_pool import TaskPool, TaskPoolStatistics
from config.accounts import (
    MAIL_TASKS_PENDING_MAX,
    MAIL_TASKS_RETRY_MS,
    MAIL_TASKS_RUNNING_MAX,
    RESET_LIFETIME_S,
    RESETS_PER_LIFETIME,
)
from config.mail import MailKind
from storage.contracts.mail_tokens import PasswordResetStore
from storage.errors import Missing

_log = logging.getLogger(__name__)


class ResetMails(msgspec.Struct, frozen=True):
    """What sends the links."""

    email_sender: EmailSender
    limits: MailLimits


class PasswordRecovery:
    """Methods raise `ApiError`, and `Unavailable` from the store.

    `on_sessions_ended` is `LoginSessions.on_revoked`.
    """

    def __init__(
        self,
        resets: PasswordResetStore,
        mails: ResetMails,
        passwords: Passwords,
        attempts: PasswordAttempts,
        on_sessions_ended: Callable[[Sequence[str]], None],
    ) -> None:
        self._resets = resets
        self._mails = mails
        self._passwords = passwords
        self._attempts = attempts
        self._on_sessions_ended = on_sessions_ended
        self._task_pool = TaskPool("password resets", MAIL_TASKS_PENDING_MAX, MAIL_TASKS_RUNNING_MAX)

    def request_link(self, request: ResetRequest) -> None:
        """Send a link in the background if the address has a user.

        Raises:
            ApiError: `request.invalid` for a malformed address, `server.overloaded` if too many are pending.
        """
        raise_if_invalid(request.field_errors())
        email = validate_email_address(request.email)
        if not self._task_pool.submit(lambda: self._send_link(email)):
            raise overloaded("Too many password resets are in progress. Retry later.", MAIL_TASKS_RETRY_MS)

    def send_link(self, email: str) -> None:
        """As `request_link`, for an address of a user; drops the request if too many are pending."""
        if not self._task_pool.submit(lambda: self._send_link(email)):
            _log.warning("password reset e-mail not sent: too many are pending")

    async def reset_password(self, token: str, request: PasswordReset, network: str) -> None:
        """Set the password; end all sessions, reset links and the calendar link of the user.

        `network` becomes one from which the user may log in while others try passwords for the account.

        Raises:
            ApiError: password_reset.not_found, request.invalid, server.overloaded.
        """
        raise_if_invalid(request.field_errors())
        token_hash = hash_token(token)
        # Checked before hashing, so that a made-up token does not cost a password hash.
        owner = None if token_hash is None else await self._resets.find_owner(token_hash)
        if token_hash is None or owner is None:
            raise _link_not_found()
        names = (owner.username, owner.display_name)
        raise_if_invalid(profile_errors("new_password", request.new_password, email=owner.email, names=names))
        password_hash = await self._passwords.hash(request.new_password)
        try:
            session_ids = await self._resets.redeem(token_hash, password_hash)
        except Missing:
            raise _link_not_found() from None
        self._on_sessions_ended(session_ids)
        await self._attempts.remember_network(owner, network)

    def statistics(self) -> TaskPoolStatistics:
        return self._task_pool.statistics()

    async def close(self, timeout_s: float) -> None:
        """Finish pending work for up to `timeout_s`, then cancel the rest."""
        await self._task_pool.close(timeout_s)

    async def _send_link(self, email: str) -> None:
        token = new_token()
        token_hash = hash_token(token)
        assert token_hash is not None
        if not await self._mails.limits.take(MailKind.PASSWORD_RESET, email):
            return
        user = await self._resets.issue(email, token_hash, RESET_LIFETIME_S, RESETS_PER_LIFETIME)
        if user is None:
            await self._mails.limits.refund(MailKind.PASSWORD_RESET, email)
        else:
            self._mails.email_sender.queue_password_reset(user, token)


def _link_not_found() -> ApiError:
    return ApiError("password_reset.not_found", "The link is not valid, has expired, or was already used.")
