"""Five hundred direct pairs, all servers offered the same rate: what one private message costs.

`python -m bench.pairs`. The rate is the greatest of a few that every server carries through all rounds, so
that nobody is measured on a queue that grows. The limits and the peer store nothing; Convene stores each
message first.
"""

import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack

from bench.harness.convene import Convene
from bench.harness.generator import Generator, among_strangers
from bench.harness.options import Options, read_options
from bench.harness.people import People
from bench.harness.report import Report, faster, table, tell
from bench.harness.rounds import Contender, Sample, Work, doubts, play
from bench.harness.server import aiohttp_send, l0_each, l0_joined
from bench.peers.roster import SOCKET_IO, open_peers, remarks

RATES_PER_S = (8000.0, 6000.0, 4000.0, 3000.0, 2000.0, 1000.0)
PROBE_S = 1.5
REST_S = 2.0
CARRIED_P99_MS = 500.0
CARRIED_SHARE = 0.9
NOT_CARRIED = "Not everybody carried even that rate: these are the latencies of a queue."
LIMITS = (l0_each, l0_joined, aiohttp_send)


def run(options: Options) -> Report:
    with ExitStack() as stack:
        contenders = []
        if not options.limits_only:
            convene = stack.enter_context(Convene())
            people = People(convene.url, convene.port)
            members = people.pairs(people.prepare(2 * options.pairs))
            generator = stack.enter_context(Generator(members))
            contenders.append(Contender(convene, generator))
        others = [stack.enter_context(limit()) for limit in LIMITS]
        peers, absent = open_peers(stack, (SOCKET_IO,))
        for server in (*others, *peers):
            generator = stack.enter_context(among_strangers(server, options.pairs, 2))
            contenders.append(Contender(server, generator))
        samples, offered = play_carried(contenders, options)
    goals = []
    if not options.limits_only:
        goals = [
            faster(samples, offered.name, "L0", 0.15),
            faster(samples, offered.name, SOCKET_IO.name, 1.5),
        ]
    return Report(
        f"{options.pairs} direct pairs, {options.rounds} rounds of {options.seconds:g} s",
        goals,
        f"{table(samples, offered.name, 'L0')}\n\n{remarks(absent)}",
        doubts(samples) + (() if carried(samples, offered) else (NOT_CARRIED,)),
    )


def play_carried(
    contenders: Sequence[Contender], options: Options, rates_per_s: Sequence[float] = RATES_PER_S
) -> tuple[list[Sample], Work]:
    """Play at the rate given, else at the greatest that everybody carries.

    A probe of the first contender spares hopeless rounds.
    """
    rates = [options.per_s] if options.per_s else rates_per_s
    for per_s in rates:
        offered = Work(f"pairs, {per_s:g} messages/s", per_s=per_s)
        last = per_s == rates[-1]
        probe = play(contenders[:1], (offered,), rounds=3, seconds=PROBE_S, seed=options.seed)
        if not last and not carried(probe, offered):
            time.sleep(REST_S)  # a queue that grew has late work behind it
            continue
        samples = play(
            contenders, (offered,), rounds=options.rounds, seconds=options.seconds, seed=options.seed
        )
        if last or carried(samples, offered):
            break
    return samples, offered


def carried(samples: Sequence[Sample], offered: Work) -> bool:
    """Whether nothing failed and, with every server, most slices came back whole and in time."""
    if doubts(samples):
        return False
    for server in {sample.server for sample in samples}:
        mine = [sample.slice for sample in samples if sample.server == server]
        share = statistics.median(one.messages / one.seconds for one in mine) / offered.per_s
        if share < CARRIED_SHARE or statistics.median(one.p99_ms for one in mine) > CARRIED_P99_MS:
            return False
    return True


if __name__ == "__main__":
    tell(run(read_options(__doc__)))
