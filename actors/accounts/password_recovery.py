"""A new password for somebody who forgot the old one, by a link in a mail.

    ask(email) -> accepted -+- errand: a token for whoever has that address -> a mail
    reset(token, password) -> the password, the end of all sessions and of all other links

Whoever asks learns nothing: the words are the same for every address, and so is the work that is done
before they are said. Never opens a session, and never sends more than a few mails to one account.
"""

from collections.abc import Callable, Sequence

from actors.accounts.authenticator import Authenticator
from actors.accounts.fields import validate_email_address
from actors.accounts.password_recovery_requests import PasswordReset, ResetRequest
from actors.accounts.passwords import Passwords
from actors.accounts.requests import raise_if_invalid
from actors.accounts.tokens import hash_token, new_token
from actors.mail.email_templates import EmailTemplates
from actors.protocol.errors import ApiError, overloaded
from actors.runtime.task_pool import TaskPool, TaskPoolStatistics
from config.accounts import (
    MAIL_TASKS_PENDING_MAX,
    MAIL_TASKS_RETRY_MS,
    MAIL_TASKS_RUNNING_MAX,
    RESET_LIFETIME_S,
    RESETS_PER_LIFETIME,
)
from storage.contracts.mail_tokens import PasswordResetStore
from storage.errors import Missing


class PasswordRecovery:
    """Refuses with `Refusal`; lets `Unavailable` of the store through. `revoked` as that of `Accounts`."""

    def __init__(
        self,
        resets: PasswordResetStore,
        email_templates: EmailTemplates,
        passwords: Passwords,
        authenticator: Authenticator,
        on_sessions_revoked: Callable[[Sequence[str]], None],
    ) -> None:
        self._resets = resets
        self._email_templates = email_templates
        self._passwords = passwords
        self._authenticator = authenticator
        self._on_sessions_revoked = on_sessions_revoked
        self._task_pool = TaskPool("password resets", MAIL_TASKS_PENDING_MAX, MAIL_TASKS_RUNNING_MAX)

    def request_link(self, request: ResetRequest) -> None:
        """Send a link to whoever has that address. Refuses an address that is none, and when overrun."""
        raise_if_invalid(request.field_errors())
        email = validate_email_address(request.email)
        if not self._task_pool.submit(lambda: self._send_link(email)):
            raise overloaded("Too many passwords are being reset.", MAIL_TASKS_RETRY_MS)

    async def reset_password(self, token: str, request: PasswordReset) -> None:
        """Set the password; the token and all others of that user are used up, all sessions end."""
        raise_if_invalid(request.field_errors())
        hashed = hash_token(token)
        # Asked before the hash is made, which costs more than a made-up token should.
        if hashed is None or not await self._resets.is_valid(hashed):
            raise _link_not_found()
        password_hash = await self._passwords.hash(request.new_password)
        try:
            ended = await self._resets.redeem(hashed, password_hash)
        except Missing:
            raise _link_not_found() from None
        for session_id in ended:
            self._authenticator.invalidate(session_id)
        if ended:
            self._on_sessions_revoked(ended)

    def statistics(self) -> TaskPoolStatistics:
        return self._task_pool.statistics()

    async def close(self, timeout_s: float) -> None:
        """Let what was accepted become mails, for so long."""
        await self._task_pool.close(timeout_s)

    async def _send_link(self, email: str) -> None:
        token = new_token()
        hashed = hash_token(token)
        assert hashed is not None
        user = await self._resets.issue(email, hashed, RESET_LIFETIME_S, RESETS_PER_LIFETIME)
        if user is not None:
            self._email_templates.queue_password_reset(user, token)


def _link_not_found() -> ApiError:
    return ApiError("password_reset.not_found", "The link is unknown, was used, or its time is over.")
