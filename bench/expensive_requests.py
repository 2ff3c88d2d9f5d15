"""Latency of the dearest queries that a client can ask for, over large stores.

`python -m bench.expensive_requests`. Fills 200,000 users, 60,000 events, 3,000 conversations of one user and
1,000,000 messages, then calls the stores from this process, one query at a time, in random order. The
reference is a lookup of one user by id; pages of events are also compared with an indexed read of as many
events. The stores run on the other core.
"""

import random
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import uvloop

from actors.conversations.conversation_views import ConversationViews
from actors.protocol.objects import UserCard
from bench.harness.large_tables import (
    INSERT_ROWS,
    MESSAGES_PER_CONVERSATION,
    fill,
    make_conversation,
    make_message,
    open_pool,
    random_uuid,
)
from bench.harness.options import Options, read_options
from bench.harness.process_cpu import SERVER_CORE, on_core
from bench.harness.report import Goal, Report, format_spread, print_and_exit
from bench.harness.rounds import Spread, interleave
from bench.harness.stores import BenchStores
from storage.contracts.events import EventSearchCriteria, NearPoint
from storage.contracts.identifiers import new_id
from storage.mongo.client import connect, database
from storage.mongo.documents import conversation_document, entry_document
from storage.mongo.messaging import DATABASE, MongoMessaging
from storage.postgres.events import PostgresEvents
from storage.postgres.idempotency_keys import PostgresIdempotencyKeys
from storage.postgres.rsvps import PostgresRsvps
from storage.postgres.search_index import PostgresSearchIndex
from storage.postgres.users import PostgresUsers
from storage.search_words import index_words, to_tsvector

USERS = 200_000
EVENTS = 60_000
CITIES = 300
OWN_EVENTS = 1000
PLACE_COLUMNS = ("place_name", "latitude", "longitude", "visibility")
CONVERSATIONS = 3000
MEMBERS = 20
MESSAGES = 1_000_000
UNRELATED_USERS = 200
PAGE = 21
CALLS_PER_ROUND = 5
GOAL_MS = 20.0
REFERENCE = "one user by id"
EVENTS_BY_ID = f"{PAGE} events by id"
EVENT_PAGE_RATIO = 3.0
EVENT_PAGES = (
    "events that have not ended",
    "events within 10 km of a large city",
    "events near a small city",
    "events `w0`",
    "events `kart`",
)
"""Pages that are compared with `EVENTS_BY_ID` of the same run."""
FIRST_NAMES = ("Anna", "Bert", "Carla", "Dirk", "Anton", "Andrea", "José", "花子", "İpek")
USER_QUERIES = ("an", "na", "newcomer", "bert newc", "be an", "name1 fam12", "an n", "花子", "zzzz")
EVENT_QUERIES = (
    *(
        "w0",
        "w0 w1 w2 w3 w4 w5 w6 w7",
        "w0 or w1",
        "kart",
        "wo",
        "word12345",
        "karting word1",
        "花見",
        "zzzz",
    ),
)
Query = Callable[[], Awaitable[object]]


def run(options: Options) -> Report:
    title = f"Dear queries, {options.rounds} rounds of {CALLS_PER_ROUND} calls"
    if options.baselines_only:
        return Report(title, [], "Not measured without Convene.")
    with BenchStores() as stores, on_core(SERVER_CORE):
        latencies_ms = uvloop.run(measure(stores, options))
    spreads = {name: Spread.of(values) for name, values in latencies_ms.items()}
    reference = spreads[REFERENCE].median
    by_id = spreads[EVENTS_BY_ID].median
    rows = [
        f"| {name} | {format_spread(spread)} "
        f"| {spread.median / reference:.1f} | {spread.median / by_id:.1f} |"
        for name, spread in spreads.items()
    ]
    return Report(
        title,
        [
            Goal(name, GOAL_MS, spread, " ms", at_most=True)
            for name, spread in spreads.items()
            if name != REFERENCE
        ]
        + [
            Goal(
                f"{name} / {EVENTS_BY_ID}",
                EVENT_PAGE_RATIO,
                Spread.of([latency_ms / by_id for latency_ms in latencies_ms[name]]),
                at_most=True,
            )
            for name in EVENT_PAGES
        ],
        f"| query | ms | x {REFERENCE} | x {EVENTS_BY_ID} |\n|---|---|---|---|\n" + "\n".join(rows) + "\n\n"
        f"{USERS} users, {EVENTS} events, {CONVERSATIONS} conversations of {MEMBERS} members, "
        f"{MESSAGES} messages.",
    )


async def measure(stores: BenchStores, options: Options) -> dict[str, list[float]]:
    """Return the latencies of each query in milliseconds."""
    rng = random.Random(options.seed)
    async with AsyncExitStack() as stack:
        queries = {
            **await user_queries(stores.postgres_url, rng, stack),
            **await event_queries(stores.postgres_url, rng, stack),
            **await conversation_queries(stores.environment["CONVENE_MONGO_URL"], rng, stack),
        }
        latencies_ms: dict[str, list[float]] = {name: [] for name in queries}
        for query in queries.values():
            await query()
        for _, name in interleave(queries, options.rounds * CALLS_PER_ROUND, rng):
            started_at = time.perf_counter()
            await queries[name]()
            latencies_ms[name].append(1000 * (time.perf_counter() - started_at))
    return latencies_ms


async def user_queries(postgres_url: str, rng: random.Random, stack: AsyncExitStack) -> Mapping[str, Query]:
    """Insert users and return searches for them, and the reference."""
    pool = await open_pool(postgres_url, "users", stack)
    last_names = ["Newcomer", "Smith", "An", *(f"Fam{number}" for number in range(5000))]
    first_names = [*FIRST_NAMES, *(f"Name{number}" for number in range(500))]
    rows = []
    for number in range(USERS):
        name = f"{rng.choice(first_names)} {rng.choice(last_names)}"
        username = f"{rng.choice(('anna', 'bert', 'carla', 'dirk', 'u'))}{number}"
        words = to_tsvector(index_words(username, name))
        rows.append((random_uuid(rng), f"{number}@bench.example", username, "none", name, words))
    columns = ("id", "email", "username", "password_hash", "display_name", "search_words")
    await fill(postgres_url, "users", "users", columns, rows)
    users, some_id = PostgresUsers(pool), str(rows[0][0])
    searches: dict[str, Query] = {
        f"users `{query}`": lambda query=query: users.search(query, None, PAGE)  # type: ignore[misc]
        for query in USER_QUERIES
    }
    searches["users `an`, a later page"] = lambda: users.search("an", ("carla", ""), PAGE)
    searches["no missing search words"] = lambda: PostgresSearchIndex.for_users(pool).index_missing("", PAGE)
    return {REFERENCE: lambda: users.find([some_id]), **searches}


async def event_queries(postgres_url: str, rng: random.Random, stack: AsyncExitStack) -> Mapping[str, Query]:
    """Insert events, most of them past, and return searches for them."""
    pool = await open_pool(postgres_url, "events", stack)
    common = [f"w{number}" for number in range(30)]
    words = [*common, "karting", "party", "「花見」大会", *(f"word{number}" for number in range(20_000))]
    now = datetime.now(UTC)
    viewer_id = uuid.uuid4()
    cities = [(rng.uniform(-60, 60), rng.uniform(-180, 180)) for _ in range(CITIES)]
    rows = []
    for number in range(EVENTS):
        start = now + timedelta(days=rng.uniform(-300, 60))
        title = " ".join((*rng.choices(words[:33], k=2), *rng.choices(words, k=3)))
        description = " ".join((*rng.choices(words, k=30), *rng.choices(common, k=15)))
        vector = to_tsvector(index_words(title, description))
        end, ids = start + timedelta(hours=2), (random_uuid(rng), random_uuid(rng))
        # A third of the events is in one city, and a tenth for invited users only.
        city = cities[0] if number % 3 == 0 else rng.choice(cities)
        latitude, longitude = (degrees + rng.gauss(0, 0.05) for degrees in city)
        visibility = "public" if number % 10 else "invited"
        place = ("Place", latitude, longitude, visibility)
        category = rng.choice(("SOCIAL", "SPORT"))
        rows.append((*ids, title, description, category, start, end, 10, vector, *place))
    columns = ("id", "creator_id", "title", "description", "category", "start_datetime", "end_datetime")
    await fill(postgres_url, "events", "events", (*columns, "capacity", "search_words", *PLACE_COLUMNS), rows)
    answers = [(row[0], viewer_id, rng.choice(("GOING", "MAYBE"))) for row in rng.sample(rows, OWN_EVENTS)]
    await fill(postgres_url, "events", "event_rsvps", ("event_id", "user_id", "status"), answers)
    invites = [(row[0], viewer_id, row[1]) for row in rng.sample(rows, OWN_EVENTS)]
    await fill(postgres_url, "events", "event_invites", ("event_id", "user_id", "inviter_id"), invites)
    events = PostgresEvents(pool, PostgresIdempotencyKeys(pool), PostgresRsvps(pool))

    def search(criteria: EventSearchCriteria) -> Query:
        return lambda: events.search(criteria, None, str(viewer_id), (), PAGE)

    dense, sparse, empty = (
        [NearPoint(*cities[0], km) for km in (1, 10, 500)],
        NearPoint(*cities[1], 25),
        NearPoint(89, 0, 500),
    )

    upcoming = [str(row[0]) for row in rows if row[6] > now and row[-1] == "public"][:PAGE]
    return {
        EVENTS_BY_ID: lambda: events.find(upcoming, str(viewer_id)),
        **{
            f"events `{query}`": search(EventSearchCriteria(None, now, None, query))
            for query in EVENT_QUERIES
        },
        "events that have not ended": search(EventSearchCriteria(None, now)),
        "events of an unknown category": search(EventSearchCriteria("NONE", now)),
        **{f"events within {near.km} km of a large city": search(nearby(near, now)) for near in dense},
        "events near a small city": search(nearby(sparse, now)),
        "events of all times near a large city": search(EventSearchCriteria(near=dense[1])),
        "events near no city": search(nearby(empty, now)),
        "events `karting` near a large city": search(
            EventSearchCriteria(None, now, None, "karting", None, dense[1])
        ),
        **{
            f"own events, {relation}": search(EventSearchCriteria(None, now, relation=relation))
            for relation in ("hosting", "going", "invited")
        },
        "events of all times, eight words": search(EventSearchCriteria(query_text=EVENT_QUERIES[1])),
    }


def nearby(near: NearPoint, now: datetime) -> EventSearchCriteria:
    return EventSearchCriteria(None, now, near=near)


async def conversation_queries(
    mongo_url: str, rng: random.Random, stack: AsyncExitStack
) -> Mapping[str, Query]:
    """Insert one user's conversations and messages of others; return the list and the presence check."""
    store = await MongoMessaging.open(mongo_url)
    stack.callback(store.close)
    client = connect(mongo_url)
    stack.callback(client.close)
    messaging = database(client, client.get_default_database(DATABASE).name)
    member, others = str(random_uuid(rng)), [str(random_uuid(rng)) for _ in range(5000)]
    now_ms = int(time.time() * 1000)
    conversations, messages = messaging.get_collection("conversations"), messaging.get_collection("messages")
    ids = [new_id() for _ in range(max(CONVERSATIONS, MESSAGES // MESSAGES_PER_CONVERSATION))]
    documents = [
        conversation_document(
            make_conversation(
                conversation_id,
                [member, *rng.sample(others, MEMBERS - 1)],
                now_ms - rng.randrange(10**9),
                others[0],
            )
        )
        for conversation_id in ids[:CONVERSATIONS]
    ]
    for start in range(0, len(documents), INSERT_ROWS):
        await conversations.insert_many(documents[start : start + INSERT_ROWS], ordered=False)
    for conversation_id in ids[: MESSAGES // MESSAGES_PER_CONVERSATION]:
        entries = [
            entry_document(make_message(conversation_id, seq, others[0], now_ms))
            for seq in range(1, MESSAGES_PER_CONVERSATION + 1)
        ]
        await messages.insert_many(entries, ordered=False)

    async def no_cards(_user_ids: object) -> Mapping[str, UserCard]:
        return {}

    views = ConversationViews(store, no_cards)
    unrelated = [str(random_uuid(rng)) for _ in range(UNRELATED_USERS)]

    async def first_page(limit: int) -> object:
        page_ids, _ = await views.page_for_user(member, None, limit)
        found = await views.get_many(member, page_ids)
        return await views.to_conversations(member, [found[page_id] for page_id in page_ids])

    return {
        "conversations, a page of 1": lambda: first_page(1),
        "conversations, a page of 20": lambda: first_page(20),
        "presence of 200 unrelated users": lambda: store.users_sharing_conversation(member, unrelated),
        "presence of 200 who share groups": lambda: store.users_sharing_conversation(
            member, others[:UNRELATED_USERS]
        ),
    }


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
