"""One set of rules for all text that clients send, on every route and command."""

import re
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import msgspec
import pytest

from server.http.route import Route
from tests.server.api_docs.all_routes import collect_routes
from tests.server.owned_objects import OwnedObjects, assert_invalid_field
from tests.server.test_bad_input import BODY_ROUTES, BodyRoute
from tests.server.text_fields import (
    ALLOWED_TEXTS,
    FIELD_KINDS,
    INVISIBLE_TEXTS,
    REFUSED_CHARACTERS,
    Kind,
    request_string_fields,
    text_fields,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")
ROUTES = collect_routes()
TEXT_QUERIES = {
    (route.path, field) for route in ROUTES if route.query for field, _ in text_fields(route.query)
}


async def test_every_string_of_a_request_has_a_kind() -> None:
    """A new field of a body, query or command needs a row in `FIELD_KINDS`, and the rules of its kind."""
    assert request_string_fields() == FIELD_KINDS.keys()


def body_of(body_route: BodyRoute) -> type[msgspec.Struct]:
    return next(route for route in ROUTES if _matches(route, body_route)).body  # type: ignore[return-value]


def _matches(route: Route, body_route: BodyRoute) -> bool:
    pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(route.path))
    return route.method == body_route.method and re.fullmatch(pattern, body_route.path) is not None


async def test_every_body_with_text_is_tried() -> None:
    """Each route whose body has text is in `BODY_ROUTES`, with a value of each text field."""
    tried = {route.body for row in BODY_ROUTES for route in ROUTES if _matches(route, row)}
    for route in ROUTES:
        if route.body is not None and list(text_fields(route.body)):
            assert route.body in tried, route.path
    for row in BODY_ROUTES:
        assert {field for field, _ in text_fields(body_of(row))} <= row.body.keys(), row.name


@pytest.mark.parametrize(
    ("body_route", "field", "kind"),
    [
        pytest.param(row, field, kind, id=f"{row.name} {field}")
        for row in BODY_ROUTES
        for field, kind in text_fields(body_of(row))
    ],
)
async def test_text_of_a_body(body_route: BodyRoute, field: str, kind: Kind, owned: OwnedObjects) -> None:
    """A refused character is named with its field; what scripts and emoji need is accepted."""

    async def send(text: str) -> tuple[int, Any]:
        body = {**body_route.body, field: text}
        if body_route.method == "PATCH":
            # The other fields stay as they are: an e-mail address may be changed a few times a day only.
            body = {field: text}
        if "client_id" in body:
            body["client_id"] = uuid4().hex
        return await owned.request(body_route.method, body_route.path, body)

    for character in REFUSED_CHARACTERS[kind]:
        status, problem = await send(f"a{character}b")
        assert status == 422, (ascii(character), problem)
        assert_invalid_field(problem, field)
        assert f"U+{ord(character):04X}" in problem["errors"][0]["detail"]
    for text in INVISIBLE_TEXTS:
        status, problem = await send(text)
        assert status == 422, (ascii(text), problem)
        assert_invalid_field(problem, field)
    for text in ALLOWED_TEXTS[kind]:
        status, answer = await send(text)
        assert status == body_route.status, (ascii(text), answer)


@pytest.mark.parametrize(("path", "field"), sorted(TEXT_QUERIES))
async def test_text_of_a_query(path: str, field: str, owned: OwnedObjects) -> None:
    """Whatever may be written may be searched for."""
    path = path.replace("/v1/conversations/{id}", "/v1/conversations/{group}")

    async def get(text: str) -> tuple[int, Any]:
        status, body, _ = await owned.api.request(
            owned.owner, "GET", f"{path.format(**owned.placeholders)}?{urlencode({field: text})}"
        )
        return status, body

    for character in REFUSED_CHARACTERS[Kind.QUERY]:
        status, problem = await get(f"a{character}b")
        assert status == 422, (ascii(character), problem)
        assert_invalid_field(problem, field)
    for text in INVISIBLE_TEXTS:
        assert (await get(text))[0] == 422, ascii(text)
    for text in ALLOWED_TEXTS[Kind.QUERY]:
        # A search for words needs two characters.
        status, answer = await get(f"ab {text}")
        assert status == 200, (ascii(text), answer)


@pytest.mark.parametrize("kind", ["message.send", "message.edit"])
async def test_text_of_a_command(kind: str, owned: OwnedObjects) -> None:
    """Over the socket the rules are those of HTTP."""
    command = {"type": kind, "conversation_id": owned.placeholders["group"]}
    if kind == "message.edit":
        command["message_id"] = owned.placeholders["message"]
    url = f"{owned.api._root}/v1/ws"
    headers = {"Authorization": f"Bearer {owned.owner.token}"}
    async with owned.api._session.ws_connect(url, headers=headers) as socket:

        async def send(text: str) -> Any:
            frame = {**command, "id": uuid4().hex, "content": text}
            if kind == "message.send":
                frame["client_id"] = frame["id"]
            await socket.send_json(frame)
            while True:
                received = await socket.receive_json(timeout=20)
                for reply in received if isinstance(received, list) else [received]:
                    if reply.get("id") == frame["id"]:
                        return reply

        for text in [f"a{character}b" for character in REFUSED_CHARACTERS[Kind.TEXT]] + INVISIBLE_TEXTS:
            reply = await send(text)
            assert (reply["type"], reply["code"]) == ("error", "request.invalid"), (ascii(text), reply)
        for text in ALLOWED_TEXTS[Kind.TEXT]:
            reply = await send(text)
            assert reply["type"] == "ok", (ascii(text), reply)
