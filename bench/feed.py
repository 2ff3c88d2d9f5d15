"""The home feed of people who follow few, many and very many: what a page costs, against one read.

`python -m bench.feed`. First pages and second ones, of timelines that were built beforehand; what building
one takes is told beside. The limit reads 20 rows by one index. Nobody posts while it measures.
"""

import itertools
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import msgspec

from bench.harness.bench_users import BenchUser
from bench.harness.convene_server import ConveneServer
from bench.harness.database_fixture import DatabaseFixture
from bench.harness.generator import GeneratorFailed
from bench.harness.http_generator import HttpGenerator, encode_request
from bench.harness.options import Options, read_options
from bench.harness.report import Goal, Report, format_spread, print_and_exit
from bench.harness.rounds import Spread
from bench.harness.server import BaselineServer
from bench.harness.stores import BenchStores
from bench.harness.trials import Trial, cost_range_ratio, cost_ratio, find_invalid_samples, run_trials, table
from storage.postgres.migrations import database_url

AUTHORS = 2000
FOLLOWED_COUNTS = (10, 100, 1000)
READERS = 50
"""Of each kind: enough that nobody's own budget of requests ends."""
PAGE_SIZE = 20
PAGES = ("first", "second")
CONCURRENCY_LEVELS = {"one at a time": 1, "sixteen at a time": 16}
GOAL_LEVEL = "sixteen at a time"
GOAL_COST = 2.0
GOAL_GROWTH = 1.5


class Page(msgspec.Struct, frozen=True):
    items: list[msgspec.Raw]
    next_cursor: str | None


class ReaderGroup(msgspec.Struct, frozen=True):
    """The requests of readers who follow equally many, and how long each waited for the very first page."""

    followed: int
    requests: dict[str, list[bytes]]
    first_read_ms: list[float]


def run(options: Options) -> Report:
    if options.baselines_only:
        return Report("Home feed", [], "Its limit reads what Convene keeps: not measured without it.")
    dice = random.Random(options.seed)
    with ExitStack() as stack:
        stores = stack.enter_context(BenchStores())
        convene = stack.enter_context(ConveneServer(stores))
        began = time.monotonic()
        authors, readers = insert_data(DatabaseFixture(stores.postgres_url, options.seed), options, dice)
        loaded_s = time.monotonic() - began
        variables = {"BASELINE_POSTGRES_URL": database_url(stores.postgres_url, "posts")}
        limit = stack.enter_context(BaselineServer("one read", "read", environment=variables))
        at_limit = stack.enter_context(HttpGenerator(limit.port, max(CONCURRENCY_LEVELS.values())))
        at_convene = stack.enter_context(HttpGenerator(convene.port, max(CONCURRENCY_LEVELS.values())))
        readings = [build_timelines(at_convene, followed, people) for followed, people in readers.items()]
        reads = cycle_shuffled(
            [encode_request("GET", f"/v1/users/{one.id}/posts", one.token) for one in authors], dice
        )
        trials = []
        for load, at_once in CONCURRENCY_LEVELS.items():
            one_read = f"one read, {load}"
            trials.append(Trial(one_read, one_read, limit, at_limit, reads, at_once))
            trials += [
                Trial(
                    trial_name(page, reading.followed, load),
                    one_read,
                    convene,
                    at_convene,
                    cycle_shuffled(reading.requests[page], dice),
                    at_once,
                )
                for page, reading in itertools.product(PAGES, readings)
            ]
        samples = run_trials(trials, rounds=options.rounds, seconds=options.seconds, seed=options.seed)
    goals = []
    for page in PAGES:
        names = [trial_name(page, followed, GOAL_LEVEL) for followed in FOLLOWED_COUNTS]
        goals += [
            Goal(
                f"{name}: cost / one read",
                GOAL_COST,
                cost_ratio(samples, name, f"one read, {GOAL_LEVEL}"),
                at_most=True,
            )
            for name in names
        ]
        goals.append(
            Goal(
                f"{page} page: dearest / cheapest",
                GOAL_GROWTH,
                cost_range_ratio(samples, names),
                at_most=True,
            )
        )
    built = "; ".join(
        f"{one.followed} followed: {format_spread(Spread.of(one.first_read_ms))} ms" for one in readings
    )
    return Report(
        f"Home feed over {options.posts} posts, {options.rounds} rounds of {options.seconds:g} s",
        goals,
        f"{table(samples, trials, f'{PAGE_SIZE} posts')}\n\n{AUTHORS} authors; all was put in within "
        f"{loaded_s:.0f} s. The very first page, for which a timeline is built, alone: {built}.",
        find_invalid_samples(samples),
    )


def insert_data(
    population: DatabaseFixture, options: Options, rng: random.Random
) -> tuple[list[BenchUser], dict[int, list[BenchUser]]]:
    """Authors with posts, and readers by how many of them they follow."""
    authors = population.insert_users(AUTHORS)
    population.insert_posts(authors, options.posts)
    readers = {followed: population.insert_users(READERS) for followed in FOLLOWED_COUNTS}
    population.insert_follows(
        {
            person.id: rng.sample(authors, followed)
            for followed, people in readers.items()
            for person in people
        }
    )
    population.vacuum()
    return authors, readers


def build_timelines(caller: HttpGenerator, followed: int, users: Sequence[BenchUser]) -> ReaderGroup:
    """Each reader's first page, for its timeline and for the cursor of the second."""
    pages: dict[str, list[bytes]] = {page: [] for page in PAGES}
    built_ms = []
    for person in users:
        first = encode_request("GET", f"/v1/feed?limit={PAGE_SIZE}", person.token)
        began = time.perf_counter()
        answer = caller.send_one(first)
        built_ms.append(1000 * (time.perf_counter() - began))
        if answer.status != 200:
            raise GeneratorFailed(f"the feed answers {answer.status}: {answer.body[:500]!r}")
        page = msgspec.json.decode(answer.body, type=Page)
        if len(page.items) != PAGE_SIZE or page.next_cursor is None:
            raise GeneratorFailed(f"a feed of {len(page.items)} posts only")
        second = encode_request("GET", f"/v1/feed?limit={PAGE_SIZE}&cursor={page.next_cursor}", person.token)
        pages["first"].append(first)
        pages["second"].append(second)
    return ReaderGroup(followed, pages, built_ms)


def cycle_shuffled(requests: Sequence[bytes], rng: random.Random) -> Iterator[bytes]:
    """All of them again and again, in one random order."""
    return itertools.cycle(rng.sample(requests, len(requests)))


def trial_name(page: str, followed: int, load: str) -> str:
    return f"{page} page, {followed} followed, {load}"


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
