"""Registration, profiles and user search.

The account service validates the fields.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

from msgspec import Meta

from actors.accounts.accounts import Accounts
from actors.accounts.bodies import PasswordChange, ProfilePatch, Registration, SignedIn
from actors.accounts.serializers import to_public_user
from actors.accounts.sign_up import SignUp
from actors.protocol.errors import invalid_field
from actors.protocol.objects import OwnUser, Relationship, User, UserCard
from actors.protocol.social_objects import SocialStats
from config.accounts import USER_SEARCH_CHARACTERS
from config.limits import SEARCH_CHARACTERS_MIN, SEARCH_WORDS_MAX, USER_CARDS_PER_REQUEST
from server.http.cursor import encode_cursor
from server.http.rate_limiter import SEARCH_COST, RequestRateClass, address_bucket_key
from server.http.request_decoding import PageQuery
from server.http.response import Page, ResponseWithStatus
from server.http.route import Route, TypedRequest
from storage.contracts.users import UserRecord


class UserQuery(PageQuery, frozen=True):
    """Either `q` or `ids`."""

    q: (
        Annotated[
            str,
            Meta(
                description=f"Up to {SEARCH_WORDS_MAX} words or beginnings of words of the username or "
                "display name. Case and width do not matter; there are no operators.",
                extra_json_schema={
                    "minLength": SEARCH_CHARACTERS_MIN,
                    "maxLength": USER_SEARCH_CHARACTERS,
                },
            ),
        ]
        | None
    ) = None
    ids: (
        Annotated[
            list[str],
            Meta(description=f"At most {USER_CARDS_PER_REQUEST} user ids, comma-separated, in result order."),
        ]
        | None
    ) = None


LoadBlockedUserIds = Callable[[str], Awaitable[Sequence[str]]]
"""(viewer id) -> ids of users that the viewer has blocked or who have blocked the viewer."""


async def no_blocked_users(_viewer_id: str) -> Sequence[str]:
    return ()


LoadSocialProfile = Callable[[str, str], Awaitable[tuple[SocialStats, Relationship | None]]]
"""(viewer id, user id) -> the user's counts and what relates the viewer to them. Raises `user.not_found`."""


async def no_social_profile(_viewer_id: str, user_id: str) -> tuple[SocialStats, Relationship | None]:
    return SocialStats(user_id, 0, 0, 0), None


class UserRoutes:
    def __init__(
        self,
        accounts: Accounts,
        sign_up: SignUp,
        load_blocked: LoadBlockedUserIds = no_blocked_users,
        load_social_profile: LoadSocialProfile = no_social_profile,
    ) -> None:
        self._accounts = accounts
        self._sign_up = sign_up
        self._load_blocked = load_blocked
        self._load_social_profile = load_social_profile

    def routes(self) -> tuple[Route, ...]:
        return (
            Route(
                "POST",
                "/v1/users",
                self.register,
                body=Registration,
                response=SignedIn,
                status=201,
                requires_auth=False,
                rate_class=RequestRateClass.REGISTRATION,
                idempotent=True,
                empty_statuses=(202,),
                errors=(
                    "user.email_taken",
                    "user.username_taken",
                    "registration.invite_required",
                    "registration.limit",
                ),
            ),
            Route(
                "GET",
                "/v1/users",
                self.search,
                query=UserQuery,
                response=Page[UserCard],
                cost=SEARCH_COST,
            ),
            Route("GET", "/v1/users/me", self.get_own, response=OwnUser),
            Route(
                "PATCH",
                "/v1/users/me",
                self.update_own,
                body=ProfilePatch,
                response=OwnUser,
                errors=(
                    "user.email_taken",
                    "user.username_taken",
                    "auth.password_required",
                    "auth.invalid_credentials",
                ),
            ),
            Route(
                "PUT",
                "/v1/users/me/password",
                self.change_password,
                while_silenced=True,
                body=PasswordChange,
                status=204,
                rate_class=RequestRateClass.LOGIN,
                errors=("auth.invalid_credentials",),
            ),
            Route(
                "GET",
                "/v1/users/by-username/{name}",
                self.by_username,
                response=User,
                errors=("user.not_found",),
            ),
            Route("GET", "/v1/users/{id}", self.profile, response=User, errors=("user.not_found",)),
        )

    async def register(self, request: TypedRequest[Registration, None]) -> SignedIn | ResponseWithStatus:
        """Register a user and log in.

        If the server is configured so, the registration waits for approval by a moderator, and the answer is
        202; or it needs an `invite_code`.
        """
        if self._sign_up.needs_approval:
            await self._sign_up.request_registration(request.body, request.idempotency_key)
            return ResponseWithStatus(None, 202)
        network = address_bucket_key(request.client_address)
        return await self._sign_up.register(
            request.body, request.idempotency_key, network, request.user_agent
        )

    async def get_own(self, request: TypedRequest[None, None]) -> OwnUser:
        """Get the caller's profile."""
        return await self._accounts.get_own_profile(request.caller.user.id)

    async def update_own(self, request: TypedRequest[ProfilePatch, None]) -> OwnUser:
        """Update the caller's profile.

        Absent fields are unchanged; null clears a field. An `email` needs `current_password`; the address
        that it replaces gets a link that undoes the change for 24 hours. Only accepted followers see the
        posts and follows of a `private` account; one that becomes public accepts all requests to follow it.
        """
        return await self._accounts.update_profile(request.caller, request.body)

    async def change_password(self, request: TypedRequest[PasswordChange, None]) -> None:
        """Change the caller's password.

        All other sessions and the link to the caller's calendar end.
        """
        await self._accounts.change_password(request.caller, request.body)

    async def profile(self, request: TypedRequest[None, None]) -> User:
        """Get a user's profile."""
        return await self._to_profile(request, await self._accounts.get_user(request.path_params["id"]))

    async def by_username(self, request: TypedRequest[None, None]) -> User:
        """Get a user's profile by username, ignoring case and width."""
        user = await self._accounts.get_user_by_username(request.path_params["name"])
        return await self._to_profile(request, user)

    async def search(self, request: TypedRequest[None, UserQuery]) -> Page[UserCard]:
        """Search users by words of their names, or get users by id.

        Unknown ids are omitted. A result by id is a single page.
        """
        blocked_ids = await self._load_blocked(request.caller.user.id)
        if request.query.ids is not None:
            cards = await self._accounts.load_current_cards(request.query.ids)
            hidden = set(blocked_ids)
            return Page([card for card in cards if card.id not in hidden], None)
        if request.query.q is None:
            raise invalid_field("q", "Either `q` or `ids` is required.", "required")
        page = await self._accounts.search(
            request.query.q, request.cursor(tuple[str, str]), blocked_ids, request.query.limit
        )
        return Page(page.items, encode_cursor(page.next_key) if page.next_key else None)

    async def _to_profile(self, request: TypedRequest[None, None], user: UserRecord) -> User:
        """Return the profile as the caller sees it.

        Raises:
            ApiError: user.not_found, if one of the two has blocked the other.
        """
        stats, relationship = await self._load_social_profile(request.caller.user.id, user.id)
        return to_public_user(user, stats, relationship)
