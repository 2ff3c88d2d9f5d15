"""Reads the servers' `/metrics` during a run. Servers without metrics are left out."""

import asyncio
import time
from typing import Final

import aiohttp
import msgspec

METRICS_TIMEOUT_S: Final = 3.0
METRIC_FIELDS: Final = {
    "process_cpu_seconds_total": "cpu_s",
    "process_resident_memory_bytes": "resident_bytes",
    "convene_connections": "connections",
    "convene_event_loop_lag_seconds": "lag_s",
    "convene_log_entries_total": "entries",
    "convene_log_batch_entries_sum": "batched",
    "convene_log_batch_entries_count": "batches",
    "convene_log_batch_seconds_sum": "batch_s",
    "convene_bus_round_trip_seconds": "bus_lag_s",
    "convene_frames_shed_total": "shed",
    "convene_room_repairs_total": "repairs",
}


class ServerSample(msgspec.Struct, frozen=True):
    """The metrics of one server at one time; counters are totals."""

    at_s: float
    cpu_s: float = 0.0
    resident_bytes: float = 0.0
    connections: float = 0.0
    lag_s: float = 0.0
    entries: float = 0.0
    batched: float = 0.0
    batches: float = 0.0
    batch_s: float = 0.0
    bus_lag_s: float = 0.0
    shed: float = 0.0
    repairs: float = 0.0


class ServerMetrics(msgspec.Struct, frozen=True):
    """Metrics of one server between the first and the last of some samples.

    `cpu_share` is the share of one core. `resident_bytes` and `connections` are the highest values.
    `bytes_per_connection` is None below 100 connections.
    """

    url: str
    cpu_share: float
    resident_bytes: int
    bytes_per_connection: float | None
    connections: int
    entries_per_s: float
    batch_entries: float
    batch_ms: float
    lag_ms_max: float
    bus_lag_ms_max: float
    shed: int
    repairs: int


def parse_metrics(text: str, at_s: float) -> ServerSample:
    """Parse a page in Prometheus' text format; only the metrics in `METRIC_FIELDS` are read."""
    values: dict[str, float] = {"at_s": at_s}
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if name in METRIC_FIELDS:
            values[METRIC_FIELDS[name]] = float(value)
    return msgspec.convert(values, ServerSample)


class ServerPoller:
    """Polls the servers; `samples` by URL are in order of time."""

    def __init__(self, urls: tuple[str, ...], session: aiohttp.ClientSession) -> None:
        self._session = session
        self.samples: dict[str, list[ServerSample]] = {url: [] for url in urls}

    async def poll(self) -> None:
        """Read each server once. Servers that do not respond in time are skipped."""
        await asyncio.gather(*(self._poll_server(url) for url in self.samples))

    async def _poll_server(self, url: str) -> None:
        timeout = aiohttp.ClientTimeout(total=METRICS_TIMEOUT_S)
        try:
            async with self._session.get(f"{url}/metrics", timeout=timeout) as response:
                if response.status == 200:
                    self.samples[url].append(parse_metrics(await response.text(), time.monotonic()))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return


def summarize_server(
    url: str, samples: list[ServerSample], baseline: ServerSample | None
) -> ServerMetrics | None:
    """Summarize at least two samples, else return None. `baseline` is from before the clients connected."""
    if len(samples) < 2:
        return None
    first, last = samples[0], samples[-1]
    seconds = max(last.at_s - first.at_s, 1e-9)
    batches = last.batches - first.batches
    bytes_per_connection = None
    peak = max(samples, key=lambda sample: sample.connections)
    if baseline is not None and peak.connections - baseline.connections >= 100:
        bytes_per_connection = (peak.resident_bytes - baseline.resident_bytes) / (
            peak.connections - baseline.connections
        )
    return ServerMetrics(
        url=url,
        cpu_share=round((last.cpu_s - first.cpu_s) / seconds, 3),
        resident_bytes=int(max(sample.resident_bytes for sample in samples)),
        bytes_per_connection=None if bytes_per_connection is None else round(bytes_per_connection),
        connections=int(peak.connections),
        entries_per_s=round((last.entries - first.entries) / seconds, 1),
        batch_entries=round((last.batched - first.batched) / batches, 2) if batches else 0.0,
        batch_ms=round(1000 * (last.batch_s - first.batch_s) / batches, 2) if batches else 0.0,
        lag_ms_max=round(1000 * max(sample.lag_s for sample in samples), 2),
        bus_lag_ms_max=round(1000 * max(sample.bus_lag_s for sample in samples), 2),
        shed=int(last.shed - first.shed),
        repairs=int(last.repairs - first.repairs),
    )
