"""Login sessions: login, logout, and the list of those of a user.

A failed login does not reveal whether the login or the password was wrong, neither by its text nor by its
duration.
"""

import contextlib
from collections.abc import Callable, Sequence

from actors.accounts.authenticator import Authenticator
from actors.accounts.bodies import Login, SessionView, SignedIn
from actors.accounts.credential_checks import CredentialChecks, invalid_credentials
from actors.accounts.device_names import device_name
from actors.accounts.serializers import to_own_user, to_session_view
from actors.accounts.tokens import hash_token, new_token
from actors.protocol.errors import ApiError
from actors.protocol.timestamps import rfc3339_from_datetime
from config.accounts import SESSIONS_PER_USER
from config.limits import TOKEN_LIFETIME_S
from storage.contracts.users import Identity, SessionStore, UserRecord
from storage.errors import Missing, Unavailable


class LoginSessions:
    """Methods raise `ApiError`, and `Unavailable` from the stores.

    `on_sessions_revoked` receives the ids of login sessions that have ended. They are already removed from
    this instance's token cache; the callback must invalidate them on other instances, and close their sockets
    and event streams.
    """

    def __init__(
        self,
        store: SessionStore,
        credential_checks: CredentialChecks,
        authenticator: Authenticator,
        on_sessions_revoked: Callable[[Sequence[str]], None],
    ) -> None:
        self._store = store
        self._credential_checks = credential_checks
        self._authenticator = authenticator
        self._on_sessions_revoked = on_sessions_revoked

    async def login(self, login: Login, network: str, user_agent: str | None = None) -> SignedIn:
        """Check the password and open a session. Raises `ApiError` as `CredentialChecks.check_login`.

        `network` is the caller's address network, for `PasswordAttempts`. `user_agent` is the header, which
        names the session.
        """
        checked = await self._credential_checks.check_login(login.login, login.password, network)
        signed_in = await self.open(checked.user, user_agent)
        # A password change during this login ends the new session like all other old ones.
        if not await self._credential_checks.is_still_valid(checked, login.password):
            await self._revoke_token(checked.user.id, signed_in.token)
            raise invalid_credentials()
        return signed_in

    async def list(self, identity: Identity) -> list[SessionView]:
        """List the user's unexpired sessions, most recently used first."""
        sessions = await self._store.list(identity.user.id)
        views = [to_session_view(session, identity.session_id) for session in sessions]
        # Sorted by the values in the response, which page cursors refer to.
        return sorted(views, key=lambda view: (view.last_used_at, view.id), reverse=True)

    async def revoke(self, identity: Identity, session_id: str) -> None:
        """End one of the user's sessions."""
        if not await self._store.revoke(identity.user.id, session_id):
            raise ApiError("session.not_found", "No such session.")
        self.on_revoked([session_id])

    async def logout(self, identity: Identity) -> None:
        """End the current session. Succeeds if it has already ended."""
        await self._store.revoke(identity.user.id, identity.session_id)
        self.on_revoked([identity.session_id])

    async def open(self, user: UserRecord, user_agent: str | None) -> SignedIn:
        """Open a session without a check; end the oldest ones beyond `SESSIONS_PER_USER`.

        `user_agent` is the header, which names the session.
        """
        token = new_token()
        token_hash = hash_token(token)
        assert token_hash is not None
        try:
            session = await self._store.open(user.id, token_hash, TOKEN_LIFETIME_S, device_name(user_agent))
        except Missing:
            # Deleted, banned or suspended since the password was checked: answer as for a wrong password.
            raise invalid_credentials() from None
        # Otherwise the next login ends them.
        with contextlib.suppress(Unavailable):
            self.on_revoked(await self._store.end_oldest(user.id, SESSIONS_PER_USER))
        return SignedIn(
            user=to_own_user(user), token=token, expires_at=rfc3339_from_datetime(session.expires_at)
        )

    def on_revoked(self, session_ids: Sequence[str]) -> None:
        """Handle sessions that a store has ended."""
        for session_id in session_ids:
            self._authenticator.invalidate(session_id)
        if session_ids:
            self._on_sessions_revoked(session_ids)

    def on_user_changed(self, session_id: str) -> None:
        """Read the user of a session from the store again, at its next request."""
        self._authenticator.invalidate(session_id)

    async def _revoke_token(self, user_id: str, token: str) -> None:
        token_hash = hash_token(token)
        assert token_hash is not None
        identity = (await self._store.identities([token_hash])).get(token_hash)
        if identity is not None:
            await self._store.revoke(user_id, identity.session_id)
            self.on_revoked([identity.session_id])
