"""Log lines carry the ids of the request, session, conversation and trace that they are about."""

import asyncio
import logging
from collections.abc import Mapping

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from actors.runtime.run_queue import RunQueue
from config.log_context import log_context
from server.application import error_middleware
from storage.errors import Unavailable
from tests.server.api_client import ApiClient
from tests.server.captured_log import captured_log
from tests.server.conftest import StartInstance
from tests.server.registered_users import RegisteredUsers

TRACE = "0af7651916cd43dd8448eb211c80319c"


async def test_lines_of_a_request_carry_its_ids(
    start_instance: StartInstance, people: RegisteredUsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the request, the session, the conversation, and the trace in `traceparent`; no token."""
    instance = await start_instance()
    async with ApiClient(instance) as api:
        ana, ben = await people.shared(2, instance)
        group = (await api.group(ana, ben))["id"]

        async def fail(*_: object, **__: object) -> None:
            raise KeyError("a text of a user")

        monkeypatch.setattr("actors.conversations.conversations.Conversations.get", fail)
        with captured_log() as log:
            path, parent = f"/v1/conversations/{group}", f"00-{TRACE}-00f067aa0ba902b7-01"
            status, _, _ = await api.request(ana, "GET", path, X_Request_Id="request-17", traceparent=parent)
        assert status == 500
    record = next(line for line in log.records("error") if line["event"] == "request failed")
    assert record["request_id"] == "request-17"
    assert (record["user_id"], record["conversation_id"]) == (ana.id, group)
    assert record["trace_id"] == TRACE
    assert record["session_id"]
    assert ana.token not in log.text
    assert "a text of a user" not in log.text


@pytest.mark.parametrize("traceparent", ["", "00-zz-00-01", "x" * 500])
async def test_malformed_traceparent_is_ignored(traceparent: str) -> None:
    """The request is served, and its lines carry no trace id."""
    contexts: list[Mapping[str, str] | None] = []

    async def handle(_request: web.Request) -> web.Response:
        contexts.append(log_context.get())
        return web.Response()

    app = web.Application(middlewares=[error_middleware])
    app.router.add_get("/", handle)
    async with TestClient(TestServer(app)) as client:
        async with client.get("/", headers={"X-Request-Id": "one", "traceparent": traceparent}) as answer:
            assert answer.status == 200
        # The same connection, and so the same task of aiohttp: nothing is left of the first request.
        async with client.get("/", headers={"X-Request-Id": "two"}) as answer:
            assert answer.status == 200
    assert contexts == [{"request_id": "one"}, {"request_id": "two"}]


async def test_work_shared_by_callers_carries_no_ids() -> None:
    """A line of the run queue, which serves all actors, does not name the request that scheduled it."""
    found: list[object] = []
    ran = asyncio.Event()

    class Turn:
        def run_turn(self) -> None:
            found.append(log_context.get())
            ran.set()

    token = log_context.set({"request_id": "one"})
    RunQueue(asyncio.get_running_loop()).schedule(Turn())
    log_context.reset(token)
    await ran.wait()
    assert found == [None]


async def test_fields_of_a_line_precede_the_context() -> None:
    """Ids that the line itself gives are kept."""
    token = log_context.set({"conversation_id": "c1", "request_id": "r1"})
    try:
        with captured_log() as log:
            logging.getLogger("convene").error(
                "failed", extra={"conversation_id": "c2"}, exc_info=Unavailable("x")
            )
    finally:
        log_context.reset(token)
    assert [(line["conversation_id"], line["request_id"]) for line in log.records("error")] == [("c2", "r1")]
