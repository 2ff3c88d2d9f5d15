"""A server, and somebody on it who owns one of each thing, for tables that ask all of its routes.

Never changes: what a row of a table would use up, it makes for itself.
"""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from run import Instance
from storage.embedded import StoreUrls
from tests.server.api import Api
from tests.server.people import People, Person
from tests.server.serving import serving

Json = Any


@dataclass(frozen=True)
class Belongings:
    """A server, one who owns one of each thing, and the words that name them."""

    api: Api
    instance: Instance
    self: Person
    words: dict[str, str]

    async def send(self, method: str, path: str, body: Json = None, **more: str) -> tuple[int, Json]:
        words = {**self.words, "unique": f"u{uuid4().hex}", **more}
        status, told, _ = await self.api.ask(self.self, method, filled(path, words), filled(body, words))
        assert status < 500, (method, path, body, told)
        return status, told


def filled(value: Json, words: dict[str, str]) -> Json:
    if isinstance(value, str):
        for word, meant in words.items():
            value = value.replace(f"{{{word}}}", meant)
        return value
    if isinstance(value, list):
        return [filled(one, words) for one in value]
    if isinstance(value, dict):
        return {name: filled(one, words) for name, one in value.items()}
    return value


@contextlib.asynccontextmanager
async def belongings(stores: StoreUrls, people: People) -> AsyncIterator[Belongings]:
    """For the length of a `with`."""
    async with serving(stores) as instance, Api(instance) as api:
        ana, ben, eve = await people.new(3, instance)
        await api.follow(ben, ana)
        post, event = await api.post(ana), await api.event(ana)
        group = await api.group(ana, ben)
        words = {
            "self": ana.id,
            "other": ben.id,
            "other_name": ben.username,
            "stranger": eve.id,
            "post": post["id"],
            "comment": (await api.comment(ben, post["id"]))["id"],
            "event": event["id"],
            "group": group["id"],
            "message": (await api.send(ana, group["id"], "x"))["id"],
        }
        yield Belongings(api, instance, ana, words)


def assert_names(told: Json, field: str) -> None:
    """A refusal of that field, each of its faults told in full."""
    assert told["code"] == "request.invalid", told
    assert any(fault["field"].startswith(field) for fault in told["errors"]), told
    assert all(fault.keys() == {"field", "code", "detail"} for fault in told["errors"])
