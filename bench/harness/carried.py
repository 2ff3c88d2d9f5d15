"""The greatest of some rates that everybody carries: nobody is then measured on a queue that grows."""

import statistics
import time
from collections.abc import Sequence

import msgspec

from bench.harness.options import Options
from bench.harness.rounds import Contender, Sample, Work, doubts, play

PROBE_ROUNDS = 3
PROBE_S = 1.5
REST_S = 2.0
NOT_CARRIED = "Not everybody carried even that rate: these are the latencies of a queue."


class Bounds(msgspec.Struct, frozen=True):
    """What counts as carried: such a share of what was offered, in most slices, within such a p99."""

    share: float
    p99_ms: float


IN_TIME = Bounds(share=0.9, p99_ms=500.0)


class Played(msgspec.Struct, frozen=True):
    """The slices at the rate that was played last."""

    samples: Sequence[Sample]
    offered: Work
    carried: bool


def play_carried(
    name: str,
    contenders: Sequence[Contender],
    options: Options,
    rates_per_s: Sequence[float],
    bounds: Bounds = IN_TIME,
) -> Played:
    """Play at the rate given, else at the greatest that everybody carries, else at the last.

    A probe of the first contender spares hopeless rounds.
    """
    rates = [options.per_s] if options.per_s else rates_per_s
    for per_s in rates:
        offered = Work(f"{name}, {per_s:g} messages/s", per_s=per_s)
        last = per_s == rates[-1]
        probe = play(contenders[:1], (offered,), rounds=PROBE_ROUNDS, seconds=PROBE_S, seed=options.seed)
        if not last and not carried(probe, offered, bounds):
            time.sleep(REST_S)  # a queue that grew has late work behind it
            continue
        samples = play(
            contenders, (offered,), rounds=options.rounds, seconds=options.seconds, seed=options.seed
        )
        if last or carried(samples, offered, bounds):
            break
    return Played(samples, offered, carried(samples, offered, bounds))


def carried(samples: Sequence[Sample], offered: Work, bounds: Bounds) -> bool:
    """Whether nothing failed and, with every server, most slices came back whole and in time."""
    if doubts(samples):
        return False
    for server in {sample.server for sample in samples}:
        mine = [sample.slice for sample in samples if sample.server == server]
        share = statistics.median(one.messages / one.seconds for one in mine) / offered.per_s
        if share < bounds.share or statistics.median(one.p99_ms for one in mine) > bounds.p99_ms:
            return False
    return True
