"""Finds the highest of several rates that every server sustains, so that no growing queue is measured."""

import statistics
import time
from collections.abc import Sequence

import msgspec

from bench.harness.options import Options
from bench.harness.rounds import Contender, Sample, Workload, find_faults, run_rounds

PROBE_ROUNDS = 3
PROBE_S = 1.5
REST_S = 2.0
NOT_SUSTAINED = "Not every server sustained even the lowest rate: the latencies are those of a growing queue."


class SustainedBounds(msgspec.Struct, frozen=True):
    """When a rate counts as sustained: the median slice completes `share` of the rate within `p99_ms`."""

    share: float
    p99_ms: float


DEFAULT_BOUNDS = SustainedBounds(share=0.9, p99_ms=500.0)


class RateResult(msgspec.Struct, frozen=True):
    """The samples at the last rate that was run."""

    samples: Sequence[Sample]
    workload: Workload
    sustained: bool


def run_sustained_rate(
    name: str,
    contenders: Sequence[Contender],
    options: Options,
    rates_per_s: Sequence[float],
    bounds: SustainedBounds = DEFAULT_BOUNDS,
) -> RateResult:
    """Run at `options.per_s` if given, else at the highest sustained rate, else at the lowest one.

    A short probe of the first contender skips rates that it cannot sustain.
    """
    rates = [options.per_s] if options.per_s else rates_per_s
    for per_s in rates:
        workload = Workload(f"{name}, {per_s:g} messages/s", per_s=per_s)
        last = per_s == rates[-1]
        probe = run_rounds(
            contenders[:1], (workload,), rounds=PROBE_ROUNDS, seconds=PROBE_S, seed=options.seed
        )
        if not last and not is_sustained(probe, workload, bounds):
            time.sleep(REST_S)  # let the server finish the work that queued up
            continue
        samples = run_rounds(
            contenders, (workload,), rounds=options.rounds, seconds=options.seconds, seed=options.seed
        )
        if last or is_sustained(samples, workload, bounds):
            break
    return RateResult(samples, workload, is_sustained(samples, workload, bounds))


def is_sustained(samples: Sequence[Sample], workload: Workload, bounds: SustainedBounds) -> bool:
    """Return whether there were no faults and every server stayed within `bounds`."""
    if find_faults(samples):
        return False
    for server in {sample.server for sample in samples}:
        slices = [sample.slice for sample in samples if sample.server == server]
        share = statistics.median(each.messages / each.seconds for each in slices) / workload.per_s
        if share < bounds.share or statistics.median(each.p99_ms for each in slices) > bounds.p99_ms:
            return False
    return True
