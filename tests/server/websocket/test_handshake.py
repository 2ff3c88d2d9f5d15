"""The opening handshake of RFC 6455, byte by byte."""

import base64
from collections.abc import Mapping

import msgspec
import pytest

from server.instance import Instance
from tests.server.registered_users import RegisteredUsers
from tests.server.websocket.peer import Peer, connect_peer, http_request, upgrade_headers

pytestmark = pytest.mark.asyncio(loop_scope="module")
# The example of RFC 6455, section 1.3.
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT_KEY = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
JSON_PROTOCOL = "convene.v1.json"


async def send_handshake(
    connected: Peer, changes: Mapping[str, str | None], method: str = "GET", version: str = "1.1"
) -> tuple[int, Mapping[str, str], bytes]:
    headers: dict[str, str | None] = {**upgrade_headers(KEY), **changes}
    kept = {name: value for name, value in headers.items() if value is not None}
    connected.write(http_request("/v1/ws", kept, method, version))
    answer = await connected.read_http_response()
    return answer.status, answer.headers, answer.body


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"Upgrade": "WebSocket"},
        {"Upgrade": "h2c, websocket"},
        {"Connection": "keep-alive, Upgrade"},
        {"Connection": "UPGRADE"},
        {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"},
        {"Sec-WebSocket-Extensions": "x-webkit-deflate-frame, permessage-bzip2"},
        {"Origin": "https://convene.test"},
    ],
    ids=str,
)
async def test_valid_handshake_is_accepted(changes: Mapping[str, str], instance: Instance) -> None:
    """101 with the accept key, no extension and no subprotocol that was not offered; then `hello`."""
    async with connect_peer(instance.port) as connected:
        status, headers, _ = await send_handshake(connected, changes)
        assert status == 101
        assert headers["upgrade"].lower() == "websocket"
        assert headers["connection"].lower() == "upgrade"
        assert headers["sec-websocket-accept"] == ACCEPT_KEY
        assert "sec-websocket-extensions" not in headers
        assert "sec-websocket-protocol" not in headers
        hello = await connected.message()
        assert hello["type"] == "hello"
        assert hello["heartbeat_ms"] == 25_000
        assert hello["auth_timeout_ms"] == 10_000
        assert hello["max_frame_bytes"] == 65_536
        assert hello["server_time"].endswith("Z")


@pytest.mark.parametrize("offer", [JSON_PROTOCOL, f"other.v9, {JSON_PROTOCOL}", f"{JSON_PROTOCOL},other"])
async def test_subprotocol_is_chosen_from_the_offer(offer: str, instance: Instance) -> None:
    """Exactly one of those offered and supported."""
    async with connect_peer(instance.port) as connected:
        status, headers, _ = await send_handshake(connected, {"Sec-WebSocket-Protocol": offer})
        assert status == 101
        assert headers["sec-websocket-protocol"] == JSON_PROTOCOL


@pytest.mark.parametrize("offer", ["other.v9", "convene.v2.json", "CONVENE.V1.JSON"])
async def test_unknown_subprotocol_is_not_accepted(offer: str, instance: Instance) -> None:
    """The response names no subprotocol that was not offered."""
    async with connect_peer(instance.port) as connected:
        status, headers, _ = await send_handshake(connected, {"Sec-WebSocket-Protocol": offer})
        assert status == 101 or 400 <= status < 500
        assert "sec-websocket-protocol" not in headers


INVALID_HANDSHAKES: list[Mapping[str, str | None]] = [
    {"Upgrade": None},
    {"Upgrade": "h2c"},
    {"Upgrade": "websockets"},
    {"Connection": None},
    {"Connection": "keep-alive"},
    {"Sec-WebSocket-Key": None},
    {"Sec-WebSocket-Key": ""},
    {"Sec-WebSocket-Key": "not base64!"},
    {"Sec-WebSocket-Key": base64.b64encode(b"x" * 15).decode()},
    {"Sec-WebSocket-Key": base64.b64encode(b"x" * 17).decode()},
]


@pytest.mark.parametrize("changes", INVALID_HANDSHAKES, ids=str)
async def test_invalid_handshake_is_a_client_error(
    changes: Mapping[str, str | None], instance: Instance
) -> None:
    """A problem that names the header, not 101; the connection is served or closed and does not hang."""
    async with connect_peer(instance.port) as connected:
        status, headers, body = await send_handshake(connected, changes)
        assert 400 <= status < 500
        assert headers["content-type"].startswith("application/problem+json")
        problem = msgspec.json.decode(body)
        assert problem["code"] == "request.invalid"
        assert [error["field"] for error in problem["errors"]] == list(changes)
        await assert_served_or_closed(connected)


@pytest.mark.parametrize("version", [None, "", "8", "12", "14", "thirteen"])
async def test_unsupported_version_gets_the_supported_one(version: str | None, instance: Instance) -> None:
    """RFC 6455, section 4.2.2: the response names the supported version."""
    async with connect_peer(instance.port) as connected:
        status, headers, _ = await send_handshake(connected, {"Sec-WebSocket-Version": version})
        assert 400 <= status < 500
        assert headers["sec-websocket-version"] == "13"
        await assert_served_or_closed(connected)


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "OPTIONS"])
async def test_only_get_is_upgraded(method: str, instance: Instance) -> None:
    """Any other method is a client error."""
    async with connect_peer(instance.port) as connected:
        connected.write(http_request("/v1/ws", upgrade_headers(KEY), method))
        head = await connected.reader.readuntil(b"\r\n\r\n")
        assert 400 <= int(head.split(b" ")[1]) < 500


async def test_http_1_0_is_not_upgraded(instance: Instance) -> None:
    """RFC 6455, section 4.1: the request is at least HTTP/1.1."""
    async with connect_peer(instance.port) as connected:
        status, _, _ = await send_handshake(connected, {}, version="1.0")
        assert 400 <= status < 500


@pytest.mark.parametrize("header", ["Bearer", "Bearer x", "Bearer " + "A" * 43, "Bearer " + "A" * 5000])
async def test_invalid_token_is_401_before_the_upgrade(header: str, instance: Instance) -> None:
    """An invalid token is reported over HTTP."""
    async with connect_peer(instance.port) as connected:
        status, headers, body = await send_handshake(connected, {"Authorization": header})
        assert status == 401
        assert headers["www-authenticate"].startswith("Bearer")
        assert headers["content-type"].startswith("application/problem+json")
        assert b'"code":"auth.' in body
        await assert_served_or_closed(connected)


async def test_token_on_the_upgrade_authenticates(instance: Instance, people: RegisteredUsers) -> None:
    """`ready` follows `hello`; its id is null, because no command requested it."""
    person = (await people.shared(1, instance))[0]
    async with connect_peer(instance.port) as connected:
        await connected.upgrade(person.token)
        assert (await connected.message())["type"] == "hello"
        ready = await connected.message()
        assert ready["type"] == "ready"
        assert ready["id"] is None
        assert ready["user"]["id"] == person.id
        assert ready["user"]["email"]
        assert ready["session_id"]
        assert ready["epoch"]
        assert isinstance(ready["position"], int)
        assert ready["unread_notifications"] == 0


async def test_token_in_the_url_is_ignored(instance: Instance, people: RegisteredUsers) -> None:
    """Such a connection is unauthenticated."""
    person = (await people.shared(1, instance))[0]
    async with connect_peer(instance.port) as connected:
        connected.write(
            http_request(f"/v1/ws?token={person.token}&access_token={person.token}", upgrade_headers())
        )
        assert (await connected.read_http_response()).status == 101
        assert (await connected.message())["type"] == "hello"
        assert (await connected.request("ping"))["code"] == "auth.required"


async def assert_served_or_closed(connected: Peer) -> None:
    """Assert that the next request is answered or the connection is closed."""
    connected.write(http_request("/healthz", {"Host": "convene.test"}))
    try:
        answer = await connected.read_http_response()
    except (EOFError, ConnectionError):
        return
    assert answer.status == 200


@pytest.mark.parametrize("origin", ["https://pages.example", "null", "https://[", "https://[convene.test"])
async def test_pages_of_other_origins_are_refused(origin: str, instance: Instance) -> None:
    """A page of another host, or a malformed origin, may not connect unless it is configured."""
    async with connect_peer(instance.port) as connected:
        status, _, body = await send_handshake(connected, {"Origin": origin})
        assert status == 403
        assert msgspec.json.decode(body)["code"] == "permission.denied"


async def test_list_headers_may_come_in_several_lines(instance: Instance) -> None:
    """RFC 9110, section 5.3; RFC 6455, section 11.3.4."""
    async with connect_peer(instance.port) as connected:
        single = upgrade_headers(KEY) | {"Connection": "keep-alive", "Upgrade": "h2c"}
        single["Sec-WebSocket-Protocol"] = "unknown"
        more = f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: {JSON_PROTOCOL}\r\n\r\n"
        connected.write(http_request("/v1/ws", single).removesuffix(b"\r\n") + more.encode())
        answer = await connected.read_http_response()
    assert answer.status == 101
    assert answer.headers["sec-websocket-protocol"] == JSON_PROTOCOL
