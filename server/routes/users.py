"""People over HTTP: registering, one's own profile, others' profiles, search, cards.

Never judges a field: that is the accounts' business.
"""

from actors.accounts.accounts import Accounts
from actors.accounts.requests import PasswordChange, ProfilePatch, Registration, SignedIn
from actors.wire.objects import OwnUser, User, UserCard
from actors.wire.refusal import invalid
from server.http.call import Call, Page
from server.http.cursor import write_cursor
from server.http.rates import RateClass
from server.http.route import Route


class UserRoutes:
    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def routes(self) -> tuple[Route, ...]:
        return (
            Route(
                "POST",
                "/v1/users",
                self.register,
                body=Registration,
                answer=SignedIn,
                status=201,
                auth=False,
                rate=RateClass.REGISTRATION,
            ),
            Route("GET", "/v1/users", self.find, answer=Page[UserCard]),
            Route("GET", "/v1/users/me", self.own, answer=OwnUser),
            Route("PATCH", "/v1/users/me", self.change, body=ProfilePatch, answer=OwnUser),
            Route(
                "PUT",
                "/v1/users/me/password",
                self.change_password,
                body=PasswordChange,
                status=204,
                rate=RateClass.LOGIN,
            ),
            Route("GET", "/v1/users/by-username/{name}", self.by_username, answer=User),
            Route("GET", "/v1/users/{id}", self.profile, answer=User),
        )

    async def register(self, call: Call[Registration]) -> SignedIn:
        return await self._accounts.register(call.body)

    async def own(self, call: Call[None]) -> OwnUser:
        return await self._accounts.own(call.caller.user.id)

    async def change(self, call: Call[ProfilePatch]) -> OwnUser:
        return await self._accounts.change(call.caller, call.body)

    async def change_password(self, call: Call[PasswordChange]) -> None:
        await self._accounts.change_password(call.caller, call.body)

    async def profile(self, call: Call[None]) -> User:
        return await self._accounts.profile(call.path["id"])

    async def by_username(self, call: Call[None]) -> User:
        return await self._accounts.by_username(call.path["name"])

    async def find(self, call: Call[None]) -> Page[UserCard]:
        """Cards of the ids in `?ids=`, or a page of those whom `?q=` finds."""
        ids = call.query.get("ids")
        if ids is not None:
            wanted = [user_id for user_id in ids.split(",") if user_id]
            return Page(await self._accounts.cards_now(wanted), None)
        text = call.query.get("q")
        if text is None:
            raise invalid("q", "Either q or ids must be there.", "required")
        found = await self._accounts.search(text, call.cursor(tuple[str, str]), call.limit())
        return Page(found.items, write_cursor(found.next_key) if found.next_key else None)
