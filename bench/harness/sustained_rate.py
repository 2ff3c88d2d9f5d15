"""The greatest of some rates that everybody carries: nobody is then measured on a queue that grows."""

import statistics
import time
from collections.abc import Sequence

import msgspec

from bench.harness.options import Options
from bench.harness.rounds import Contender, Sample, Workload, find_faults, run_rounds

PROBE_ROUNDS = 3
PROBE_S = 1.5
REST_S = 2.0
NOT_SUSTAINED = "Not everybody carried even that rate: these are the latencies of a queue."


class SustainedBounds(msgspec.Struct, frozen=True):
    """What counts as carried: such a share of what was offered, in most slices, within such a p99."""

    share: float
    p99_ms: float


DEFAULT_BOUNDS = SustainedBounds(share=0.9, p99_ms=500.0)


class RateResult(msgspec.Struct, frozen=True):
    """The slices at the rate that was played last."""

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
    """Play at the rate given, else at the greatest that everybody carries, else at the last.

    A probe of the first contender spares hopeless rounds.
    """
    rates = [options.per_s] if options.per_s else rates_per_s
    for per_s in rates:
        offered = Workload(f"{name}, {per_s:g} messages/s", per_s=per_s)
        last = per_s == rates[-1]
        probe = run_rounds(
            contenders[:1], (offered,), rounds=PROBE_ROUNDS, seconds=PROBE_S, seed=options.seed
        )
        if not last and not is_sustained(probe, offered, bounds):
            time.sleep(REST_S)  # a queue that grew has late work behind it
            continue
        samples = run_rounds(
            contenders, (offered,), rounds=options.rounds, seconds=options.seconds, seed=options.seed
        )
        if last or is_sustained(samples, offered, bounds):
            break
    return RateResult(samples, offered, is_sustained(samples, offered, bounds))


def is_sustained(samples: Sequence[Sample], workload: Workload, bounds: SustainedBounds) -> bool:
    """Whether nothing failed and, with every server, most slices came back whole and in time."""
    if find_faults(samples):
        return False
    for server in {sample.server for sample in samples}:
        mine = [sample.slice for sample in samples if sample.server == server]
        share = statistics.median(one.messages / one.seconds for one in mine) / workload.per_s
        if share < bounds.share or statistics.median(one.p99_ms for one in mine) > bounds.p99_ms:
            return False
    return True
