"""Tests of entity tags and conditional requests."""

import pytest

from server.http.response import ResponseWithStatus, TextResponse
from server.http.route import Route, TypedRequest
from tests.server.http.http_client import HttpClient, Serve


class MutableResource:
    """The content of a resource that a test changes between requests."""

    def __init__(self) -> None:
        self.text = "one"

    async def show(self, request: TypedRequest[None, None]) -> ResponseWithStatus:
        return ResponseWithStatus([self.text], 200)

    async def accept(self, request: TypedRequest[None, None]) -> ResponseWithStatus:
        return ResponseWithStatus([self.text], 202)

    async def plain(self, request: TypedRequest[None, None]) -> TextResponse:
        return TextResponse("BEGIN:ü")


@pytest.fixture
def resource() -> MutableResource:
    return MutableResource()


@pytest.fixture
async def client(serve: Serve, resource: MutableResource) -> HttpClient:
    return await serve(
        [
            Route("GET", "/x", resource.show, requires_auth=False),
            Route("POST", "/x", resource.show, requires_auth=False),
            Route("GET", "/accepted", resource.accept, requires_auth=False),
            Route(
                "GET",
                "/plain",
                resource.plain,
                response=TextResponse,
                requires_auth=False,
                media_type="text/calendar",
            ),
        ]
    )


async def test_get_response_has_an_etag_and_is_revalidated(
    client: HttpClient, resource: MutableResource
) -> None:
    """Equal bytes have equal strong tags; only the user's own browser may cache them."""
    first, second = await client.get("/x"), await client.get("/x")
    tag = first.headers["ETag"]
    assert tag.startswith('"')
    assert second.headers["ETag"] == tag
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert first.headers["Vary"] == "Authorization"
    resource.text = "two"
    assert (await client.get("/x")).headers["ETag"] != tag


@pytest.mark.parametrize("form", ["{}", "W/{}", '"a", {}', '"a",W/"b" , W/{},"c"', "*"])
async def test_matching_etag_is_304(client: HttpClient, resource: MutableResource, form: str) -> None:
    """304 without a body, with the tag; after a change the new body is sent."""
    tag = (await client.get("/x")).headers["ETag"]
    headers = {"If-None-Match": form.format(tag)}
    response = await client.get("/x", headers=headers)
    assert (response.status, await response.read()) == (304, b"")
    assert response.headers["ETag"] == tag
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert response.headers["X-Request-Id"]
    resource.text = "two"
    if form != "*":
        response = await client.get("/x", headers=headers)
        assert (response.status, await response.json()) == (200, ["two"])


@pytest.mark.parametrize("sent", ["", "x", '"x"', '"', "W/", '"*"', "{bare}", '"{bare}x"', "a*"])
async def test_other_etags_get_the_full_response(client: HttpClient, sent: str) -> None:
    """A tag of other content, or a malformed one, does not match."""
    tag = (await client.get("/x")).headers["ETag"]
    response = await client.get("/x", headers={"If-None-Match": sent.replace("{bare}", tag.strip('"'))})
    assert (response.status, await response.json()) == (200, ["one"])


async def test_only_get_responses_have_an_etag(client: HttpClient) -> None:
    """Responses to POST, 202 and errors are not cached."""
    for method, path in (("POST", "/x"), ("GET", "/accepted"), ("GET", "/nothing")):
        response = await client.request(method, path, headers={"If-None-Match": "*"})
        assert response.status in {200, 202, 404}
        assert "ETag" not in response.headers
        assert response.headers.get("Cache-Control", "no-store") == "no-store"


async def test_head_is_get_without_the_body(client: HttpClient) -> None:
    """The same headers and the same 304; 405 without a GET route."""
    got = await client.get("/x")
    response = await client.head("/x")
    assert (response.status, await response.read()) == (200, b"")
    for name in ("ETag", "Content-Length", "Content-Type", "Cache-Control"):
        assert response.headers[name] == got.headers[name]
    assert (await client.head("/x", headers={"If-None-Match": got.headers["ETag"]})).status == 304
    refused = await client.delete("/x")
    assert (refused.status, refused.headers["Allow"]) == (405, "GET,HEAD,POST")


async def test_text_response_uses_the_media_type_of_the_route(client: HttpClient) -> None:
    """In UTF-8, with an entity tag."""
    response = await client.get("/plain")
    assert await response.read() == "BEGIN:ü".encode()
    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert (await client.get("/plain", headers={"If-None-Match": response.headers["ETag"]})).status == 304
