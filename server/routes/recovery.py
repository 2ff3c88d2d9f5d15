"""Password reset, e-mail verification and undoing an address change, without authentication.

Responses do not reveal whether an address is registered.
"""

from actors.accounts.email_changes import EmailChangeUndo
from actors.accounts.email_verification import EmailVerification
from actors.accounts.password_recovery import PasswordRecovery
from actors.accounts.password_recovery_bodies import PasswordReset, ResetRequest
from server.http.rate_limiter import RequestRateClass, address_bucket_key
from server.http.route import Route, TypedRequest


class RecoveryRoutes:
    def __init__(
        self,
        password_recovery: PasswordRecovery,
        email_verification: EmailVerification,
        email_change_undo: EmailChangeUndo,
    ) -> None:
        self._password_recovery = password_recovery
        self._email_verification = email_verification
        self._email_change_undo = email_change_undo

    def routes(self) -> tuple[Route, ...]:
        return (
            Route(
                "POST",
                "/v1/password-resets",
                self.request_link,
                body=ResetRequest,
                status=202,
                requires_auth=False,
                rate_class=RequestRateClass.LOGIN,
                errors=("server.overloaded",),
            ),
            Route(
                "PUT",
                "/v1/password-resets/{token}",
                self.reset_password,
                body=PasswordReset,
                status=204,
                requires_auth=False,
                rate_class=RequestRateClass.LOGIN,
                errors=("password_reset.not_found", "server.overloaded"),
            ),
            Route(
                "PUT",
                "/v1/email-verifications/{token}",
                self.verify_email,
                status=204,
                requires_auth=False,
                rate_class=RequestRateClass.LOGIN,
                errors=("email_verification.not_found",),
            ),
            Route(
                "DELETE",
                "/v1/email-changes/{token}",
                self.undo_email_change,
                status=204,
                requires_auth=False,
                rate_class=RequestRateClass.LOGIN,
                errors=("email_change.not_found",),
            ),
        )

    async def request_link(self, request: TypedRequest[ResetRequest, None]) -> None:
        """Request a password reset link by e-mail.

        The response is the same whether the address is registered or not.
        """
        self._password_recovery.request_link(request.body)

    async def reset_password(self, request: TypedRequest[PasswordReset, None]) -> None:
        """Set a new password with the token of a reset link.

        A token works once, for 30 minutes. All sessions of the user end.
        """
        await self._password_recovery.reset_password(
            request.path_params["token"], request.body, address_bucket_key(request.client_address)
        )

    async def verify_email(self, request: TypedRequest[None, None]) -> None:
        """Verify an e-mail address with the token of a verification link.

        A token works once.
        """
        await self._email_verification.verify(request.path_params["token"])

    async def undo_email_change(self, request: TypedRequest[None, None]) -> None:
        """Undo a change of an e-mail address with the token of the link sent to the old address.

        A token works once, for 24 hours. All sessions of the user end, the password stops working, and the
        restored address gets a password reset link.
        """
        await self._email_change_undo.undo(request.path_params["token"])
