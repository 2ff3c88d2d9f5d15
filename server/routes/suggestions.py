"""Suggestions of users to follow."""

from actors.protocol.social_objects import Suggestion
from actors.social.suggestions import Suggestions
from server.http.cursor import encode_cursor
from server.http.rate_limiter import SEARCH_COST
from server.http.request_decoding import PageQuery
from server.http.response import Page
from server.http.route import Route, TypedRequest


class SuggestionRoutes:
    def __init__(self, suggestions: Suggestions) -> None:
        self._suggestions = suggestions

    def routes(self) -> tuple[Route, ...]:
        return (
            Route(
                "GET",
                "/v1/suggestions",
                self.find,
                query=PageQuery,
                response=Page[Suggestion],
                cost=SEARCH_COST,
            ),
            Route(
                "DELETE",
                "/v1/suggestions/{user_id}",
                self.dismiss,
                status=204,
                errors=("request.invalid",),
                while_silenced=True,
            ),
        )

    async def find(self, request: TypedRequest[None, PageQuery]) -> Page[Suggestion]:
        """List users that the caller may want to follow, the closest first, at most 20.

        Users that followed users follow, who go to the same events, and who have many followers. Not those
        that the caller follows, mutes, has dismissed, or cannot see.
        """
        items, next_key = await self._suggestions.page(
            request.caller.user.id, request.cursor(tuple[int, int, str]), request.query.limit
        )
        return Page(items, None if next_key is None else encode_cursor(next_key))

    async def dismiss(self, request: TypedRequest[None, None]) -> None:
        """Dismiss a suggestion.

        The user is not suggested again. Idempotent.
        """
        await self._suggestions.dismiss(request.caller.user.id, request.path_params["user_id"])
