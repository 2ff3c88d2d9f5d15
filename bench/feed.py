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

from bench.harness.caller import Caller, request
from bench.harness.convene import Convene
from bench.harness.generator import GeneratorFailed
from bench.harness.options import Options, read_options
from bench.harness.people import Person
from bench.harness.population import Population
from bench.harness.report import Goal, Report, spread, tell
from bench.harness.rounds import Spread
from bench.harness.server import Limit
from bench.harness.stores import Stores
from bench.harness.trials import Trial, costs, doubts, growth, play, table
from storage.postgres.migrations import database_url

AUTHORS = 2000
FOLLOWED = (10, 100, 1000)
READERS = 50
"""Of each kind: enough that nobody's own budget of requests ends."""
PAGE = 20
PAGES = ("first", "second")
LOADS = {"one at a time": 1, "sixteen at a time": 16}
JUDGED = "sixteen at a time"
GOAL_COST = 2.0
GOAL_GROWTH = 1.5


class Page(msgspec.Struct, frozen=True):
    items: list[msgspec.Raw]
    next_cursor: str | None


class Reading(msgspec.Struct, frozen=True):
    """The requests of readers who follow equally many, and how long each waited for the very first page."""

    followed: int
    pages: dict[str, list[bytes]]
    built_ms: list[float]


def run(options: Options) -> Report:
    if options.limits_only:
        return Report("Home feed", [], "Its limit reads what Convene keeps: not measured without it.")
    dice = random.Random(options.seed)
    with ExitStack() as stack:
        stores = stack.enter_context(Stores())
        convene = stack.enter_context(Convene(stores))
        began = time.monotonic()
        authors, readers = populate(Population(stores.postgres_url, options.seed), options, dice)
        loaded_s = time.monotonic() - began
        variables = {"LIMIT_POSTGRES_URL": database_url(stores.postgres_url, "posts")}
        limit = stack.enter_context(Limit("one read", "read", variables=variables))
        at_limit = stack.enter_context(Caller(limit.port, max(LOADS.values())))
        at_convene = stack.enter_context(Caller(convene.port, max(LOADS.values())))
        readings = [read_once(at_convene, followed, people) for followed, people in readers.items()]
        reads = shuffled([request("GET", f"/v1/users/{one.id}/posts", one.token) for one in authors], dice)
        trials = []
        for load, at_once in LOADS.items():
            one_read = f"one read, {load}"
            trials.append(Trial(one_read, one_read, limit, at_limit, reads, at_once))
            trials += [
                Trial(
                    trial_name(page, reading.followed, load),
                    one_read,
                    convene,
                    at_convene,
                    shuffled(reading.pages[page], dice),
                    at_once,
                )
                for page, reading in itertools.product(PAGES, readings)
            ]
        samples = play(trials, rounds=options.rounds, seconds=options.seconds, seed=options.seed)
    goals = []
    for page in PAGES:
        names = [trial_name(page, followed, JUDGED) for followed in FOLLOWED]
        goals += [
            Goal(
                f"{name}: cost / one read",
                GOAL_COST,
                costs(samples, name, f"one read, {JUDGED}"),
                at_most=True,
            )
            for name in names
        ]
        goals.append(
            Goal(f"{page} page: dearest / cheapest", GOAL_GROWTH, growth(samples, names), at_most=True)
        )
    built = "; ".join(f"{one.followed} followed: {spread(Spread.of(one.built_ms))} ms" for one in readings)
    return Report(
        f"Home feed over {options.posts} posts, {options.rounds} rounds of {options.seconds:g} s",
        goals,
        f"{table(samples, trials, f'{PAGE} posts')}\n\n{AUTHORS} authors; all was put in within "
        f"{loaded_s:.0f} s. The very first page, for which a timeline is built, alone: {built}.",
        doubts(samples),
    )


def populate(
    population: Population, options: Options, dice: random.Random
) -> tuple[list[Person], dict[int, list[Person]]]:
    """Authors with posts, and readers by how many of them they follow."""
    authors = population.people(AUTHORS)
    population.posts(authors, options.posts)
    readers = {followed: population.people(READERS) for followed in FOLLOWED}
    population.follows(
        {
            person.id: dice.sample(authors, followed)
            for followed, people in readers.items()
            for person in people
        }
    )
    population.settle()
    return authors, readers


def read_once(caller: Caller, followed: int, people: Sequence[Person]) -> Reading:
    """Each reader's first page, for its timeline and for the cursor of the second."""
    pages: dict[str, list[bytes]] = {page: [] for page in PAGES}
    built_ms = []
    for person in people:
        first = request("GET", f"/v1/feed?limit={PAGE}", person.token)
        began = time.perf_counter()
        answer = caller.answer(first)
        built_ms.append(1000 * (time.perf_counter() - began))
        if answer.status != 200:
            raise GeneratorFailed(f"the feed answers {answer.status}: {answer.body[:500]!r}")
        page = msgspec.json.decode(answer.body, type=Page)
        if len(page.items) != PAGE or page.next_cursor is None:
            raise GeneratorFailed(f"a feed of {len(page.items)} posts only")
        second = request("GET", f"/v1/feed?limit={PAGE}&cursor={page.next_cursor}", person.token)
        pages["first"].append(first)
        pages["second"].append(second)
    return Reading(followed, pages, built_ms)


def shuffled(requests: Sequence[bytes], dice: random.Random) -> Iterator[bytes]:
    """All of them again and again, in one random order."""
    return itertools.cycle(dice.sample(requests, len(requests)))


def trial_name(page: str, followed: int, load: str) -> str:
    return f"{page} page, {followed} followed, {load}"


if __name__ == "__main__":
    tell(run(read_options(__doc__)))
