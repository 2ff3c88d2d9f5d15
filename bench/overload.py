"""An instance, and two, that are offered half as many messages again as they can carry.

`python -m bench.overload`. Direct pairs, open loop. First the best rate: the highest of several that is
carried with a p99 within the goal, each for a few seconds. Then 1.5 times that for 30 s, then, after 5 s,
half of the best rate. What is carried are the acknowledged messages. Latency is from the intended send time
to the receipt by each member; refused messages have none. Across two instances each pair has a member on
either.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack

import msgspec

from bench.harness.bench_users import UserSetup
from bench.harness.convene_server import ConveneServer
from bench.harness.generator import Generator, Slice
from bench.harness.members import Member, split_between_ports
from bench.harness.options import Options, read_options
from bench.harness.report import Goal, Report, print_and_exit
from bench.harness.rounds import Spread
from bench.harness.stores import BenchStores

RATES_PER_S = (500.0, 1000.0, 1500.0, 2000.0, 2500.0, 3000.0, 3500.0, 4000.0, 5000.0, 6000.0, 8000.0)
PROBE_S = 4.0
REST_S = 3.0
CARRIED_SHARE = 0.9
"""The search for the best rate ends at the first rate of which less is carried, or with a longer p99."""
OVERLOAD = 1.5
OVERLOAD_S = 30.0
RECOVERY_S = 5.0
NORMAL_SHARE = 0.5
GOAL_CARRIED = 0.9
GOAL_P99_MS = 500.0
GOAL_RECOVERED = 2.0
P99_FLOOR_MS = 50.0
"""Below this a p99 counts as normal, whatever it was before."""


class Outcome(msgspec.Struct, frozen=True):
    """The slices of one setup: the one with the best rate, and those at half of it around the overload."""

    setup: str
    best: Slice
    before: Slice
    during: Slice
    after: Slice

    def goals(self) -> list[Goal]:
        refused = self.during.errors
        return [
            Goal(
                f"{self.setup}: carried under overload / best",
                GOAL_CARRIED,
                Spread.of([carried_per_s(self.during) / carried_per_s(self.best)]),
            ),
            Goal(
                f"{self.setup}: refusals that say when to retry",
                1.0,
                Spread.of([self.during.refused / refused if refused else 1.0]),
            ),
            Goal(
                f"{self.setup}: p99 of carried messages under overload",
                GOAL_P99_MS,
                Spread.of([self.during.p99_ms]),
                " ms",
                at_most=True,
            ),
            Goal(
                f"{self.setup}: p99 {RECOVERY_S:g} s after / before",
                GOAL_RECOVERED,
                Spread.of([max(self.after.p99_ms, P99_FLOOR_MS) / max(self.before.p99_ms, P99_FLOOR_MS)]),
                at_most=True,
            ),
        ]

    def rows(self) -> list[str]:
        named = {
            "best rate": self.best,
            f"{NORMAL_SHARE:g} of it, before": self.before,
            f"{OVERLOAD:g} of it": self.during,
            f"{NORMAL_SHARE:g} of it, after": self.after,
        }
        return [
            f"| {self.setup}, {name} | {each.messages / each.seconds:.0f} | {carried_per_s(each):.0f}"
            f" | {each.errors} | {each.unsent} | {each.p50_ms:.1f} | {each.p99_ms:.1f} | {each.max_ms:.0f} |"
            for name, each in named.items()
        ]


def run(options: Options) -> Report:
    if options.baselines_only:
        return Report("Overload", [], "Not measured without Convene.")
    with ExitStack() as stack:
        stores = stack.enter_context(BenchStores())
        first = stack.enter_context(ConveneServer(stores, name="first instance"))
        second = stack.enter_context(ConveneServer(stores, name="second instance"))
        setup = UserSetup(first.url, first.port)
        members = setup.create_pairs(setup.register(2 * options.pairs))
        outcomes = [
            _measure("one instance", members),
            _measure("across two instances", split_between_ports(members, second.port)),
        ]
    return Report(
        f"Overload, {options.pairs} pairs",
        [goal for outcome in outcomes for goal in outcome.goals()],
        "\n".join(
            [
                "| load | offered/s | carried/s | refused | unsent | p50 ms | p99 ms | max ms |",
                "|---" * 8 + "|",
                *(row for outcome in outcomes for row in outcome.rows()),
            ]
        ),
        tuple(
            f"Invalid: {outcome.setup}: connections were lost."
            for outcome in outcomes
            if outcome.during.lost_connections
        ),
    )


def _measure(setup: str, members: Sequence[Member]) -> Outcome:
    with Generator(members) as generator:
        _slice(generator, PROBE_S, RATES_PER_S[0] * NORMAL_SHARE)  # starts the actors of all conversations
        best = _find_best(generator)
        rate = carried_per_s(best)
        before = _slice(generator, PROBE_S, NORMAL_SHARE * rate)
        during = generator.slice(OVERLOAD_S, per_s=OVERLOAD * rate)
        time.sleep(RECOVERY_S)
        return Outcome(setup, best, before, during, generator.slice(PROBE_S, per_s=NORMAL_SHARE * rate))


def _find_best(generator: Generator) -> Slice:
    """Return the slice with the highest rate that is carried; the one with the lowest rate if none is."""
    best: Slice | None = None
    for per_s in RATES_PER_S:
        measured = _slice(generator, PROBE_S, per_s)
        if carried_per_s(measured) < CARRIED_SHARE * per_s or measured.p99_ms > GOAL_P99_MS:
            return best or measured
        best = measured
    assert best is not None
    return best


def _slice(generator: Generator, seconds: float, per_s: float) -> Slice:
    measured = generator.slice(seconds, per_s=per_s)
    time.sleep(REST_S)  # late writes of this slice must not slow the next
    return measured


def carried_per_s(measured: Slice) -> float:
    return measured.acks / measured.seconds


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
