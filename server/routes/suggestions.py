"""Suggestions of users to follow."""

import msgspec

from actors.protocol.social_objects import Suggestion
from actors.social.suggestions import Suggestions
from server.http.rate_limiter import SEARCH_COST
from server.http.route import Route, TypedRequest


class SuggestionList(msgspec.Struct, frozen=True):
    items: list[Suggestion]


class SuggestionRoutes:
    def __init__(self, suggestions: Suggestions) -> None:
        self._suggestions = suggestions

    def routes(self) -> tuple[Route, ...]:
        return (
            Route("GET", "/v1/suggestions", self.find, response=SuggestionList, cost=SEARCH_COST),
            Route(
                "DELETE",
                "/v1/suggestions/{user_id}",
                self.dismiss,
                status=204,
                errors=("request.invalid",),
                while_silenced=True,
            ),
        )

    async def find(self, request: TypedRequest[None, None]) -> SuggestionList:
        """Get users that the caller may want to follow.

        Users that followed users follow, who go to the same events, and who have many followers. Not those
        that the caller follows, mutes, has dismissed, or cannot see.
        """
        return SuggestionList(await self._suggestions.find(request.caller.user.id))

    async def dismiss(self, request: TypedRequest[None, None]) -> None:
        """Dismiss a suggestion.

        The user is not suggested again. Idempotent.
        """
        await self._suggestions.dismiss(request.caller.user.id, request.path_params["user_id"])
