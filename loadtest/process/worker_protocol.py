"""Messages between the coordinator and its worker processes, over pipes.

    WorkerPlan ->   <- ConnectionsOpened
    StartLoad ->    <- Tick, Tick, ...
    StopLoad ->     <- LoadStopped
    CheckDelivery ->  <- DeliveryChecked

Each message is a length of four bytes, then MessagePack. Times are microseconds of the machine's monotonic
clock, which all processes share.
"""

import asyncio
from typing import Final, TypeVar

import msgspec

from loadtest.check.faults import Fault
from loadtest.check.log_observer import Acknowledged
from loadtest.metrics.latencies import LatencyCounts
from loadtest.run_plan import WorkerPlan


class StartLoad(msgspec.Struct, frozen=True, tag="start_load"):
    start_us: int


class StopLoad(msgspec.Struct, frozen=True, tag="stop_load"):
    """Stop new requests, and wait up to `reply_timeout_s` for replies."""

    reply_timeout_s: float


class CheckDelivery(msgspec.Struct, frozen=True, tag="check_delivery"):
    """Wait up to `delivery_timeout_s` until everything acknowledged was received, then check it.

    `list_checks` is the number of users whose conversation lists are compared.
    """

    heads: dict[str, int]
    acknowledged: list[Acknowledged]
    delivery_timeout_s: float
    list_checks: int


class ConnectionsOpened(msgspec.Struct, frozen=True, tag="connections_opened"):
    """The connect phase is over; `not_ready` connections failed."""

    ready_count: int
    not_ready: int


class Tick(msgspec.Struct, frozen=True, tag="tick"):
    """Metrics of one interval. `counts` and `errors` are totals; `latencies` covers the interval, by us.

    `lag_ms` is the worst event loop lag, `late_ms` the worst delay of a scheduled operation.
    """

    at_us: int
    ready_count: int
    counts: dict[str, int]
    errors: dict[str, int]
    fault_counts: dict[str, int]
    faults: list[Fault]
    latencies: dict[str, LatencyCounts]
    cpu_s: float
    lag_ms: float
    late_ms: float


class LoadStopped(msgspec.Struct, frozen=True, tag="load_stopped"):
    """`unanswered` requests got no reply; `acknowledged` are those that other processes need."""

    unanswered: int
    heads: dict[str, int]
    acknowledged: list[Acknowledged]


class DeliveryChecked(msgspec.Struct, frozen=True, tag="delivery_checked"):
    """The check is complete. `disconnected` clients could not be checked."""

    disconnected: int
    users_checked: int
    conversations_checked: int


ToWorker = WorkerPlan | StartLoad | StopLoad | CheckDelivery
FromWorker = ConnectionsOpened | Tick | LoadStopped | DeliveryChecked


Message = TypeVar("Message")
LENGTH_BYTES: Final = 4

_encoder = msgspec.msgpack.Encoder()
to_worker_decoder: "msgspec.msgpack.Decoder[ToWorker]" = msgspec.msgpack.Decoder(ToWorker)
from_worker_decoder: "msgspec.msgpack.Decoder[FromWorker]" = msgspec.msgpack.Decoder(FromWorker)


def encode_message(message: msgspec.Struct) -> bytes:
    """Encode a message with its length."""
    body = _encoder.encode(message)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


async def receive(
    reader: asyncio.StreamReader, decoder: "msgspec.msgpack.Decoder[Message]"
) -> Message | None:
    """Return the next message; None if the other end closed the pipe."""
    try:
        length = int.from_bytes(await reader.readexactly(LENGTH_BYTES), "big")
        return decoder.decode(await reader.readexactly(length))
    except asyncio.IncompleteReadError:
        return None
