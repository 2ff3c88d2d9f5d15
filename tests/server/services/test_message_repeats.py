"""Repeats of messages over HTTP, and reads of changes after them."""

from typing import Any

import pytest

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUsers

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any


async def test_repeat_gets_the_first_result_after_a_block(
    api: ApiClient, second_api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """A client that missed the response finds out that its message is stored; nothing new passes."""
    ana, ben = await people.register(2, instance)
    conversation = (await api.direct(ana, ben))["id"]
    sent = await api.send(ana, conversation, "hello", "first")
    await api.block(ben, ana)
    path = f"/v1/conversations/{conversation}/messages"
    body = {"client_id": "first", "content": "hello"}
    for each in (api, second_api):
        status, repeated, _ = await each.request(ana, "POST", path, body)
        assert (status, repeated["id"], repeated["seq"]) == (200, sent["id"], sent["seq"])
        for other in ({**body, "client_id": "second"}, {**body, "content": "changed"}):
            await each.expect_error("user.blocked", 403, ana, "POST", path, other)


async def test_changes_after_the_end_of_the_log_miss_nothing(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """A client that goes on from `last_seq` gets what is sent next."""
    ana, ben = await people.register(2, instance)
    conversation = (await api.direct(ana, ben))["id"]
    head = (await api.send(ana, conversation, "one"))["seq"]
    path = f"/v1/conversations/{conversation}/changes"
    for after in (head + 1, 99_999_999, 2**40):
        beyond = await api.get(ben, f"{path}?after={after}")
        assert beyond["items"] == []
        assert beyond["last_seq"] <= head
    assert (await api.get(ben, f"{path}?after={head}"))["last_seq"] == head
    next_seq = (await api.send(ana, conversation, "two"))["seq"]
    items = (await api.get(ben, f"{path}?after={beyond['last_seq']}"))["items"]
    assert items[-1]["seq"] == next_seq
