"""Cost of a page of posts, compared with one read: the home feed, a tag, and the public timeline.

`python -m bench.feed`. Measures first and second pages of the home feed of users who follow 10, 100 and 1000
authors, whose timelines are already built; the time to build one is reported separately. Of the others it
measures first pages. The baseline reads 20 rows through one index. No posts are created meanwhile.
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
"""Per group: enough that no user reaches the rate limit."""
PAGE_SIZE = 20
PAGES = ("first", "second")
CONCURRENCY_LEVELS = {"one at a time": 1, "sixteen at a time": 16}
GOAL_LEVEL = "sixteen at a time"
GOAL_COST = 2.0
GOAL_GROWTH = 1.5
TAGS = [f"tag{number}" for number in range(50)]
"""Each post has one."""
LISTS = {
    "tag": [f"/v1/tags/{tag}/posts?limit={PAGE_SIZE}" for tag in TAGS],
    "public timeline": [f"/v1/timeline/public?limit={PAGE_SIZE}"],
}
GOAL_LIST_COST = 3.0


class Page(msgspec.Struct, frozen=True):
    items: list[msgspec.Raw]
    next_cursor: str | None


class ReaderGroup(msgspec.Struct, frozen=True):
    """Requests of the readers with the same number of follows, and the latency of each one's first read."""

    followed: int
    requests: dict[str, list[bytes]]
    first_read_ms: list[float]


def run(options: Options) -> Report:
    if options.baselines_only:
        return Report("Feeds", [], "Not measured: the baseline reads data that Convene stores.")
    rng = random.Random(options.seed)
    with ExitStack() as stack:
        stores = stack.enter_context(BenchStores())
        convene = stack.enter_context(ConveneServer(stores))
        started_at = time.monotonic()
        authors, readers = insert_data(DatabaseFixture(stores.postgres_url, options.seed), options, rng)
        loaded_s = time.monotonic() - started_at
        environment = {"BASELINE_POSTGRES_URL": database_url(stores.postgres_url, "posts")}
        baseline = stack.enter_context(BaselineServer("one read", "read", environment=environment))
        baseline_generator = stack.enter_context(
            HttpGenerator(baseline.port, max(CONCURRENCY_LEVELS.values()))
        )
        generator = stack.enter_context(HttpGenerator(convene.port, max(CONCURRENCY_LEVELS.values())))
        groups = [build_timelines(generator, followed, users) for followed, users in readers.items()]
        baseline_requests = cycle_shuffled(
            [encode_request("GET", f"/v1/users/{author.id}/posts", author.token) for author in authors], rng
        )
        trials = []
        for level, concurrency in CONCURRENCY_LEVELS.items():
            one_read = f"one read, {level}"
            trials.append(
                Trial(one_read, one_read, baseline, baseline_generator, baseline_requests, concurrency)
            )
            trials += [
                Trial(
                    trial_name(page, group.followed, level),
                    one_read,
                    convene,
                    generator,
                    cycle_shuffled(group.requests[page], rng),
                    concurrency,
                )
                for page, group in itertools.product(PAGES, groups)
            ]
            everyone = [user for users in readers.values() for user in users]
            trials += [
                Trial(
                    f"{name}, {level}",
                    one_read,
                    convene,
                    generator,
                    cycle_shuffled(list_requests(generator, paths, everyone), rng),
                    concurrency,
                )
                for name, paths in LISTS.items()
            ]
        samples = run_trials(trials, rounds=options.rounds, seconds=options.seconds, seed=options.seed)
    goals = [
        Goal(
            f"{name}, {GOAL_LEVEL}: cost / one read",
            GOAL_LIST_COST,
            cost_ratio(samples, f"{name}, {GOAL_LEVEL}", f"one read, {GOAL_LEVEL}"),
            at_most=True,
        )
        for name in LISTS
    ]
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
    first_reads = "; ".join(
        f"{group.followed} followed: {format_spread(Spread.of(group.first_read_ms))} ms" for group in groups
    )
    return Report(
        f"Feeds over {options.posts} posts, {options.rounds} rounds of {options.seconds:g} s",
        goals,
        f"{table(samples, trials, f'{PAGE_SIZE} posts')}\n\n{AUTHORS} authors; inserting the data "
        f"took {loaded_s:.0f} s. Latency of the first read, which builds the timeline: {first_reads}.",
        find_invalid_samples(samples),
    )


def insert_data(
    fixture: DatabaseFixture, options: Options, rng: random.Random
) -> tuple[list[BenchUser], dict[int, list[BenchUser]]]:
    """Insert authors with posts, and readers grouped by the number of authors they follow."""
    authors = fixture.insert_users(AUTHORS)
    fixture.insert_posts(authors, options.posts, TAGS)
    readers = {followed: fixture.insert_users(READERS) for followed in FOLLOWED_COUNTS}
    fixture.insert_follows(
        {user.id: rng.sample(authors, followed) for followed, users in readers.items() for user in users}
    )
    fixture.vacuum()
    return authors, readers


def build_timelines(generator: HttpGenerator, followed: int, users: Sequence[BenchUser]) -> ReaderGroup:
    """Read each user's first page: this builds the timeline and returns the cursor of the second page."""
    pages: dict[str, list[bytes]] = {page: [] for page in PAGES}
    first_read_ms = []
    for user in users:
        first = encode_request("GET", f"/v1/feed?limit={PAGE_SIZE}", user.token)
        started_at = time.perf_counter()
        response = generator.send_one(first)
        first_read_ms.append(1000 * (time.perf_counter() - started_at))
        if response.status != 200:
            raise GeneratorFailed(f"GET /v1/feed returned {response.status}: {response.body[:500]!r}")
        page = msgspec.json.decode(response.body, type=Page)
        if len(page.items) != PAGE_SIZE or page.next_cursor is None:
            raise GeneratorFailed(f"the first feed page has only {len(page.items)} posts")
        second = encode_request("GET", f"/v1/feed?limit={PAGE_SIZE}&cursor={page.next_cursor}", user.token)
        pages["first"].append(first)
        pages["second"].append(second)
    return ReaderGroup(followed, pages, first_read_ms)


def list_requests(generator: HttpGenerator, paths: Sequence[str], users: Sequence[BenchUser]) -> list[bytes]:
    """Return a request of each user, after one request for each list whose page must be full."""
    for path in paths:
        response = generator.send_one(encode_request("GET", path, users[0].token))
        if response.status != 200 or len(msgspec.json.decode(response.body, type=Page).items) != PAGE_SIZE:
            raise GeneratorFailed(f"GET {path} returned {response.status}: {response.body[:500]!r}")
    return [
        encode_request("GET", path, user.token)
        for path, user in zip(itertools.cycle(paths), users, strict=False)
    ]


def cycle_shuffled(requests: Sequence[bytes], rng: random.Random) -> Iterator[bytes]:
    """Repeat the requests endlessly in one random order."""
    return itertools.cycle(rng.sample(requests, len(requests)))


def trial_name(page: str, followed: int, level: str) -> str:
    return f"{page} page, {followed} followed, {level}"


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
