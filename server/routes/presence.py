"""Presence of users that the caller is related to."""

from typing import Annotated

import msgspec
from msgspec import Meta

from actors.presence.presence_service import PresenceService
from actors.protocol.presence import Presence
from config.limits import PRESENCE_WATCHED_USERS
from server.http.rate_limiter import SEARCH_COST
from server.http.route import Route, TypedRequest


class PresenceQuery(msgspec.Struct, frozen=True):
    user_ids: Annotated[
        list[str], Meta(description=f"At most {PRESENCE_WATCHED_USERS} user ids, comma-separated.")
    ]


class PresenceList(msgspec.Struct, frozen=True):
    items: list[Presence]


class PresenceRoutes:
    def __init__(self, presence: PresenceService) -> None:
        self._presence = presence

    def routes(self) -> tuple[Route, ...]:
        return (
            Route(
                "GET",
                "/v1/presence",
                self.get,
                query=PresenceQuery,
                response=PresenceList,
                cost=SEARCH_COST,
            ),
        )

    async def get(self, request: TypedRequest[None, PresenceQuery]) -> PresenceList:
        """Get the presence of users.

        Only of users who follow the caller, are followed by them, or share a conversation with them.
        """
        return PresenceList(await self._presence.get(request.caller.user.id, request.query.user_ids))
