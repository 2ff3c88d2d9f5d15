"""Answers that the caller has already."""

import pytest

from server.http.route import Route
from server.http.typed_request import ResponseWithStatus, TextResponse, TypedRequest
from tests.server.http.http_client import HttpClient, Serve


class MutableResource:
    """What a test may change between two requests."""

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


async def test_an_answer_has_a_tag_and_is_asked_for_each_time(
    client: HttpClient, resource: MutableResource
) -> None:
    """The same bytes have the same strong tag, others another; a browser keeps it for this caller alone."""
    first, second = await client.get("/x"), await client.get("/x")
    tag = first.headers["ETag"]
    assert tag.startswith('"')
    assert second.headers["ETag"] == tag
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert first.headers["Vary"] == "Authorization"
    resource.text = "two"
    assert (await client.get("/x")).headers["ETag"] != tag


@pytest.mark.parametrize("form", ["{}", "W/{}", '"a", {}', '"a",W/"b" , W/{},"c"', "*"])
async def test_known_answer_is_not_sent_again(
    client: HttpClient, resource: MutableResource, form: str
) -> None:
    """304 without a body, with its tag; once something changed, the new answer comes."""
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
async def test_other_tags_are_not_known(client: HttpClient, sent: str) -> None:
    """What names another answer, or nothing, is answered in whole."""
    tag = (await client.get("/x")).headers["ETag"]
    response = await client.get("/x", headers={"If-None-Match": sent.replace("{bare}", tag.strip('"'))})
    assert (response.status, await response.json()) == (200, ["one"])


async def test_only_answers_to_get_have_a_tag(client: HttpClient) -> None:
    """What a POST did, what was only accepted and what failed is kept by nobody and always told."""
    for method, path in (("POST", "/x"), ("GET", "/accepted"), ("GET", "/nothing")):
        response = await client.request(method, path, headers={"If-None-Match": "*"})
        assert response.status in {200, 202, 404}
        assert "ETag" not in response.headers
        assert response.headers.get("Cache-Control", "no-store") == "no-store"


async def test_head_answers_as_get_without_the_body(client: HttpClient) -> None:
    """The same headers, the same 304; where there is no GET, 405."""
    got = await client.get("/x")
    response = await client.head("/x")
    assert (response.status, await response.read()) == (200, b"")
    for name in ("ETag", "Content-Length", "Content-Type", "Cache-Control"):
        assert response.headers[name] == got.headers[name]
    assert (await client.head("/x", headers={"If-None-Match": got.headers["ETag"]})).status == 304
    refused = await client.delete("/x")
    assert (refused.status, refused.headers["Allow"]) == (405, "GET,HEAD,POST")


async def test_text_is_sent_as_it_is(client: HttpClient) -> None:
    """In the route's media type, in UTF-8, with a tag too."""
    response = await client.get("/plain")
    assert await response.read() == "BEGIN:ü".encode()
    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert (await client.get("/plain", headers={"If-None-Match": response.headers["ETag"]})).status == 304
