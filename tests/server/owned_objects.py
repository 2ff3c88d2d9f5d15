"""A server and a user who owns one object of each kind, for tables of requests to all routes.

Rows must not change the shared objects; a row that consumes an object creates its own.
"""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from server.instance import Instance
from storage.embedded import StoreUrls
from tests.moderation import make_admin
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers
from tests.server.running_instance import running_instance

Json = Any


@dataclass(frozen=True)
class OwnedObjects:
    """A server, the owner of the objects, and the placeholders for their ids."""

    api: ApiClient
    instance: Instance
    owner: RegisteredUser
    placeholders: dict[str, str]

    async def request(self, method: str, path: str, body: Json = None, **more: str) -> tuple[int, Json]:
        words = {**self.placeholders, "unique": f"u{uuid4().hex}", **more}
        status, response_body, _ = await self.api.request(
            self.owner, method, fill_placeholders(path, words), fill_placeholders(body, words)
        )
        assert status < 500, (method, path, body, response_body)
        return status, response_body


def fill_placeholders(value: Json, placeholders: dict[str, str]) -> Json:
    if isinstance(value, str):
        for word, replacement in placeholders.items():
            value = value.replace(f"{{{word}}}", replacement)
        return value
    if isinstance(value, list):
        return [fill_placeholders(element, placeholders) for element in value]
    if isinstance(value, dict):
        return {name: fill_placeholders(one, placeholders) for name, one in value.items()}
    return value


@contextlib.asynccontextmanager
async def owned_objects(stores: StoreUrls, people: RegisteredUsers) -> AsyncIterator[OwnedObjects]:
    """Start a server and create the objects."""
    async with (
        running_instance(stores, event_announcements_per_hour=10_000) as instance,
        ApiClient(instance) as api,
    ):
        ana, ben, eve = await people.register(3, instance)
        await make_admin(stores, ana.id)
        await api.follow(ben, ana)
        post, event = await api.post(ana), await api.event(ana)
        group = await api.group(ana, ben)
        cancelled = await api.event(ana)
        await api.expect(200, ana, "POST", f"/v1/events/{cancelled['id']}/cancellation", {})
        words = {
            "self": ana.id,
            "other": ben.id,
            "other_name": ben.username,
            "stranger": eve.id,
            "post": post["id"],
            "comment": (await api.comment(ben, post["id"]))["id"],
            "event": event["id"],
            "cancelled_event": cancelled["id"],
            "group": group["id"],
            "message": (await api.send(ana, group["id"], "x"))["id"],
        }
        yield OwnedObjects(api, instance, ana, words)


def assert_invalid_field(problem: Json, field: str) -> None:
    """Assert an error for this field; each entry of `errors` must be complete."""
    assert problem["code"] == "request.invalid", problem
    assert any(fault["field"].startswith(field) for fault in problem["errors"]), problem
    assert all(fault.keys() == {"field", "code", "detail"} for fault in problem["errors"])
