"""The key under which something happens once, and the digest of what was sent with it."""

import asyncio
from typing import Any

import msgspec
import pytest

from actors.accounts.requests import Registration
from server.http.idempotency import make_idempotency_key
from server.http.route import Route
from server.http.typed_request import TypedRequest
from storage.contracts.idempotency import IdempotencyKey
from tests.server.http.http_client import HttpClient, Serve, field_errors_of


class Note(msgspec.Struct, frozen=True):
    text: str
    size: int | msgspec.UnsetType = msgspec.UNSET


class ReceivedKey(msgspec.Struct, frozen=True):
    key: str | None
    once: IdempotencyKey | None


async def echo_key(request: TypedRequest[Any, None]) -> ReceivedKey:
    return ReceivedKey(request.raw_idempotency_key, request.idempotency_key)


@pytest.fixture
async def client(serve: Serve) -> HttpClient:
    def route(method: str, path: str, body: type | None = Note, *, idempotent: bool = True) -> Route:
        return Route(method, path, echo_key, body=body, requires_auth=False, idempotent=idempotent)

    return await serve(
        [
            route("POST", "/notes/{id}"),
            route("PUT", "/notes/{id}"),
            route("POST", "/bare", None),
            route("POST", "/careless", idempotent=False),
            route("POST", "/people", Registration),
        ]
    )


async def request_key(
    client: HttpClient, path: str, body: Any = None, key: str | None = "k", method: str = "POST"
) -> dict[str, Any]:
    data = body if isinstance(body, bytes) or body is None else msgspec.json.encode(body)
    headers = {} if key is None else {"Idempotency-Key": key}
    response = await client.request(method, path, data=data, headers=headers)
    assert response.status == 200, await response.text()
    found: dict[str, Any] = await response.json()
    return found


async def test_repeated_request_has_the_same_key_and_digest(client: HttpClient) -> None:
    """White space, the order of fields and unknown fields are nothing to it; the key itself is not kept."""
    first = await request_key(client, "/notes/1", b'{"text":"a","size":1}', "my-key")
    again = await request_key(client, "/notes/1", b' { "size": 1, "new": 2,\n "text" : "a" } ', "my-key")
    assert first == again
    assert first["key"] == "my-key"
    assert "my-key" not in str(first["once"])
    assert {len(value) for value in first["once"].values()} == {64}


async def test_key_belongs_to_method_path_and_header(client: HttpClient) -> None:
    """The same header elsewhere is another key; the body and the query do not count in it."""
    body = {"text": "a"}
    keys = [
        (await request_key(client, path, body, key, method))["once"]["key"]
        for path, key, method in [
            ("/notes/1", "k", "POST"),
            ("/notes/2", "k", "POST"),
            ("/notes/1", "K", "POST"),
            ("/notes/1", "k", "PUT"),
        ]
    ]
    assert len(set(keys)) == 4
    other = await request_key(client, "/notes/1?x=1", {"text": "b"})
    assert other["once"]["key"] == keys[0]


async def test_key_belongs_to_its_user(client: HttpClient) -> None:
    """Nobody meets the key of somebody else, however the parts are joined."""

    class Asked:
        method = "POST"

        class rel_url:  # noqa: N801 - as the request names it
            raw_path = "/x"

    keys = [
        make_idempotency_key(Asked, user_id, key, None).key  # type: ignore[arg-type]
        for user_id, key in [("", "ab"), ("a", "b"), ("ab", ""), ("b", "a")]
    ]
    assert len(set(keys)) == 4


async def test_another_body_has_another_digest(client: HttpClient) -> None:
    """A field that is absent is not one that is there."""
    digests = [
        (await request_key(client, "/notes/1", body))["once"]["digest"]
        for body in ({"text": "a"}, {"text": "b"}, {"text": "a", "size": 0})
    ]
    assert len(set(digests)) == 3
    assert len({*digests, (await request_key(client, "/bare"))["once"]["digest"]}) == 4


async def test_without_the_header_nothing_is_kept(client: HttpClient) -> None:
    """The same where the route takes none."""
    assert await request_key(client, "/notes/1", {"text": "a"}, None) == {"key": None, "once": None}
    assert await request_key(client, "/careless", {"text": "a"}) == {"key": None, "once": None}


@pytest.mark.parametrize("key", ["", "k" * 201])
async def test_key_of_odd_length_is_refused(client: HttpClient, key: str) -> None:
    """422 about the header; at the bound it passes."""
    response = await client.post("/notes/1", json={"text": "a"}, headers={"Idempotency-Key": key})
    assert await field_errors_of(response) == {"Idempotency-Key": "invalid"}
    assert (await request_key(client, "/notes/1", {"text": "a"}, "k" * 200))["once"]


@pytest.mark.parametrize(
    ("key", "status"), [(b"\xff\xfe", b"422"), ("\u00fc \u6f22".encode(), b"200"), (b"a\tb", b"422")]
)
async def test_key_is_text(client: HttpClient, key: bytes, status: bytes) -> None:
    """Any alphabet, but no bytes that are none, whoever may sort them out later."""
    assert client.server is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", client.server.port)
    writer.write(b"POST /bare HTTP/1.1\r\nHost: x\r\nIdempotency-Key: %s\r\nConnection: close\r\n\r\n" % key)
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 " + status), answer


async def test_password_is_no_part_of_a_digest(client: HttpClient) -> None:
    """A fast hash of a password could be guessed from; what is no secret counts."""
    person = {"email": "ana@example.test", "username": "ana", "password": "a good password"}
    first = await request_key(client, "/people", person)
    assert await request_key(client, "/people", {**person, "password": "another password"}) == first
    for change in ({"email": "x@example.test"}, {"username": "x"}, {"display_name": "x"}):
        assert (await request_key(client, "/people", {**person, **change}))["once"] != first["once"]
