"""The open loop: acts have their moments, whatever slows the one who acts."""

import random
import time

from loadtest.metrics.clock import now_us
from loadtest.metrics.histogram import Histogram, quantile_ms
from loadtest.metrics.latencies import LatencyRecorder, record_latency
from loadtest.scenarios.pacer import Pacer

RATE_PER_S = 1000.0


async def test_schedule_depends_only_on_the_seed() -> None:
    """Two runs with one seed mean the same moments, though one of them is held up in between."""
    runs: list[list[int]] = []
    for holds_up in (False, True):
        meant: list[int] = []

        def act(intended_us: int, meant: list[int] = meant, *, holds_up: bool = holds_up) -> None:
            meant.append(intended_us)
            if holds_up and len(meant) == 50:
                time.sleep(0.05)

        begin_us = now_us()
        pace = Pacer(RATE_PER_S, random.Random(7), act)
        await pace.run(begin_us, begin_us + 200_000)
        runs.append([moment - begin_us for moment in meant])
        if holds_up:
            assert pace.take_lateness_ms() > 10.0

    assert runs[0] == runs[1]
    assert 120 < len(runs[0]) < 280


async def test_stopped_pacer_ends() -> None:
    meant: list[int] = []
    begin_us = now_us()

    def act(intended_us: int) -> None:
        meant.append(intended_us)
        pace.stop()

    pace = Pacer(RATE_PER_S, random.Random(7), act)
    await pace.run(begin_us, begin_us + 60_000_000)

    assert 1 <= len(meant) <= 200


def test_latency_counts_are_accurate_to_one_percent() -> None:
    """From counts by us to percentiles, nothing is lost but the last digits."""
    latencies = LatencyRecorder()
    for us in range(1, 100_001):
        latencies.add("send", us)
    record_latency(latencies.counts_of("send"), -5)
    taken = latencies.take()["send"]
    histogram = Histogram()
    histogram.add(taken)

    assert len(taken) < 2000
    found = histogram.percentiles()
    assert found.count == 100_001
    for ms, exact in ((found.p50_ms, 50.0), (found.p99_ms, 99.0), (quantile_ms(taken, 0.5), 50.0)):
        assert abs(ms - exact) / exact < 0.01
    assert latencies.take() == {}
