"""Two instances, and requests about consent."""

from dataclasses import dataclass
from typing import Any

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser
from tests.server.websocket.peer import Peer

Json = Any
ROOT = "/v1/conversations"
REQUESTS = f"{ROOT}/requests"


@dataclass(frozen=True)
class Pair:
    """Two instances on the same stores."""

    first: Instance
    second: Instance
    api: ApiClient
    api_of_second: ApiClient


async def set_privacy(api: ApiClient, user: RegisteredUser, **settings: str) -> None:
    await api.expect(200, user, "PATCH", "/v1/users/me/privacy", settings)


async def add(api: ApiClient, admin: RegisteredUser, group: str, user: RegisteredUser) -> int:
    status, _, _ = await api.request(admin, "PUT", f"{ROOT}/{group}/participants/{user.id}")
    return status


async def request_ids(api: ApiClient, user: RegisteredUser) -> list[str]:
    return [one["conversation_id"] for one in await api.collect_pages(user, REQUESTS, 2)]


async def member_ids(api: ApiClient, viewer: RegisteredUser, conversation_id: str) -> set[str]:
    items = await api.collect_pages(viewer, f"{ROOT}/{conversation_id}/participants", 100)
    return {item["id"] for item in items}


async def authenticate(device: Peer, user: RegisteredUser, **more: Json) -> Json:
    """Return the `ready` frame."""
    await device.open()
    device.send({"type": "authenticate", "id": 1, "token": user.token, **more})
    return await device.next_of("ready")
