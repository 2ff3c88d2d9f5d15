"""What relates the caller to other users."""

from typing import Annotated

import msgspec
from msgspec import Meta

from actors.protocol.objects import UserRelationship
from actors.social.relationships import Relationships
from config.limits import RELATIONSHIPS_PER_REQUEST
from server.http.rate_limiter import SEARCH_COST
from server.http.route import Route, TypedRequest


class RelationshipQuery(msgspec.Struct, frozen=True):
    user_ids: Annotated[
        list[str], Meta(description=f"At most {RELATIONSHIPS_PER_REQUEST} user ids, comma-separated.")
    ]


class RelationshipList(msgspec.Struct, frozen=True):
    items: list[UserRelationship]


class RelationshipRoutes:
    def __init__(self, relationships: Relationships) -> None:
        self._relationships = relationships

    def routes(self) -> tuple[Route, ...]:
        return (
            Route(
                "GET",
                "/v1/relationships",
                self.find,
                query=RelationshipQuery,
                response=RelationshipList,
                cost=SEARCH_COST,
            ),
        )

    async def find(self, request: TypedRequest[None, RelationshipQuery]) -> RelationshipList:
        """Get what relates the caller to users, in the order of `user_ids`.

        Users who cannot be seen are omitted, except those that the caller blocks.
        """
        return RelationshipList(
            await self._relationships.find(request.caller.user.id, request.query.user_ids)
        )
