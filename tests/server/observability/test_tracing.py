"""One message is one trace: from its command over the log and the bus to its delivery on other instances."""

import builtins
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio

from actors.conversations.commands import Draft
from actors.delivery.bus_events import EntryAppended, bus_event_decoder, bus_event_encoder
from config.settings import TracingSettings
from server.instance import Instance
from server.observability import tracing
from server.observability.tracing import OpenTelemetryTracing, TracingUnavailable, create_tracing
from storage.embedded import StoreUrls
from tests.server.api_client import ApiClient
from tests.server.captured_log import captured_log
from tests.server.registered_users import RegisteredUsers
from tests.server.running_instance import running_instance
from tests.server.websocket.peer import connect_peer
from tests.until import until

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "00f067aa0ba902b7"


class Exported:
    """The spans of all instances of a test."""

    def __init__(self, ratio: float = 1.0) -> None:
        self._exporter = InMemorySpanExporter()
        self._provider = TracerProvider(sampler=ParentBasedTraceIdRatio(ratio), shutdown_on_exit=False)
        self._provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracing = OpenTelemetryTracing(self._provider)

    def spans(self) -> Sequence[ReadableSpan]:
        return self._exporter.get_finished_spans()

    def names(self) -> list[str]:
        return sorted(span.name for span in self.spans())


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> Exported:
    exported = Exported()
    monkeypatch.setattr("server.composition.components.create_tracing", lambda *_: exported.tracing)
    return exported


@pytest.fixture
async def two_instances(stores: StoreUrls, exported: Exported) -> AsyncIterator[tuple[Instance, Instance]]:
    async with contextlib.AsyncExitStack() as stack:
        yield (
            await stack.enter_async_context(running_instance(stores)),
            await stack.enter_async_context(running_instance(stores)),
        )


async def test_message_is_one_trace_over_two_instances(
    two_instances: tuple[Instance, Instance], exported: Exported, people: RegisteredUsers
) -> None:
    """Sent on a socket of one instance, delivered there and on the other one."""
    first, second = two_instances
    async with (
        ApiClient(first) as api,
        connect_peer(first.port) as sender,
        connect_peer(second.port) as receiver,
    ):
        ana, ben = await people.register(2, first)
        group = (await api.group(ana, ben))["id"]
        await sender.open(ana.token)
        await receiver.open(ben.token)
        reply = await sender.request(
            "message.send", conversation_id=group, client_id="c1", content="a secret text"
        )
        await receiver.next_of("message.created")
        await until(lambda: len(exported.spans()) >= 4)
    assert exported.names() == ["message.deliver", "message.deliver", "message.log", "message.send"]
    by_name = {span.name: span for span in exported.spans()}
    root = by_name["message.send"]
    assert root.parent is None
    assert len({span.context.trace_id for span in exported.spans()}) == 1
    assert {span.parent.span_id for span in exported.spans() if span.parent} == {root.context.span_id}
    deliveries = [dict(span.attributes or {}) for span in exported.spans() if span.name == "message.deliver"]
    assert {delivery["convene.remote"] for delivery in deliveries} == {True, False}
    assert {delivery["convene.seq"] for delivery in deliveries} == {reply["result"]["seq"]}
    assert (root.attributes or {})["convene.outcome"] == "stored"
    assert "secret" not in str([span.to_json() for span in exported.spans()])


async def test_trace_of_the_caller_is_continued(
    two_instances: tuple[Instance, Instance], exported: Exported, people: RegisteredUsers
) -> None:
    """A request with `traceparent`: the message is part of that trace."""
    async with ApiClient(two_instances[0]) as api:
        ana, ben = await people.register(2, two_instances[0])
        path = f"/v1/conversations/{(await api.group(ana, ben))['id']}/messages"
        body = {"client_id": "c1", "content": "hello"}
        status, _, _ = await api.request(ana, "POST", path, body, traceparent=f"00-{TRACE}-{PARENT}-01")
        assert status == 201
        status, _, _ = await api.request(
            ana, "POST", path, {**body, "client_id": "c2"}, traceparent=f"00-{TRACE}-{PARENT}-00"
        )
        assert status == 201
    roots = [span for span in exported.spans() if span.name == "message.send"]
    assert [format(span.context.trace_id, "032x") for span in roots] == [TRACE]
    assert [format(span.parent.span_id, "016x") for span in roots if span.parent] == [PARENT]


async def test_refused_message_ends_its_trace(
    two_instances: tuple[Instance, Instance], exported: Exported, people: RegisteredUsers
) -> None:
    """With the code of the error; nothing is logged or delivered."""
    async with ApiClient(two_instances[0]) as api:
        ana, ben, eve = await people.register(3, two_instances[0])
        path = f"/v1/conversations/{(await api.group(ana, ben))['id']}/messages"
        body = {"client_id": "c1", "content": "hello"}
        await api.expect_error("conversation.not_found", 404, eve, "POST", path, body)
    assert [(span.name, (span.attributes or {})["convene.outcome"]) for span in exported.spans()] == [
        ("message.send", "conversation.not_found")
    ]


async def test_log_lines_name_the_trace(
    two_instances: tuple[Instance, Instance], people: RegisteredUsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request whose message is traced logs the id of that trace."""
    async with ApiClient(two_instances[0]) as api:
        ana, ben = await people.register(2, two_instances[0])
        group = (await api.group(ana, ben))["id"]
        monkeypatch.setattr("actors.conversations.command_sender.CommandSender.execute", _execute_and_fail)
        with captured_log() as log:
            await api.request(
                ana, "POST", f"/v1/conversations/{group}/messages", {"client_id": "c", "content": "x"}
            )
    record = next(line for line in log.records("error") if line["event"] == "request failed")
    assert len(record["trace_id"]) == 32


async def _execute_and_fail(sender: Any, conversation_id: str, command: Any, reply: Any) -> None:
    sender.tell(conversation_id, command)
    await reply.future
    raise KeyError


def test_unsampled_message_has_no_trace() -> None:
    """Nothing is exported, and no context travels."""
    exported = Exported(0.0)
    assert exported.tracing.start_message("c1", "") is None
    assert exported.tracing.start_delivery("not a traceparent", "c1", 1, is_remote=True) is None
    assert exported.spans() == ()


def test_frames_of_both_versions_are_understood() -> None:
    """An earlier version ignores the context at the end of a frame; a frame without it has none."""

    class EarlierEntryAppended(msgspec.Struct, frozen=True, tag=1, array_like=True):
        origin: str
        seq: int
        is_plain_message: bool
        left_user_ids: tuple[str, ...]
        frame: bytes
        stored_at_s: float = 0.0

    class EarlierDraft(msgspec.Struct, frozen=True, rename={"attempt_id": "draft"}):
        attempt_id: int
        sender_id: str
        client_id: str
        content: str
        mentions: tuple[str, ...]
        reply_to: str | None

    event = EntryAppended("i1", 7, True, (), b"frame", 1.0, "00-a-b-01")
    earlier = msgspec.msgpack.decode(bus_event_encoder.encode(event), type=EarlierEntryAppended)
    assert earlier == EarlierEntryAppended("i1", 7, True, (), b"frame", 1.0)
    decoded = bus_event_decoder.decode(bus_event_encoder.encode(earlier))
    assert isinstance(decoded, EntryAppended)
    assert decoded.traceparent == ""
    draft = Draft(1, "u", "c", "text", (), None, "00-a-b-01")
    encoded = msgspec.msgpack.encode(draft)
    earlier_draft = msgspec.msgpack.decode(encoded, type=EarlierDraft)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(earlier_draft), type=Draft).traceparent == ""


def test_missing_packages_are_an_error_that_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only if an endpoint is configured."""
    imported = builtins.__import__

    def import_without_otel(name: str, *arguments: Any) -> Any:
        if name.startswith("opentelemetry"):
            raise ImportError(name)
        return imported(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", import_without_otel)
    assert create_tracing(TracingSettings(), "i1") is None
    with pytest.raises(TracingUnavailable, match=r"convene\[otel\]"):
        create_tracing(TracingSettings(endpoint="http://127.0.0.1:4318/v1/traces"), "i1")


async def test_configured_tracing_exports_over_otlp() -> None:
    """Spans are sent when it closes, at the latest."""
    from aiohttp import web
    from aiohttp.test_utils import TestServer

    bodies: list[bytes] = []

    async def collect(request: web.Request) -> web.Response:
        bodies.append(await request.read())
        return web.Response(content_type="application/x-protobuf")

    app = web.Application()
    app.router.add_post("/v1/traces", collect)
    async with TestServer(app) as server:
        made = create_tracing(TracingSettings(endpoint=str(server.make_url("/v1/traces"))), "i1")
        assert isinstance(made, tracing.OpenTelemetryTracing)
        trace = made.start_message("c1", "")
        assert trace is not None
        trace.end("stored", 1)
        await made.close()
    assert len(bodies) == 1
    assert b"message.send" in bodies[0]
