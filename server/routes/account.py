"""Deletion of the caller's account."""

from actors.accounts.account_deletion import AccountDeletion
from server.http.rate_limiter import RateClass
from server.http.route import Route, TypedRequest


class AccountRoutes:
    def __init__(self, account_deletion: AccountDeletion) -> None:
        self._account_deletion = account_deletion

    def routes(self) -> tuple[Route, ...]:
        return (Route("DELETE", "/v1/users/me", self.delete_account, status=204, rate_class=RateClass.LOGIN),)

    async def delete_account(self, request: TypedRequest[None, None]) -> None:
        """Delete the caller's account.

        Cannot be undone. Posts, RSVPs and follows are deleted; messages remain, without the author's name.
        """
        await self._account_deletion.delete_account(request.caller.user.id)
