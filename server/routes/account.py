"""Giving up one's own account over HTTP. Never anybody else's."""

from actors.accounts.account_deletion import AccountDeletion
from server.http.call import TypedRequest
from server.http.rates import RateClass
from server.http.route import Route


class AccountRoutes:
    def __init__(self, account_deletion: AccountDeletion) -> None:
        self._account_deletion = account_deletion

    def routes(self) -> tuple[Route, ...]:
        return (Route("DELETE", "/v1/users/me", self.delete_account, status=204, rate_class=RateClass.LOGIN),)

    async def delete_account(self, call: TypedRequest[None, None]) -> None:
        """Delete one's account for good. Posts, answers and follows go; messages stay without a name."""
        await self._account_deletion.delete_account(call.caller.user.id)
