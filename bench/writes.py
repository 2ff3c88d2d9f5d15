"""Likes, follows and answers to events: what one costs, and what follows from it, against one write.

`python -m bench.writes`. Two instances share the server's core: one answers, the other reads the feeds
between services, and so has the work that follows (notifications, timelines, conversations). The limit
inserts one row in a transaction. Nothing is done twice; whoever answers the one event was never seen before.
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
"""Those who like, follow and answer, in turn."""
EVENT_ATTENDEES = 20_000
"""Those who answer the one big event, each once."""
EVENTS = 200
GOING = b'{"status":"GOING"}'
BASELINE_KINDS = {
    "like": "like",
    "follow": "follow",
    "answer, many events": "answer",
    "answer, one event": "answer",
}
"""What is asked of Convene, and what of the limit."""
REQUESTS_PER_SLICE_MAX = {"answer, many events": 100, "answer, one event": 100}
"""In one slice: each answer has much behind it, which is waited for."""
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
        # Whoever is first reads the feeds.
        follower = stack.enter_context(ConveneServer(stores, name="Convene that reads"))
        convene = stack.enter_context(ConveneServer(stores))
        population = DatabaseFixture(stores.postgres_url, options.seed)
        variables = {"BASELINE_POSTGRES_URL": population.create_database("limit")}
        limit = stack.enter_context(BaselineServer("one write", "write", environment=variables))
        began = time.monotonic()
        at_convene = stack.enter_context(HttpGenerator(convene.port, max(CONCURRENCY_LEVELS.values())))
        asked = encode_convene_requests(population, at_convene, options)
        loaded_s = time.monotonic() - began
        written = {kind: encode_baseline_requests(kind) for kind in BASELINE_KINDS.values()}
        at_limit = stack.enter_context(HttpGenerator(limit.port, max(CONCURRENCY_LEVELS.values())))
        trials = []
        for load, at_once in CONCURRENCY_LEVELS.items():
            trials += [
                Trial(
                    baseline_name(kind, load), baseline_name(kind, load), limit, at_limit, requests, at_once
                )
                for kind, requests in written.items()
            ]
            trials += [
                Trial(
                    f"{kind}, {load}",
                    baseline_name(BASELINE_KINDS[kind], load),
                    convene,
                    at_convene,
                    requests,
                    at_once,
                    follower,
                    REQUESTS_PER_SLICE_MAX.get(kind),
                )
                for kind, requests in asked.items()
            ]
        samples = run_trials(trials, rounds=options.rounds, seconds=options.seconds, seed=options.seed)
    goals = []
    for kind, load in itertools.product(BASELINE_KINDS, CONCURRENCY_LEVELS):
        name, against = f"{kind}, {load}", baseline_name(BASELINE_KINDS[kind], load)
        goals += [
            Goal(f"{name}: cost / one write", GOAL_COST, cost_ratio(samples, name, against), at_most=True),
            Goal(
                f"{name}: p50 / one write",
                GOAL_WAIT,
                latency_ratio(samples, name, against, "p50_ms"),
                at_most=True,
            ),
        ]
    return Report(
        f"Writes, {options.rounds} rounds of {options.seconds:g} s",
        goals,
        f"{table(samples, trials, 'writes')}\n\n{options.posts} posts of {AUTHORS} authors, {WRITERS} people "
        f"who write in turn, {EVENT_ATTENDEES} who answer one event; all was put in within {loaded_s:.0f} s.",
        find_invalid_samples(samples),
    )


def encode_convene_requests(
    population: DatabaseFixture, caller: HttpGenerator, options: Options
) -> dict[str, Iterator[bytes]]:
    """What is asked of Convene, by kind; no two of a kind name the same pair."""
    authors, people, crowd = (population.insert_users(count) for count in (AUTHORS, WRITERS, EVENT_ATTENDEES))
    posts = population.insert_posts(authors, options.posts)
    population.vacuum()
    big, *events = (create_event(caller, author) for author in authors[: EVENTS + 1])
    author_ids = [author.id for author in authors]
    return {
        "like": iter(
            encode_request("PUT", f"/v1/posts/{post}/like", person.token)
            for post, person in zip(posts, itertools.cycle(people), strict=False)
        ),
        "follow": iter(
            encode_request("PUT", f"/v1/users/{author}/follow", person.token)
            for person, author in pairs(people, author_ids)
        ),
        "answer, many events": iter(
            encode_request("PUT", f"/v1/events/{event}/rsvp", person.token, GOING)
            for person, event in pairs(people, events)
        ),
        "answer, one event": iter(
            encode_request("PUT", f"/v1/events/{big}/rsvp", person.token, GOING) for person in crowd
        ),
    }


def create_event(caller: HttpGenerator, creator: BenchUser) -> str:
    """An event to come with room for everybody, made by the public contract: its conversation is made too."""
    start = datetime.now(UTC) + timedelta(days=30)
    wanted = NewEvent("Event", start, start + timedelta(hours=3), EVENT_CAPACITY_MAX)
    answer = caller.send_one(encode_request("POST", "/v1/events", creator.token, msgspec.json.encode(wanted)))
    if answer.status != 201:
        raise GeneratorFailed(f"POST /v1/events answers {answer.status}: {answer.body[:500]!r}")
    return msgspec.json.decode(answer.body, type=CreatedEvent).id


def encode_baseline_requests(kind: str) -> Iterator[bytes]:
    """The same of the limit, which asks for no token and so is told who it is."""
    paths = {"like": "/v1/posts/{}/like", "follow": "/v1/users/{}/follow", "answer": "/v1/events/{}/rsvp"}
    for number in itertools.count():
        path = paths[kind].format(f"00000000-0000-4000-8000-{number:012x}")
        user_id = f"11111111-0000-4000-8000-{number % WRITERS:012x}"
        yield encode_request("PUT", f"{path}/{user_id}", "t" * 43, GOING if kind == "answer" else b"")


def pairs(users: Sequence[BenchUser], object_ids: Sequence[str]) -> Iterator[tuple[BenchUser, str]]:
    """Everybody with every other one, so that neither comes again soon."""
    step = max(1, len(object_ids) // len(users))
    for shift, number in itertools.product(range(len(object_ids)), range(len(users))):
        yield users[number], object_ids[(number * step + shift) % len(object_ids)]


def baseline_name(kind: str, load: str) -> str:
    return f"one write ({kind}), {load}"


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
