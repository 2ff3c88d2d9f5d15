"""Latency of well-behaved members while one client address attacks their instance.

`python -m bench.hostile`. The instance runs with the limits of `config/production.toml`. Each attack is
a process at low priority with an address of its own: its clients represent other machines. Before and during
each attack, pairs of members exchange messages at a steady rate; the p99 during the attack may be
three times that before, or 50 ms, whichever is more. Memory and file descriptors of the instance are sampled
during the attack. The table shows how the attacker was answered: by close codes, error codes, "closed"
(without a code) and "served".
"""

import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import msgspec

from bench.attackers.attack import STARTED, AttackResult
from bench.attackers.attacks import ATTACKS
from bench.harness.attack_setup import create_target
from bench.harness.bench_users import BenchUser, UserSetup
from bench.harness.convene_server import ConveneServer
from bench.harness.generator import Generator, Slice
from bench.harness.load_tester import prepare_users
from bench.harness.options import Options, read_options
from bench.harness.process_cpu import OTHER_CORE, open_files, resident_bytes
from bench.harness.report import Goal, Report, format_number, print_and_exit
from bench.harness.rounds import Spread
from bench.harness.server import Process, ServerFailed
from bench.harness.stores import BenchStores
from loadtest.accounts.users_file import read_users

CONFIGURATION = "config/production.toml"
MEMBERS = 40
ATTACKERS = 50
FOLLOWERS = 2000
PER_S = 80.0
BEFORE_S = 4.0
ATTACK_S = 10.0
RAMP_S = 1.0
SLICE_S = 8.0
REST_S = 2.0
LONG_ATTACK_S = 14.0
LONG_ATTACKS = frozenset({"slow connections", "unauthenticated sockets"})
"""Attacks that the server ends after ten seconds."""
START_S = 30.0
STOP_S = 20.0
SAMPLE_S = 0.25
GOAL_RATIO = 3.0
GOAL_P99_MS = 50.0
GOAL_MEMORY_MB = 150.0
GOAL_FILES = 4000.0
SERVED_IN_FULL = frozenset({"posts to many followers", "conversation lists", "comments on one post"})
"""Attacks that may stay within the limits of their accounts: only the latency counts."""
MEGABYTE = 2**20


class Sampler:
    """Highest memory and number of open files of a process while the block runs."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._first_bytes = self.memory_bytes = resident_bytes(pid)
        self.files = open_files(pid)

    @property
    def growth_mb(self) -> float:
        return (self.memory_bytes - self._first_bytes) / MEGABYTE

    def _sample(self) -> None:
        while not self._done.wait(SAMPLE_S):
            self.memory_bytes = max(self.memory_bytes, resident_bytes(self._pid))
            self.files = max(self.files, open_files(self._pid))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._done.set()
        self._thread.join()


class Outcome(msgspec.Struct, frozen=True):
    attack: str
    before: Slice
    during: Slice
    growth_mb: float
    files: int
    result: AttackResult

    @property
    def bound_ms(self) -> float:
        return round(max(GOAL_P99_MS, GOAL_RATIO * self.before.p99_ms), 1)

    @property
    def refusals(self) -> int:
        return sum(count for answer, count in self.result.answers.items() if answer != "served")

    def goals(self) -> list[Goal]:
        latency = Goal(
            f"{self.attack}: p99 of the members' messages",
            self.bound_ms,
            Spread.of([self.during.p99_ms]),
            " ms",
            at_most=True,
        )
        refused = Goal(f"{self.attack}: refused or cut off", 1, Spread.of([self.refusals]), " times")
        return [latency] if self.attack in SERVED_IN_FULL else [latency, refused]

    def row(self) -> str:
        answers = ", ".join(f"{answer} x {count}" for answer, count in sorted(self.result.answers.items()))
        cells = (
            self.attack,
            f"{self.before.p50_ms:.1f}",
            f"{self.before.p99_ms:.1f}",
            f"{self.during.p50_ms:.1f}",
            f"{self.during.p99_ms:.1f}",
            f"{self.during.max_ms:.0f}",
            str(self.during.faults),
            f"{self.growth_mb:.0f}",
            str(self.files),
            format_number(self.result.sent),
            answers or "-",
        )
        return f"| {' | '.join(cells)} |"


HEAD = (
    "| attack | p50 ms before | p99 before | p50 during | p99 during | max during | lost | MB more"
    " | files | sent | answers |\n" + "|---" * 11 + "|\n"
)


def run(options: Options) -> Report:
    if options.baselines_only:
        return Report("Hostile clients", [], "Not measured without Convene.")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        stores = stack.enter_context(BenchStores())
        convene = stack.enter_context(
            ConveneServer(stores, arguments=["--config", CONFIGURATION], settings={})
        )
        file = prepare_users(MEMBERS + ATTACKERS + FOLLOWERS, folder / "users.json", stores.environment)
        users = [BenchUser(user.id, user.token) for user in read_users(file)]
        members, attackers, followers = (
            users[:MEMBERS],
            users[MEMBERS : MEMBERS + ATTACKERS],
            users[MEMBERS + ATTACKERS :],
        )
        target = create_target(convene.url, convene.port, members[0], attackers, followers)
        target_file = folder / "target.json"
        target_file.write_bytes(msgspec.json.encode(target))
        pairs = UserSetup(convene.url, convene.port).create_pairs(members)
        generator = stack.enter_context(Generator(pairs))
        generator.slice(BEFORE_S, per_s=PER_S)
        outcomes = []
        for attack in ATTACKS:
            outcomes.append(run_attack(attack, target_file, convene, generator))
            print(outcomes[-1].row(), file=sys.stderr, flush=True)
    return Report(
        f"Hostile clients, {len(ATTACKS)} attacks of {ATTACK_S:g} s",
        [*(goal for outcome in outcomes for goal in outcome.goals()), *totals(outcomes)],
        HEAD + "\n".join(outcome.row() for outcome in outcomes),
    )


def totals(outcomes: Sequence[Outcome]) -> list[Goal]:
    """Return the goals for the most expensive attack of each kind."""
    growth_mb = max(outcome.growth_mb for outcome in outcomes)
    files = max(outcome.files for outcome in outcomes)
    lost = max(outcome.during.faults for outcome in outcomes)
    return [
        Goal("all attacks: memory", GOAL_MEMORY_MB, Spread.of([growth_mb]), " MB more", at_most=True),
        Goal("all attacks: files", GOAL_FILES, Spread.of([files]), " open", at_most=True),
        Goal("all attacks: lost messages of members", 0, Spread.of([lost]), at_most=True),
    ]


def run_attack(attack: str, target_file: Path, convene: ConveneServer, generator: Generator) -> Outcome:
    """Measure a slice before the attack and one during it."""
    before = generator.slice(BEFORE_S, per_s=PER_S)
    seconds = LONG_ATTACK_S if attack in LONG_ATTACKS else ATTACK_S
    command = [sys.executable, "-m", "bench.attackers", attack, str(target_file), str(seconds)]
    process = Process(["nice", "-n", "19", *command], OTHER_CORE)
    try:
        wait_for_start(process)
        with Sampler(convene.pids[0]) as sampler:
            time.sleep(RAMP_S)
            during = generator.slice(SLICE_S, per_s=PER_S)
        process.wait_for_exit(STOP_S)
        result = msgspec.json.decode(process.output().splitlines()[-1], type=AttackResult)
    finally:
        process.close()
    time.sleep(REST_S)
    return Outcome(attack, before, during, sampler.growth_mb, sampler.files, result)


def wait_for_start(process: Process) -> None:
    deadline = time.monotonic() + START_S
    while STARTED not in process.output().splitlines():
        process.raise_if_exited()
        if time.monotonic() > deadline:
            raise ServerFailed(f"the attack did not start within {START_S:g} s")
        time.sleep(0.02)


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
