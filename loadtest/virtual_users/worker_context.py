"""What all virtual users of a worker process share."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from loadtest.check.faults import FaultRecorder
from loadtest.check.log_observer import LogObserver
from loadtest.metrics.counters import Counters
from loadtest.metrics.latencies import LatencyRecorder
from loadtest.websocket.frame_decoder import FrameDecoder
from loadtest.websocket.handshake import Address


@dataclass(frozen=True, slots=True)
class WorkerContext:
    run_id: str
    addresses: tuple[Address, ...]
    observer: LogObserver
    faults: FaultRecorder
    counters: Counters
    latencies: LatencyRecorder
    decoder: FrameDecoder
    rng: random.Random
    fetch: Callable[[int, str, int, bool], None]
    """(client number, conversation id, after, requested by `lagged`): fetch the log after that seq."""
