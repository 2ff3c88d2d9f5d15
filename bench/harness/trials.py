"""Interleaved rounds of HTTP load: one kind of request to one server at a fixed concurrency.

As in `rounds`, ratios of CPU time are computed within a round and the median is reported. Work that follows
from a request may run on another server (the consumer) and is counted separately. After each slice both must
become idle, so that late work is attributed to its cause and does not disturb the next slice.
"""

import itertools
import random
import statistics
import sys
import time
from collections.abc import Iterator, Sequence

import msgspec

from bench.harness.http_generator import HttpGenerator, RequestSlice
from bench.harness.process_cpu import cpu_seconds
from bench.harness.report import format_number, format_spread
from bench.harness.rounds import Spread, interleave
from bench.harness.server import Server, ServerFailed

POLL_S = 0.2
IDLE_CPU_SHARE = 0.05
IDLE_POLLS = 3
"""Consecutive idle polls required: in a single one the server may only have waited for a store."""
IDLE_TIMEOUT_S = 120.0
COLUMNS = (
    "server CPU us each",
    "x baseline",
    "consumer CPU us each",
    "responses/s",
    "p50 ms",
    "x baseline",
    "p99 ms",
    "x baseline",
    "bytes each",
    "generator's ceiling/s",
    "rejected",
)


class Trial(msgspec.Struct, frozen=True):
    """One kind of request at one server.

    Attributes:
        baseline: Name of the trial to compare with; a baseline names itself.
        consumer: The server that handles the resulting domain events, if it is another one.
        requests_max: Upper bound of requests per slice.
    """

    name: str
    baseline: str
    server: Server
    generator: HttpGenerator
    requests: Iterator[bytes]
    concurrency: int
    consumer: Server | None = None
    requests_max: int | None = None

    @property
    def servers(self) -> list[Server]:
        return [self.server] if self.consumer is None else [self.server, self.consumer]

    def slice(self, seconds: float) -> RequestSlice:
        return self.generator.slice(
            itertools.islice(self.requests, self.requests_max), seconds, self.concurrency
        )

    def cpu_s(self) -> list[float]:
        """Return the CPU time so far of the server and its consumer."""
        return [cpu_seconds(server.pids) for server in self.servers]


class Sample(msgspec.Struct, frozen=True):
    """One slice with the CPU time of the server and its consumer until both were idle."""

    number: int
    trial: str
    cpu_s: float
    consumer_cpu_s: float
    requests: RequestSlice

    @property
    def cpu_us_per_request(self) -> float:
        """Server CPU time per request."""
        return 1e6 * self.cpu_s / max(1, self.requests.requests)

    @property
    def consumer_us_per_request(self) -> float:
        """Consumer CPU time per request."""
        return 1e6 * self.consumer_cpu_s / max(1, self.requests.requests)


def run_trials(trials: Sequence[Trial], *, rounds: int, seconds: float, seed: int) -> list[Sample]:
    """Run `rounds` rounds of one slice per trial, after a short warm-up."""
    rng = random.Random(seed)
    for trial in trials:
        trial.slice(min(0.3, seconds))
        wait_until_idle(trial)
    samples = []
    for number, trial in interleave(trials, rounds, rng):
        before_s = trial.cpu_s()
        result = trial.slice(seconds)
        wait_until_idle(trial)
        cost_s = [after - before for after, before in zip(trial.cpu_s(), before_s, strict=True)]
        samples.append(Sample(number, trial.name, cost_s[0], sum(cost_s[1:]), result))
        _print_sample(samples[-1])
    return samples


def wait_until_idle(trial: Trial) -> None:
    """Wait until the server and its consumer use no more CPU than an idle server.

    Raises:
        ServerFailed: they are still busy after `IDLE_TIMEOUT_S`.
    """
    deadline = time.monotonic() + IDLE_TIMEOUT_S
    cpu_s, idle_polls = sum(trial.cpu_s()), 0
    while time.monotonic() < deadline:
        time.sleep(POLL_S)
        before, cpu_s = cpu_s, sum(trial.cpu_s())
        idle_polls = idle_polls + 1 if cpu_s - before < IDLE_CPU_SHARE * POLL_S * len(trial.servers) else 0
        if idle_polls == IDLE_POLLS:
            return
    raise ServerFailed(f"{trial.name}: still busy after {IDLE_TIMEOUT_S:.0f} s")


def cost_ratio(samples: Sequence[Sample], trial: str, reference: str) -> Spread:
    """Return the CPU time per request divided by that of the reference, per round."""
    pairs = zip(samples_of(samples, trial), samples_of(samples, reference), strict=True)
    return Spread.of(
        [measured.cpu_us_per_request / baseline.cpu_us_per_request for measured, baseline in pairs]
    )


def latency_ratio(samples: Sequence[Sample], trial: str, reference: str, quantile: str) -> Spread:
    """Return the latency divided by that of the reference, per round; `quantile` is `p50_ms` or `p99_ms`."""
    pairs = zip(samples_of(samples, trial), samples_of(samples, reference), strict=True)
    return Spread.of(
        [
            getattr(measured.requests, quantile) / getattr(baseline.requests, quantile)
            for measured, baseline in pairs
        ]
    )


def cost_range_ratio(samples: Sequence[Sample], trials: Sequence[str]) -> Spread:
    """Return the CPU time per request of the most expensive trial over the cheapest, per round."""
    costs_us = [[sample.cpu_us_per_request for sample in samples_of(samples, trial)] for trial in trials]
    return Spread.of([max(round_us) / min(round_us) for round_us in zip(*costs_us, strict=True)])


def samples_of(samples: Sequence[Sample], trial: str) -> list[Sample]:
    return sorted((sample for sample in samples if sample.trial == trial), key=lambda sample: sample.number)


def find_invalid_samples(samples: Sequence[Sample]) -> tuple[str, ...]:
    """Return why these samples are invalid; empty if every request succeeded."""
    rejected = sum(sample.requests.rejected for sample in samples)
    empty = sum(not sample.requests.requests for sample in samples)
    reasons = [f"Invalid: {rejected} requests were rejected."] if rejected else []
    if empty:
        reasons.append(f"Invalid: {empty} slices had no requests left to send.")
    return tuple(reasons)


def table(samples: Sequence[Sample], trials: Sequence[Trial], work: str) -> str:
    """Return a table with one row per trial.

    The generator's ceiling is the rate it could send with a core to itself.
    """
    lines = [f"| {' | '.join((work, *COLUMNS))} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for trial in trials:
        trial_samples = samples_of(samples, trial.name)
        slices = [sample.requests for sample in trial_samples]
        request_count = sum(each.requests for each in slices)
        cells = [
            trial.name,
            format_spread(Spread.of([sample.cpu_us_per_request for sample in trial_samples])),
            format_ratio(cost_ratio(samples, trial.name, trial.baseline)),
            format_spread(Spread.of([sample.consumer_us_per_request for sample in trial_samples]))
            if trial.consumer
            else "-",
            format_number(statistics.median(each.requests / each.seconds for each in slices)),
            f"{statistics.median(each.p50_ms for each in slices):.2f}",
            format_ratio(latency_ratio(samples, trial.name, trial.baseline, "p50_ms")),
            f"{statistics.median(each.p99_ms for each in slices):.2f}",
            format_ratio(latency_ratio(samples, trial.name, trial.baseline, "p99_ms")),
            format_number(sum(each.bytes for each in slices) / max(1, request_count)),
            format_number(request_count / sum(each.cpu_s for each in slices)),
            str(sum(each.rejected for each in slices)),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def format_ratio(value: Spread) -> str:
    return f"{value.median:.2f} [{value.minimum:.2f}..{value.maximum:.2f}]"


def _print_sample(sample: Sample) -> None:
    result = sample.requests
    rejected = f", REJECTED {result.rejected}" if result.rejected else ""
    print(
        f"round {sample.number + 1}  {sample.trial:<44} {sample.cpu_us_per_request:6.0f} us each, "
        f"consumer {sample.consumer_us_per_request:6.0f} us, "
        f"{result.requests / result.seconds:6.0f}/s, p50 {result.p50_ms:.2f} ms, "
        f"p99 {result.p99_ms:.2f} ms{rejected}",
        file=sys.stderr,
        flush=True,
    )
