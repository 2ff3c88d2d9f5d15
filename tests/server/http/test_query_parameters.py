"""Tests of query parameter decoding."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
import pytest
from aiohttp import web
from msgspec import Meta
from yarl import URL

from server.http.cursor import encode_cursor
from server.http.request_decoding import PageQuery
from server.http.response import Page
from server.http.route import Route, TypedRequest
from tests.server.http.http_client import HttpClient, Serve, field_errors_of, problem_of


class SearchQuery(PageQuery, frozen=True):
    kind: Literal["cat", "dog"] | None = None
    ids: Annotated[tuple[str, ...], Meta(max_length=3, description="Whose.")] | None = None
    since: datetime | None = None
    small: bool = False
    name: str | None = None


class RequiredQuery(msgspec.Struct, frozen=True):
    seq: Annotated[int, Meta(ge=0)]


class DecodedQuery(msgspec.Struct):
    query: msgspec.Struct
    after: int | None


async def echo_query(request: TypedRequest[None, PageQuery]) -> DecodedQuery:
    return DecodedQuery(request.query, request.cursor(int))


@pytest.fixture
async def client(serve: Serve) -> HttpClient:
    return await serve(
        [
            Route("GET", "/x", echo_query, query=SearchQuery, requires_auth=False),
            Route("GET", "/needed", echo_query, query=RequiredQuery, requires_auth=False),
        ]
    )


@pytest.mark.parametrize(
    ("query", "field", "value"),
    [
        ("", "limit", 20),
        ("", "cursor", None),
        ("limit=1", "limit", 1),
        ("limit=100", "limit", 100),
        ("limit=7&limit=x", "limit", 7),
        ("kind=dog", "kind", "dog"),
        ("ids=a,b,,c", "ids", ["a", "b", "c"]),
        ("ids=", "ids", []),
        ("since=2026-01-02T03:04:05%2B02:00", "since", "2026-01-02T03:04:05+02:00"),
        ("small=true", "small", True),
        ("small=0", "small", False),
        ("name=null", "name", "null"),
        ("name=a%20b+c", "name", "a b c"),
        ("name=", "name", ""),
        ("name=x&nme=y&limitt=0", "name", "x"),
    ],
)
async def test_parameters_are_decoded_into_the_struct(
    client: HttpClient, query: str, field: str, value: Any
) -> None:
    """Types, lists and defaults; the first of a repeated parameter counts, unknown ones are ignored."""
    response = await client.get(URL(f"/x?{query}", encoded=True))
    assert response.status == 200, await response.text()
    assert (await response.json())["query"][field] == value


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=", "limit"),
        ("limit=%C2%B2", "limit"),
        ("limit=" + "9" * 4000, "limit"),
        ("limit=null", "limit"),
        ("limit=true", "limit"),
        ("kind=cow", "kind"),
        ("ids=a,b,c,d", "ids"),
        ("since=yesterday", "since"),
        ("small=maybe", "small"),
    ],
)
async def test_invalid_parameter_is_named(client: HttpClient, query: str, field: str) -> None:
    """422 `request.invalid` with that parameter."""
    assert await field_errors_of(await client.get(URL(f"/x?{query}", encoded=True))) == {field: "invalid"}


async def test_all_invalid_parameters_are_reported_at_once(client: HttpClient) -> None:
    """One response lists every invalid parameter."""
    response = await client.get("/x?limit=0&kind=cow&since=x&name=fine")
    assert await field_errors_of(response) == {"limit": "invalid", "kind": "invalid", "since": "invalid"}
    assert await field_errors_of(await client.get("/needed")) == {"seq": "required"}


async def test_error_lists_allowed_values_and_omits_the_input(client: HttpClient) -> None:
    """An enumeration is listed in full; the value sent is not repeated."""
    problem = await problem_of(await client.get("/x?kind=sEcReT"))
    assert problem["errors"][0]["detail"] == "Must be one of cat, dog."
    assert "sEcReT" not in str(problem)


async def test_cursor_decodes_to_its_key(client: HttpClient) -> None:
    """An invalid or too long cursor is `cursor.invalid`, which names the parameter."""
    response = await client.get(f"/x?cursor={encode_cursor(7)}")
    assert (await response.json())["after"] == 7
    for forged in ("x", "", encode_cursor("7"), "k" * 5000):
        response = await client.get(f"/x?cursor={forged}")
        problem = await problem_of(response)
        assert problem["code"] == "cursor.invalid"
        assert [error["field"] for error in problem["errors"]] == ["cursor"]


async def test_link_keeps_the_other_parameters(serve: Serve) -> None:
    """The link to the next page has the parameters of the request."""

    async def page(call: TypedRequest[None, SearchQuery]) -> Page[str]:
        return Page(["x"], "next")

    client = await serve([Route("GET", "/x", page, query=SearchQuery, requires_auth=False)])
    response = await client.get("/x?limit=5&ids=a,b&cursor=old")
    assert URL(response.links["next"]["url"]).query == {"limit": "5", "ids": "a,b", "cursor": "next"}


async def test_timestamps_are_compared_in_utc(serve: Serve) -> None:
    """Equal times with different offsets are equal to a handler, also if a `+` was not escaped."""
    asked: list[datetime | None] = []

    async def handler(call: TypedRequest[None, SearchQuery]) -> None:
        asked.append(call.query.since)

    client = await serve([Route("GET", "/x", handler, query=SearchQuery, requires_auth=False)])
    for since in ("03:04:05%2B02:00", "03:04:05+02:00", "03:04:05+0200", "01:04:05Z", "00:04:05-01:00"):
        url = URL(f"/x?since=2026-01-02T{since}", encoded=True)
        assert (await client.get(url)).status == web.HTTPNoContent.status_code
    expected = datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)
    assert [time.astimezone(UTC) for time in asked if time is not None] == [expected] * 5
