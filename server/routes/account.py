"""Deletion of the caller's account."""

from actors.accounts.account_deletion import AccountDeletion
from actors.accounts.bodies import AccountDeletionRequest
from server.http.rate_limiter import RequestRateClass
from server.http.route import Route, TypedRequest


class AccountRoutes:
    def __init__(self, account_deletion: AccountDeletion) -> None:
        self._account_deletion = account_deletion

    def routes(self) -> tuple[Route, ...]:
        return (
            Route(
                "DELETE",
                "/v1/users/me",
                self.delete_account,
                body=AccountDeletionRequest,
                body_optional=True,
                status=204,
                rate_class=RequestRateClass.LOGIN,
                errors=("auth.password_required", "auth.invalid_credentials", "role.last_admin"),
                while_silenced=True,
            ),
        )

    async def delete_account(self, request: TypedRequest[AccountDeletionRequest, None]) -> None:
        """Delete the caller's account.

        Needs the current password, and cannot be undone. Posts, RSVPs and follows are deleted; messages
        remain, without the author's name.
        """
        await self._account_deletion.delete_account(request.caller.user.id, request.body.current_password)
