"""Five hundred direct pairs, all servers offered the same rate: what one private message costs.

`python -m bench.pairs`. The rate is the greatest of a few that Convene's store carries on this machine, so
that nobody is measured on a queue. The limits store nothing; Convene stores a message before it delivers it.
"""

from contextlib import ExitStack

from bench.harness.convene import Convene
from bench.harness.generator import Generator
from bench.harness.members import strangers
from bench.harness.options import Options, read_options
from bench.harness.people import People
from bench.harness.report import Goal, Report, table, tell
from bench.harness.rounds import Contender, Work, faults, play, ratios
from bench.harness.server import aiohttp_send, l0_each, l0_joined

RATES_PER_S = (8000.0, 6000.0, 4000.0, 3000.0, 2000.0, 1000.0, 500.0)
PROBE_S = 2.0
CARRIED_P99_MS = 500.0
RAW_CONNECTS_PER_S = 2000.0


def run(options: Options) -> Report:
    per_s = options.per_s
    with ExitStack() as stack:
        contenders = []
        if not options.limits_only:
            convene = stack.enter_context(Convene())
            people = People(convene.url, convene.port)
            members = people.pairs(people.prepare(2 * options.pairs))
            generator = stack.enter_context(Generator(members))
            contenders.append(Contender(convene, generator))
            per_s = per_s or carried_per_s(generator)
        for limit in (l0_each, l0_joined, aiohttp_send):
            server = stack.enter_context(limit())
            generator = Generator(
                strangers(server.port, options.pairs, 2),
                room_in_path=True,
                connects_per_s=RAW_CONNECTS_PER_S,
            )
            contenders.append(Contender(server, stack.enter_context(generator)))
        offered = Work(f"pairs, {per_s or RATES_PER_S[0]:g} messages/s", per_s=per_s or RATES_PER_S[0])
        samples = play(
            contenders, (offered,), rounds=options.rounds, seconds=options.seconds, seed=options.seed
        )
    goals = []
    if not options.limits_only:
        goals = [Goal(f"{offered.name}, Convene / L0", 0.15, ratios(samples, offered.name, "Convene", "L0"))]
    return Report(
        f"{options.pairs} direct pairs, {options.rounds} rounds of {options.seconds:g} s",
        goals,
        table(samples, offered.name, "L0"),
        faults(samples),
    )


def carried_per_s(generator: Generator) -> float:
    """The greatest rate that arrives whole, on time and without a queue that grows."""
    for per_s in RATES_PER_S:
        found = generator.slice(PROBE_S, per_s=per_s)
        on_time = found.messages / found.seconds >= 0.95 * per_s and found.p99_ms <= CARRIED_P99_MS
        if found.faults == 0 and on_time:
            return per_s
    return RATES_PER_S[-1]


if __name__ == "__main__":
    tell(run(read_options(__doc__)))
