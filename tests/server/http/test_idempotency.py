"""Tests of idempotency keys and the digest of the body."""

import asyncio
from typing import Any

import msgspec
import pytest
from yarl import URL

from actors.accounts.bodies import Registration
from server.http.idempotency import make_idempotency_key
from server.http.route import Route, TypedRequest
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
    headers = {"Content-Type": "application/json"}
    if key is not None:
        headers["Idempotency-Key"] = key
    response = await client.request(method, path, data=data, headers=headers)
    assert response.status == 200, await response.text()
    key_fields: dict[str, Any] = await response.json()
    return key_fields


async def test_retry_has_the_same_key_and_digest(client: HttpClient) -> None:
    """White space, field order and unknown fields do not matter; the raw key is not stored."""
    first = await request_key(client, "/notes/1", b'{"text":"a","size":1}', "my-key")
    again = await request_key(client, "/notes/1", b' { "size": 1, "new": 2,\n "text" : "a" } ', "my-key")
    assert first == again
    assert first["key"] == "my-key"
    assert "my-key" not in str(first["once"])
    assert {len(value) for value in first["once"].values()} == {64}


async def test_key_depends_on_method_path_and_header(client: HttpClient) -> None:
    """The body and the query are not part of the key."""
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


async def test_encodings_of_one_path_share_a_key(client: HttpClient) -> None:
    """`%6e` is `n`."""
    plain = await request_key(client, "/notes/1", {"text": "a"})
    url = URL(f"{client.make_url('/')}%6eotes/1", encoded=True)
    headers = {"Content-Type": "application/json", "Idempotency-Key": "k"}
    async with client.session.post(url, data=b'{"text": "a"}', headers=headers) as response:
        assert response.status == 200
        assert (await response.json())["once"] == plain["once"]


async def test_key_depends_on_the_user(client: HttpClient) -> None:
    """Keys of different users never collide, however the parts are joined."""

    class Asked:
        method = "POST"

        class rel_url:  # noqa: N801 - as the request names it
            path = "/x"

    keys = [
        make_idempotency_key(Asked, user_id, key, None).key  # type: ignore[arg-type]
        for user_id, key in [("", "ab"), ("a", "b"), ("ab", ""), ("b", "a")]
    ]
    assert len(set(keys)) == 4


async def test_different_body_has_a_different_digest(client: HttpClient) -> None:
    """An absent field differs from a present one."""
    digests = [
        (await request_key(client, "/notes/1", body))["once"]["digest"]
        for body in ({"text": "a"}, {"text": "b"}, {"text": "a", "size": 0})
    ]
    assert len(set(digests)) == 3
    assert len({*digests, (await request_key(client, "/bare"))["once"]["digest"]}) == 4


async def test_no_key_without_the_header(client: HttpClient) -> None:
    """Nor on a route that is not idempotent."""
    assert await request_key(client, "/notes/1", {"text": "a"}, None) == {"key": None, "once": None}
    assert await request_key(client, "/careless", {"text": "a"}) == {"key": None, "once": None}


@pytest.mark.parametrize("key", ["", "k" * 201])
async def test_key_length_is_limited(client: HttpClient, key: str) -> None:
    """Outside of the bounds it is 422 that names the header; the longest key passes."""
    response = await client.post("/notes/1", json={"text": "a"}, headers={"Idempotency-Key": key})
    assert await field_errors_of(response) == {"Idempotency-Key": "invalid"}
    assert (await request_key(client, "/notes/1", {"text": "a"}, "k" * 200))["once"]


@pytest.mark.parametrize(
    ("key", "status"), [(b"\xff\xfe", b"422"), ("\u00fc \u6f22".encode(), b"200"), (b"a\tb", b"422")]
)
async def test_key_must_be_printable_text(client: HttpClient, key: bytes, status: bytes) -> None:
    """Any alphabet, but no invalid UTF-8 and no control characters."""
    assert client.server is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", client.server.port)
    writer.write(b"POST /bare HTTP/1.1\r\nHost: x\r\nIdempotency-Key: %s\r\nConnection: close\r\n\r\n" % key)
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 " + status), answer


async def test_digest_excludes_the_password(client: HttpClient) -> None:
    """A fast hash of a password could be brute-forced; the other fields count."""
    person = {"email": "ana@example.test", "username": "ana", "password": "a good password"}
    first = await request_key(client, "/people", person)
    assert await request_key(client, "/people", {**person, "password": "another password"}) == first
    for change in ({"email": "x@example.test"}, {"username": "x"}, {"display_name": "x"}):
        assert (await request_key(client, "/people", {**person, **change}))["once"] != first["once"]
