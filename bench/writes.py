"""Cost of likes, follows and RSVPs, with the resulting domain events, compared with one write.

`python -m bench.writes`. Two instances share the server core: one serves the requests, the other consumes the
domain events and does the resulting work (notifications, timelines, conversations). The baseline inserts one
row in a transaction. No request repeats an earlier one; every RSVP to the single event is from a new user.
"""

import itertools
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import msgspec

from bench.harness.bench_users import BenchUser
from bench.harness.convene_server import ConveneServer
from bench.harness.database_fixture import DatabaseFixture
from bench.harness.generator import GeneratorFailed
from bench.harness.http_generator import HttpGenerator, encode_request
from bench.harness.options import Options, read_options
from bench.harness.report import Goal, Report, print_and_exit
from bench.harness.server import BaselineServer
from bench.harness.stores import BenchStores
from bench.harness.trials import Trial, cost_ratio, find_invalid_samples, latency_ratio, run_trials, table
from config.limits import EVENT_CAPACITY_MAX

AUTHORS = 2000
WRITERS = 200
"""Users who like, follow and RSVP in turn."""
EVENT_ATTENDEES = 20_000
"""Users who RSVP to the single event, each once."""
EVENTS = 200
GOING = b'{"status":"GOING"}'
BASELINE_KINDS = {
    "like": "like",
    "follow": "follow",
    "answer, many events": "rsvp",
    "answer, one event": "rsvp",
}
"""Request kind of Convene -> request kind of the baseline."""
REQUESTS_PER_SLICE_MAX = {"answer, many events": 100, "answer, one event": 100}
"""An RSVP causes much work in the consumer, which a slice waits for."""
CONCURRENCY_LEVELS = {"one at a time": 1, "sixteen at a time": 16}
GOAL_COST = 3.0
GOAL_WAIT = 3.0


class NewEvent(msgspec.Struct, frozen=True):
    title: str
    start_datetime: datetime
    end_datetime: datetime
    capacity: int


class CreatedEvent(msgspec.Struct, frozen=True):
    id: str


def run(options: Options) -> Report:
    if options.baselines_only:
        return Report("Writes", [], "Not measured without Convene.")
    with ExitStack() as stack:
        stores = stack.enter_context(BenchStores())
        # The first instance gets the leases of all event consumers.
        consumer = stack.enter_context(ConveneServer(stores, name="Convene consumer"))
        convene = stack.enter_context(ConveneServer(stores))
        fixture = DatabaseFixture(stores.postgres_url, options.seed)
        environment = {"BASELINE_POSTGRES_URL": fixture.create_database("baseline")}
        baseline = stack.enter_context(BaselineServer("one write", "write", environment=environment))
        started_at = time.monotonic()
        generator = stack.enter_context(HttpGenerator(convene.port, max(CONCURRENCY_LEVELS.values())))
        convene_requests = encode_convene_requests(fixture, generator, options)
        loaded_s = time.monotonic() - started_at
        baseline_requests = {kind: encode_baseline_requests(kind) for kind in BASELINE_KINDS.values()}
        baseline_generator = stack.enter_context(
            HttpGenerator(baseline.port, max(CONCURRENCY_LEVELS.values()))
        )
        trials = []
        for level, concurrency in CONCURRENCY_LEVELS.items():
            trials += [
                Trial(
                    baseline_name(kind, level),
                    baseline_name(kind, level),
                    baseline,
                    baseline_generator,
                    requests,
                    concurrency,
                )
                for kind, requests in baseline_requests.items()
            ]
            trials += [
                Trial(
                    f"{kind}, {level}",
                    baseline_name(BASELINE_KINDS[kind], level),
                    convene,
                    generator,
                    requests,
                    concurrency,
                    consumer,
                    REQUESTS_PER_SLICE_MAX.get(kind),
                )
                for kind, requests in convene_requests.items()
            ]
        samples = run_trials(trials, rounds=options.rounds, seconds=options.seconds, seed=options.seed)
    goals = []
    for kind, level in itertools.product(BASELINE_KINDS, CONCURRENCY_LEVELS):
        name, one_write = f"{kind}, {level}", baseline_name(BASELINE_KINDS[kind], level)
        goals += [
            Goal(f"{name}: cost / one write", GOAL_COST, cost_ratio(samples, name, one_write), at_most=True),
            Goal(
                f"{name}: p50 / one write",
                GOAL_WAIT,
                latency_ratio(samples, name, one_write, "p50_ms"),
                at_most=True,
            ),
        ]
    return Report(
        f"Writes, {options.rounds} rounds of {options.seconds:g} s",
        goals,
        f"{table(samples, trials, 'writes')}\n\n{options.posts} posts of {AUTHORS} authors, {WRITERS} users "
        f"who write in turn, {EVENT_ATTENDEES} who RSVP to one event. "
        f"Inserting the data took {loaded_s:.0f} s.",
        find_invalid_samples(samples),
    )


def encode_convene_requests(
    fixture: DatabaseFixture, generator: HttpGenerator, options: Options
) -> dict[str, Iterator[bytes]]:
    """Return the requests to Convene by kind; within a kind every (user, object) pair is distinct."""
    authors, writers, attendees = (
        fixture.insert_users(count) for count in (AUTHORS, WRITERS, EVENT_ATTENDEES)
    )
    posts = fixture.insert_posts(authors, options.posts)
    fixture.vacuum()
    single_event, *events = (create_event(generator, author) for author in authors[: EVENTS + 1])
    author_ids = [author.id for author in authors]
    return {
        "like": iter(
            encode_request("PUT", f"/v1/posts/{post}/like", user.token)
            for post, user in zip(posts, itertools.cycle(writers), strict=False)
        ),
        "follow": iter(
            encode_request("PUT", f"/v1/users/{author}/follow", user.token)
            for user, author in pairs(writers, author_ids)
        ),
        "answer, many events": iter(
            encode_request("PUT", f"/v1/events/{event}/rsvp", user.token, GOING)
            for user, event in pairs(writers, events)
        ),
        "answer, one event": iter(
            encode_request("PUT", f"/v1/events/{single_event}/rsvp", user.token, GOING) for user in attendees
        ),
    }


def create_event(generator: HttpGenerator, creator: BenchUser) -> str:
    """Create a future event with maximum capacity, and thereby its conversation; return its id."""
    start = datetime.now(UTC) + timedelta(days=30)
    event = NewEvent("Event", start, start + timedelta(hours=3), EVENT_CAPACITY_MAX)
    response = generator.send_one(
        encode_request("POST", "/v1/events", creator.token, msgspec.json.encode(event))
    )
    if response.status != 201:
        raise GeneratorFailed(f"POST /v1/events returned {response.status}: {response.body[:500]!r}")
    return msgspec.json.decode(response.body, type=CreatedEvent).id


def encode_baseline_requests(kind: str) -> Iterator[bytes]:
    """Return requests to the baseline, which does not authenticate: the path names the user."""
    paths = {"like": "/v1/posts/{}/like", "follow": "/v1/users/{}/follow", "rsvp": "/v1/events/{}/rsvp"}
    for number in itertools.count():
        path = paths[kind].format(f"00000000-0000-4000-8000-{number:012x}")
        user_id = f"11111111-0000-4000-8000-{number % WRITERS:012x}"
        yield encode_request("PUT", f"{path}/{user_id}", "t" * 43, GOING if kind == "rsvp" else b"")


def pairs(users: Sequence[BenchUser], object_ids: Sequence[str]) -> Iterator[tuple[BenchUser, str]]:
    """Yield every (user, object) pair, ordered so that neither a user nor an object repeats soon."""
    step = max(1, len(object_ids) // len(users))
    for shift, number in itertools.product(range(len(object_ids)), range(len(users))):
        yield users[number], object_ids[(number * step + shift) % len(object_ids)]


def baseline_name(kind: str, level: str) -> str:
    return f"one write ({kind}), {level}"


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
