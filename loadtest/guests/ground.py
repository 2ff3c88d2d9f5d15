"""What all guests of a process share: where the servers are, what is known, what is counted.

It holds; it does nothing.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from loadtest.check.faults import FaultRecorder
from loadtest.check.ledger import LogObserver
from loadtest.figures.latencies import LatencyRecorder
from loadtest.figures.tally import Counters
from loadtest.wire.handshake import Address
from loadtest.wire.hearing import FrameDecoder


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
    """(client, conversation, after, whether `lagged` asked for it): have the log read from there."""
