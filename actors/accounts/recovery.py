"""A new password for somebody who forgot the old one, by a link in a mail.

    ask(email) -> accepted -+- errand: a token for whoever has that address -> a mail
    reset(token, password) -> the password, the end of all sessions and of all other links

Whoever asks learns nothing: the words are the same for every address, and so is the work that is done
before they are said. Never opens a session, and never sends more than a few mails to one account.
"""

from collections.abc import Callable, Sequence

from actors.accounts.authenticator import Authenticator
from actors.accounts.fields import email_of
from actors.accounts.passwords import Passwords
from actors.accounts.recovery_requests import PasswordReset, ResetRequest
from actors.accounts.requests import refuse
from actors.accounts.tokens import new_token, token_hash
from actors.mail.letters import Letters
from actors.protocol.errors import ApiError, overloaded
from actors.runtime.task_pool import TaskPool, TaskPoolStatistics
from config.accounts import (
    MAIL_ERRANDS_AT_ONCE,
    MAIL_ERRANDS_RETRY_MS,
    MAIL_ERRANDS_WAITING,
    RESET_LIFETIME_S,
    RESETS_PER_LIFETIME,
)
from storage.contracts.mail_tokens import PasswordResetStore
from storage.errors import Missing


class Recovery:
    """Refuses with `Refusal`; lets `Unavailable` of the store through. `revoked` as that of `Accounts`."""

    def __init__(
        self,
        resets: PasswordResetStore,
        letters: Letters,
        passwords: Passwords,
        authenticator: Authenticator,
        revoked: Callable[[Sequence[str]], None],
    ) -> None:
        self._resets = resets
        self._letters = letters
        self._passwords = passwords
        self._authenticator = authenticator
        self._revoked = revoked
        self._errands = TaskPool("password resets", MAIL_ERRANDS_WAITING, MAIL_ERRANDS_AT_ONCE)

    def ask(self, request: ResetRequest) -> None:
        """Send a link to whoever has that address. Refuses an address that is none, and when overrun."""
        refuse(request.faults())
        email = email_of(request.email)
        if not self._errands.submit(lambda: self._offer(email)):
            raise overloaded("Too many passwords are being reset.", MAIL_ERRANDS_RETRY_MS)

    async def reset(self, token: str, request: PasswordReset) -> None:
        """Set the password; the token and all others of that user are used up, all sessions end."""
        refuse(request.faults())
        hashed = token_hash(token)
        # Asked before the hash is made, which costs more than a made-up token should.
        if hashed is None or not await self._resets.is_valid(hashed):
            raise _unknown()
        password_hash = await self._passwords.hash(request.new_password)
        try:
            ended = await self._resets.redeem(hashed, password_hash)
        except Missing:
            raise _unknown() from None
        for session_id in ended:
            self._authenticator.forget(session_id)
        if ended:
            self._revoked(ended)

    def statistics(self) -> TaskPoolStatistics:
        return self._errands.statistics()

    async def close(self, within_s: float) -> None:
        """Let what was accepted become mails, for so long."""
        await self._errands.close(within_s)

    async def _offer(self, email: str) -> None:
        token = new_token()
        hashed = token_hash(token)
        assert hashed is not None
        user = await self._resets.issue(email, hashed, RESET_LIFETIME_S, RESETS_PER_LIFETIME)
        if user is not None:
            self._letters.reset(user, token)


def _unknown() -> ApiError:
    return ApiError("password_reset.not_found", "The link is unknown, was used, or its time is over.")
