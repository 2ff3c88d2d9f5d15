"""The open-loop pacer keeps its schedule, however slow the operations are."""

import random
import time

from loadtest.metrics.clock import now_us
from loadtest.metrics.latencies import Histogram, LatencyRecorder, quantile_ms, record_latency
from loadtest.scenarios.pacer import Pacer

RATE_PER_S = 1000.0


async def test_schedule_depends_only_on_the_seed() -> None:
    """Two runs with one seed have the same schedule, though one is delayed."""
    runs: list[list[int]] = []
    for delayed in (False, True):
        scheduled: list[int] = []

        def perform(intended_us: int, scheduled: list[int] = scheduled, *, delayed: bool = delayed) -> None:
            scheduled.append(intended_us)
            if delayed and len(scheduled) == 50:
                time.sleep(0.05)

        begin_us = now_us()
        pacer = Pacer(RATE_PER_S, random.Random(7), perform)
        await pacer.run(begin_us, begin_us + 200_000)
        runs.append([time_us - begin_us for time_us in scheduled])
        if delayed:
            assert pacer.take_lateness_ms() > 10.0

    assert runs[0] == runs[1]
    assert 120 < len(runs[0]) < 280


async def test_stopped_pacer_ends() -> None:
    """`stop` ends the run after the current burst at the latest."""
    scheduled: list[int] = []
    begin_us = now_us()

    def perform(intended_us: int) -> None:
        scheduled.append(intended_us)
        pacer.stop()

    pacer = Pacer(RATE_PER_S, random.Random(7), perform)
    await pacer.run(begin_us, begin_us + 60_000_000)

    assert 1 <= len(scheduled) <= 200


def test_latency_counts_are_accurate_to_one_percent() -> None:
    """Rounding the counts changes the percentiles by less than 1 %."""
    latencies = LatencyRecorder()
    for us in range(1, 100_001):
        latencies.add("send", us)
    record_latency(latencies.counts_of("send"), -5)
    taken = latencies.take()["send"]
    histogram = Histogram()
    histogram.add(taken)

    assert len(taken) < 2000
    percentiles = histogram.percentiles()
    assert percentiles.count == 100_001
    for ms, exact in (
        (percentiles.p50_ms, 50.0),
        (percentiles.p99_ms, 99.0),
        (quantile_ms(taken, 0.5), 50.0),
    ):
        assert abs(ms - exact) / exact < 0.01
    assert latencies.take() == {}
