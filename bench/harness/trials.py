"""Trials: one kind of request at one server, as many at once as said. All take turns, round by round.

As in `rounds`, ratios are taken within a round, of processor time, and their median told. What follows from
a request may be another server's work: it is counted beside. After each slice both are left alone until they
rest, so that late work is counted with what it came from and disturbs nobody else.
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
"""Quiet for so many looks in a row: one may just have waited for a store."""
IDLE_TIMEOUT_S = 120.0
COLUMNS = (
    "server CPU us each",
    "x limit",
    "what follows, us each",
    "answered/s",
    "p50 ms",
    "x limit",
    "p99 ms",
    "x limit",
    "bytes each",
    "generator's ceiling/s",
    "refused",
)


class Trial(msgspec.Struct, frozen=True):
    """`limit` is the name of the trial that it is measured against; a limit names itself.

    `follower` is the server that takes in what follows, where that is another one. `most` bounds the
    requests of a slice.
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
        """Processor time of the server and of its follower up to now."""
        return [cpu_seconds(server.pids) for server in self.servers]


class Sample(msgspec.Struct, frozen=True):
    """One slice and what it cost the server and its follower, until both rested."""

    number: int
    trial: str
    cpu_s: float
    consumer_cpu_s: float
    requests: RequestSlice

    @property
    def cpu_us_per_request(self) -> float:
        """The server's processor time for each request."""
        return 1e6 * self.cpu_s / max(1, self.requests.requests)

    @property
    def consumer_us_per_request(self) -> float:
        """The follower's for each request."""
        return 1e6 * self.consumer_cpu_s / max(1, self.requests.requests)


def run_trials(trials: Sequence[Trial], *, rounds: int, seconds: float, seed: int) -> list[Sample]:
    """Play `rounds` rounds of one slice for every trial, after a short warm-up."""
    dice = random.Random(seed)
    for trial in trials:
        trial.slice(min(0.3, seconds))
        wait_until_idle(trial)
    samples = []
    for turn, trial in interleave(trials, rounds, dice):
        before = trial.cpu_s()
        calls = trial.slice(seconds)
        wait_until_idle(trial)
        cost_s = [now - then for now, then in zip(trial.cpu_s(), before, strict=True)]
        samples.append(Sample(turn, trial.name, cost_s[0], sum(cost_s[1:]), calls))
        _print_sample(samples[-1])
    return samples


def wait_until_idle(trial: Trial) -> None:
    """Wait until nobody works more than an idle server does."""
    deadline = time.monotonic() + IDLE_TIMEOUT_S
    cpu_s, quiet = sum(trial.cpu_s()), 0
    while time.monotonic() < deadline:
        time.sleep(POLL_S)
        before, cpu_s = cpu_s, sum(trial.cpu_s())
        quiet = quiet + 1 if cpu_s - before < IDLE_CPU_SHARE * POLL_S * len(trial.servers) else 0
        if quiet == IDLE_POLLS:
            return
    raise ServerFailed(f"{trial.name}: still at work {IDLE_TIMEOUT_S:.0f} s later")


def cost_ratio(samples: Sequence[Sample], trial: str, reference: str) -> Spread:
    """What a request costs, as a multiple of what one of the reference costs, round by round."""
    own, other = samples_of(samples, trial), samples_of(samples, reference)
    return Spread.of(
        [mine.cpu_us_per_request / theirs.cpu_us_per_request for mine, theirs in zip(own, other, strict=True)]
    )


def latency_ratio(samples: Sequence[Sample], trial: str, reference: str, quantile: str) -> Spread:
    """The same of how long an answer takes; `quantile` is `p50_ms` or `p99_ms`."""
    own, other = samples_of(samples, trial), samples_of(samples, reference)
    return Spread.of(
        [
            getattr(mine.requests, quantile) / getattr(theirs.requests, quantile)
            for mine, theirs in zip(own, other, strict=True)
        ]
    )


def cost_range_ratio(samples: Sequence[Sample], trials: Sequence[str]) -> Spread:
    """The dearest of some trials over the cheapest, round by round."""
    rounds = zip(*(samples_of(samples, trial) for trial in trials), strict=True)
    each = [[one.cost_us for one in together] for together in rounds]
    return Spread.of([max(some) / min(some) for some in each])


def samples_of(samples: Sequence[Sample], trial: str) -> list[Sample]:
    return sorted((one for one in samples if one.trial == trial), key=lambda one: one.number)


def find_invalid_samples(samples: Sequence[Sample]) -> tuple[str, ...]:
    """Why these samples do not count: none where everything was answered as it should be."""
    refused = sum(one.requests.refused for one in samples)
    empty = sum(not one.requests.requests for one in samples)
    found = [f"{refused} requests were refused: no figure here counts."] if refused else []
    return (*found, *([f"{empty} slices were without requests: there were too few."] if empty else []))


def table(samples: Sequence[Sample], trials: Sequence[Trial], work: str) -> str:
    """One row a trial. The generator's ceiling is what it would ask with its core all to itself."""
    lines = [f"| {' | '.join((work, *COLUMNS))} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for trial in trials:
        mine = samples_of(samples, trial.name)
        calls = [one.requests for one in mine]
        asked = sum(one.requests for one in calls)
        cells = [
            trial.name,
            format_spread(Spread.of([one.cpu_us_per_request for one in mine])),
            format_ratio(cost_ratio(samples, trial.name, trial.baseline)),
            format_spread(Spread.of([one.consumer_us_per_request for one in mine]))
            if trial.consumer
            else "-",
            format_number(statistics.median(one.requests / one.seconds for one in calls)),
            f"{statistics.median(one.p50_ms for one in calls):.2f}",
            format_ratio(latency_ratio(samples, trial.name, trial.baseline, "p50_ms")),
            f"{statistics.median(one.p99_ms for one in calls):.2f}",
            format_ratio(latency_ratio(samples, trial.name, trial.baseline, "p99_ms")),
            format_number(sum(one.bytes for one in calls) / max(1, asked)),
            format_number(asked / sum(one.cpu_s for one in calls)),
            str(sum(one.refused for one in calls)),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def format_ratio(value: Spread) -> str:
    return f"{value.median:.2f} [{value.minimum:.2f}..{value.maximum:.2f}]"


def _print_sample(sample: Sample) -> None:
    calls = sample.requests
    refused = f", REFUSED {calls.refused}" if calls.refused else ""
    print(
        f"round {sample.number + 1}  {sample.trial:<44} {sample.cpu_us_per_request:6.0f} us each, "
        f"{sample.consumer_us_per_request:6.0f} us follow, "
        f"{calls.requests / calls.seconds:6.0f}/s, p50 {calls.p50_ms:.2f} ms, "
        f"p99 {calls.p99_ms:.2f} ms{refused}",
        file=sys.stderr,
        flush=True,
    )
