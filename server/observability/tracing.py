"""Tracing with OpenTelemetry, exported over OTLP. The `otel` extra is imported only if it is configured.

The spans of a message: `message.send` (from the command to its answer), `message.log` (until it is durable)
and, on each instance with members of the conversation, `message.deliver` (until it is written to them). No
text of a message and no token is in an attribute.
"""

import asyncio
from typing import TYPE_CHECKING, Any, Final

from config.settings import TracingSettings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

SERVICE_NAME: Final = "convene"
TRACEPARENT: Final = "traceparent"


class TracingUnavailable(Exception):  # noqa: N818 - reads as what it says
    """Tracing is configured, but its packages are not installed."""

    def __init__(self) -> None:
        super().__init__("CONVENE_TRACING_ENDPOINT needs the extra `otel`: pip install 'convene[otel]'.")


def create_tracing(settings: TracingSettings, instance: str) -> "OpenTelemetryTracing | None":
    """Return tracing with an exporter, or None if no endpoint is configured.

    Raises:
        TracingUnavailable: the packages of the extra `otel` are not installed.
    """
    if settings.endpoint is None:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
    except ImportError:
        raise TracingUnavailable from None
    provider = TracerProvider(
        sampler=ParentBasedTraceIdRatio(settings.sample_ratio),
        resource=Resource.create({"service.name": SERVICE_NAME, "service.instance.id": instance}),
        shutdown_on_exit=False,
    )
    # Exports on a thread. Its queue is bounded; spans past it are dropped.
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.endpoint)))
    return OpenTelemetryTracing(provider)


class OpenTelemetryTracing:
    """Implements `actors.runtime.tracing.MessageTracing` with a provider."""

    def __init__(self, provider: "TracerProvider") -> None:
        from opentelemetry.trace import SpanKind, set_span_in_context
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = provider
        self._tracer = provider.get_tracer(SERVICE_NAME)
        self._propagator = TraceContextTextMapPropagator()
        self._kinds = SpanKind
        self._set_span_in_context = set_span_in_context

    def start_message(self, conversation_id: str, parent: str) -> "OpenTelemetryMessage | None":
        context = self._propagator.extract({TRACEPARENT: parent}) if parent else None
        span = self._tracer.start_span(
            "message.send",
            context=context,
            kind=self._kinds.SERVER,
            attributes={"convene.conversation_id": conversation_id},
        )
        return OpenTelemetryMessage(self, span) if span.is_recording() else None

    def start_delivery(
        self, traceparent: str, conversation_id: str, seq: int, *, is_remote: bool
    ) -> "OpenTelemetryDelivery | None":
        span = self._tracer.start_span(
            "message.deliver",
            context=self._propagator.extract({TRACEPARENT: traceparent}),
            kind=self._kinds.CONSUMER,
            attributes={
                "convene.conversation_id": conversation_id,
                "convene.seq": seq,
                "convene.remote": is_remote,
            },
        )
        return OpenTelemetryDelivery(span) if span.is_recording() else None

    def start_child(self, parent: "Span", name: str) -> "Span":
        return self._tracer.start_span(name, context=self._set_span_in_context(parent))

    def traceparent_of(self, span: "Span") -> str:
        carrier: dict[str, Any] = {}
        self._propagator.inject(carrier, context=self._set_span_in_context(span))
        return str(carrier.get(TRACEPARENT, ""))

    async def close(self) -> None:
        """Export what is left, and stop. Waits for the exporter on a thread."""
        await asyncio.to_thread(self._provider.shutdown)


class OpenTelemetryMessage:
    """Implements `MessageTrace`."""

    __slots__ = ("_append_span", "_span", "_tracing", "traceparent")

    def __init__(self, tracing: OpenTelemetryTracing, span: "Span") -> None:
        self._tracing = tracing
        self._span = span
        self._append_span: Span | None = None
        self.traceparent = tracing.traceparent_of(span)

    @property
    def trace_id(self) -> str:
        return format(self._span.get_span_context().trace_id, "032x")

    def append_started(self) -> None:
        self.append_ended(is_stored=False)
        self._append_span = self._tracing.start_child(self._span, "message.log")

    def append_ended(self, *, is_stored: bool) -> None:
        if self._append_span is not None:
            self._append_span.set_attribute("convene.stored", is_stored)
            self._append_span.end()
            self._append_span = None

    def end(self, outcome: str, seq: int = 0) -> None:
        self.append_ended(is_stored=False)
        self._span.set_attribute("convene.outcome", outcome)
        if seq:
            self._span.set_attribute("convene.seq", seq)
        self._span.end()


class OpenTelemetryDelivery:
    """Implements `DeliveryTrace`."""

    __slots__ = ("_span",)

    def __init__(self, span: "Span") -> None:
        self._span = span

    def end(self, sessions: int) -> None:
        self._span.set_attribute("convene.sessions", sessions)
        self._span.end()
