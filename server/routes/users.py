"""People over HTTP: registering, one's own profile, others' profiles, search, cards.

Never judges a field: that is the accounts' business.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

from msgspec import Meta

from actors.accounts.accounts import Accounts
from actors.accounts.requests import PasswordChange, ProfilePatch, Registration, SignedIn
from actors.protocol.errors import ApiError, invalid_field
from actors.protocol.objects import OwnUser, User, UserCard
from config.accounts import SEARCH_CHARACTERS
from config.limits import USER_CARDS
from server.http.call import Call, Page
from server.http.cursor import write_cursor
from server.http.query import PageQuery
from server.http.rates import RateClass
from server.http.route import Route


class PeopleQuery(PageQuery, frozen=True):
    """Either `q` or `ids`."""

    q: (
        Annotated[
            str,
            Meta(
                description="How a username or display name begins. Trimmed.",
                extra_json_schema={"minLength": 1, "maxLength": SEARCH_CHARACTERS},
            ),
        ]
        | None
    ) = None
    ids: (
        Annotated[
            list[str],
            Meta(description=f"Whose cards, in this order; at most {USER_CARDS}, doubles counted once."),
        ]
        | None
    ) = None


Hidden = Callable[[str], Awaitable[Sequence[str]]]
"""(viewer) -> everybody between whom and the viewer there is a block."""


async def nobody(_viewer_id: str) -> Sequence[str]:
    return ()


class UserRoutes:
    def __init__(self, accounts: Accounts, hidden: Hidden = nobody) -> None:
        self._accounts = accounts
        self._hidden = hidden

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
                idempotent=True,
                refuses=("user.email_taken", "user.username_taken"),
            ),
            Route("GET", "/v1/users", self.find, query=PeopleQuery, answer=Page[UserCard]),
            Route("GET", "/v1/users/me", self.own, answer=OwnUser),
            Route(
                "PATCH",
                "/v1/users/me",
                self.change,
                body=ProfilePatch,
                answer=OwnUser,
                refuses=("user.email_taken", "user.username_taken"),
            ),
            Route(
                "PUT",
                "/v1/users/me/password",
                self.change_password,
                body=PasswordChange,
                status=204,
                rate=RateClass.LOGIN,
                refuses=("auth.invalid_credentials",),
            ),
            Route(
                "GET",
                "/v1/users/by-username/{name}",
                self.by_username,
                answer=User,
                refuses=("user.not_found",),
            ),
            Route("GET", "/v1/users/{id}", self.profile, answer=User, refuses=("user.not_found",)),
        )

    async def register(self, call: Call[Registration, None]) -> SignedIn:
        """Register, and be logged in at once."""
        return await self._accounts.register(call.body, call.once)

    async def own(self, call: Call[None, None]) -> OwnUser:
        """Show one's own profile."""
        return await self._accounts.get_own_profile(call.caller.user.id)

    async def change(self, call: Call[ProfilePatch, None]) -> OwnUser:
        """Change one's own profile. What is absent stays as it is; null clears."""
        return await self._accounts.update_profile(call.caller, call.body)

    async def change_password(self, call: Call[PasswordChange, None]) -> None:
        """Set a new password. All other sessions end."""
        await self._accounts.change_password(call.caller, call.body)

    async def profile(self, call: Call[None, None]) -> User:
        """Show somebody's profile."""
        return await self._seen(call, await self._accounts.get_profile(call.path["id"]))

    async def by_username(self, call: Call[None, None]) -> User:
        """Show the profile of whoever has that username, in any case."""
        return await self._seen(call, await self._accounts.get_profile_by_username(call.path["name"]))

    async def find(self, call: Call[None, PeopleQuery]) -> Page[UserCard]:
        """Find people by the beginning of their name, or the cards of those whose ids are given.

        Unknown ids are left out. Cards by id are never more than one page.
        """
        if call.query.ids is not None:
            return Page(
                await self._visible(call, await self._accounts.load_current_cards(call.query.ids)), None
            )
        if call.query.q is None:
            raise invalid_field("q", "Either q or ids must be there.", "required")
        found = await self._accounts.search(call.query.q, call.cursor(tuple[str, str]), call.query.limit)
        items = await self._visible(call, found.items)
        return Page(items, write_cursor(found.next_key) if found.next_key else None)

    async def _seen(self, call: Call[None, None], user: User) -> User:
        """Refuse where there is a block between the two."""
        if user.id in await self._hidden(call.caller.user.id):
            raise ApiError("user.not_found", "No such user.")
        return user

    async def _visible(self, call: Call[Any, Any], cards: list[UserCard]) -> list[UserCard]:
        hidden = set(await self._hidden(call.caller.user.id))
        return [card for card in cards if card.id not in hidden] if hidden else cards
