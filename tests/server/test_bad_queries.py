"""Invalid query parameters for every list: rejected with the parameter, and never a 5xx."""

from typing import Any
from uuid import uuid4

import pytest

from server.http.cursor import encode_cursor
from tests.server.owned_objects import OwnedObjects, assert_invalid_field

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
LISTS = [
    "/v1/users?q=pp",
    "/v1/sessions",
    "/v1/users/me/blocks",
    "/v1/users/me/mutes",
    "/v1/users/{other}/followers",
    "/v1/users/{self}/following",
    "/v1/users/{self}/posts",
    "/v1/posts/{post}/likes",
    "/v1/posts/{post}/comments",
    "/v1/feed",
    "/v1/suggestions",
    "/v1/events",
    "/v1/events/{event}/rsvps",
    "/v1/notifications",
    "/v1/conversations",
    "/v1/conversations/{group}/participants",
]
WITHOUT_CURSOR = ["/v1/conversations/{group}/messages", "/v1/conversations/{group}/changes"]


@pytest.mark.parametrize("path", [*LISTS, *WITHOUT_CURSOR])
async def test_limit_is_1_to_100(path: str, owned: OwnedObjects) -> None:
    """Any other value is 422 that names `limit`."""
    mark = "&" if "?" in path else "?"
    for limit in ("0", "-1", "101", "1000000000000000000000000", "x", "1.5", "", "%00", "0x10"):
        status, body = await owned.request("GET", f"{path}{mark}limit={limit}")
        assert status == 422, (limit, body)
        assert_invalid_field(body, "limit")
    for limit in ("1", "100"):
        assert (await owned.request("GET", f"{path}{mark}limit={limit}"))[0] == 200


@pytest.mark.parametrize("path", LISTS)
async def test_invalid_cursor_is_rejected(path: str, owned: OwnedObjects) -> None:
    """Forged, foreign and oversized cursors are `cursor.invalid`, or at worst a page."""
    mark = "&" if "?" in path else "?"
    nonsense = ["x", "%00", "====", "e30", "W10", "bnVsbA", "%F0%9F%98%80", "a" * 1001, "a" * 7000]
    for cursor in nonsense:
        status, body = await owned.request("GET", f"{path}{mark}cursor={cursor}")
        assert status == 422, (cursor, body)
        assert body["code"] in {"cursor.invalid", "request.invalid"}
    whole = str(uuid4())
    foreign: list[Json] = [
        *(None, 1, -1, 2**53, 2**63, -(2**63), "x", [], {}, [1], [None, None]),
        *([when, whole] for when in (0, -1, 2**53, 2**63, -(2**63), 10**17, -(10**17))),
        *([1, odd] for odd in ("", "x", "\u0000", "0" * 24, "a" * 500, "\u00e9")),
        *([odd, whole] for odd in ("", "x", "\u0000", "2026-01-01", "9999-99-99T99:99:99Z")),
        ["a", "\u0000"],
        ["2026-01-01T00:00:00.000Z", "x"],
    ]
    for key in foreign:
        status, body = await owned.request("GET", f"{path}{mark}cursor={encode_cursor(key)}")
        assert status in {200, 422}, (key, body)
        assert status == 200 or body["code"] == "cursor.invalid", (key, body)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/users", "q"),
        ("/v1/users?q=", "q"),
        ("/v1/users?q=%20", "q"),
        (f"/v1/users?q={'x' * 101}", "q"),
        (f"/v1/users?ids={','.join(f'x{n}' for n in range(101))}", "ids"),
        ("/v1/events?from=x", "from"),
        ("/v1/events?to=2026-13-01T00:00:00Z", "to"),
        ("/v1/events?to=0.5", "to"),
        ("/v1/events?from=1900000000", "from"),
        ("/v1/events?category=", "category"),
        (f"/v1/events?q={'x' * 201}", "q"),
        ("/v1/events?q=x", "q"),
        (f"/v1/events?q={'%20'.join(f'w{number}' for number in range(9))}", "q"),
        ("/v1/events/{event}/rsvps?status=PERHAPS", "status"),
        ("/v1/notifications?unread=perhaps", "unread"),
        ("/v1/conversations/{group}/messages?before=-1", "before"),
        ("/v1/conversations/{group}/messages?before=99999999999999999999", "before"),
        ("/v1/conversations/{group}/messages?after=x", "after"),
        ("/v1/conversations/{group}/changes?after=-1", "after"),
    ],
)
async def test_invalid_parameter_is_rejected_with_its_name(
    path: str, field: str, owned: OwnedObjects
) -> None:
    """422 that names it."""
    status, body = await owned.request("GET", path)
    assert status == 422, body
    assert_invalid_field(body, field)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/users?q=",
        "/v1/users?ids=",
        "/v1/events?q=",
        "/v1/events?category=",
        "/v1/presence?user_ids=",
        "/v1/users/by-username/",
    ],
)
async def test_search_text_is_not_interpreted(path: str, owned: OwnedObjects) -> None:
    """Characters that are special to a store have no effect in a search."""
    for odd in (
        "%25",
        "_",
        "%27",
        "%22",
        "%26%7C%21",
        "%3A%2A",
        "%5C",
        "((",
        "%F0%9F%98%80",
        "%ED%A0%80",
        "%00",
    ):
        status, body = await owned.request("GET", f"{path}{odd}{uuid4().hex}{odd}")
        assert status in {200, 404, 422}, (odd, body)
        assert status != 200 or [item for item in body["items"] if "id" in item] == []
