"""Routes with every kind of parameter, body and response, of an API about toys."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from server.http.rate_limiter import RequestRateClass
from server.http.request_decoding import PageQuery
from server.http.response import Page, ResponseWithStatus, TextResponse
from server.http.route import Route, TypedRequest


class Colour(StrEnum):
    RED = "RED"
    BLUE = "BLUE"


class Toy(msgspec.Struct, frozen=True):
    """A toy."""

    name: Annotated[str, Meta(min_length=1, max_length=9)]
    colour: Colour | None = None


class ToyQuery(PageQuery, frozen=True):
    colour: Annotated[Colour, Meta(description="Only toys of this colour.")] | None = None
    ids: Annotated[list[str], Meta(max_length=7)] | None = None
    least: Annotated[int, Meta(ge=1)] = 3


class RequiredQuery(msgspec.Struct, frozen=True):
    text: str


class ToyRoutes:
    """Handlers that are declared and never called."""

    def routes(self) -> tuple[Route, ...]:
        return (
            Route("GET", "/v1/toys", self.page, query=ToyQuery, response=Page[Toy]),
            Route(
                "POST",
                "/v1/toys",
                self.make,
                body=Toy,
                response=Toy,
                status=201,
                other_statuses=(200,),
                idempotent=True,
                errors=("conversation.full", "user.not_found", "message.not_found"),
            ),
            Route("DELETE", r"/v1/toys/{id:\w+}/parts/{part_id}", self.drop, status=204),
            Route(
                "GET",
                "/v1/toys/{id}.ics",
                self.text,
                response=TextResponse,
                media_type="text/calendar",
                rate_class=None,
            ),
            Route("PUT", "/v1/toys/{id}", self.make, body=Toy, response=Toy, other_statuses=(204,)),
            Route(
                "POST",
                "/v1/boxes",
                self.accept,
                status=202,
                requires_auth=False,
                rate_class=RequestRateClass.LOGIN,
            ),
            Route("GET", "/v1/boxes", self.page, query=RequiredQuery, response=Toy),
        )

    async def page(self, request: TypedRequest[None, ToyQuery]) -> Page[Toy]:
        """List the toys. Oldest first."""
        raise NotImplementedError

    async def make(self, request: TypedRequest[Toy, None]) -> ResponseWithStatus:
        """Make a toy.

        Of `wood`.
        """
        raise NotImplementedError

    async def drop(self, request: TypedRequest[None, None]) -> None:
        raise NotImplementedError

    async def text(self, request: TypedRequest[None, None]) -> TextResponse:
        raise NotImplementedError

    async def accept(self, request: TypedRequest[None, None]) -> None:
        raise NotImplementedError
