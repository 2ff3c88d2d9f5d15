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
    return (await messages(api, person, group, "?limit=100"))[::-1]


async def count_system_messages(api: ApiClient, person: RegisteredUser, group: str) -> int:
    return sum(message["message_type"] == "SYSTEM" for message in await history(api, person, group))


async def updates(api: ApiClient, person: RegisteredUser, group: str, after: int) -> list[Json]:
    return list((await api.get(person, f"{ROOT}/{group}/changes?after={after}&limit=100"))["items"])


async def group_with_messages(api: ApiClient, count: int, *people: RegisteredUser) -> tuple[str, list[int]]:
    """Create a group with this many messages by two alternating members; return it with the seqs."""
    group = (await api.group(*people))["id"]
    seqs = [(await api.send(people[number % 2], group, f"number {number}"))["seq"] for number in range(count)]
    return group, seqs


async def messages(api: ApiClient, person: RegisteredUser, group: str, query: str) -> list[Json]:
    items: list[Json] = (await api.get(person, f"{ROOT}/{group}/messages{query}"))["items"]
    return items
