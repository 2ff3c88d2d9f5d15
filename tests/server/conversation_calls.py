"""Calls of the HTTP API about the members, messages and changes of a conversation."""

from typing import Any

from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser

Json = Any
ROOT = "/v1/conversations"


async def add_member(
    api: ApiClient, admin: RegisteredUser, group: str, user_id: str, status: int = 204
) -> Json:
    return await api.expect(status, admin, "PUT", f"{ROOT}/{group}/participants/{user_id}")


async def remove_member(
    api: ApiClient, admin: RegisteredUser, group: str, user_id: str, status: int = 204
) -> Json:
    return await api.expect(status, admin, "DELETE", f"{ROOT}/{group}/participants/{user_id}")


async def history(api: ApiClient, person: RegisteredUser, group: str) -> list[Json]:
    """Return the newest hundred messages, oldest first."""
    items: list[Json] = (await api.get(person, f"{ROOT}/{group}/messages?limit=100"))["items"]
    return items[::-1]


async def count_system_messages(api: ApiClient, person: RegisteredUser, group: str) -> int:
    return sum(message["message_type"] == "SYSTEM" for message in await history(api, person, group))


async def updates(api: ApiClient, person: RegisteredUser, group: str, after: int) -> list[Json]:
    return list((await api.get(person, f"{ROOT}/{group}/changes?after={after}&limit=100"))["items"])
