"""Cost of small requests, compared with a bare aiohttp handler and with asyncpg's default pool.

`python -m bench.requests`. Three kinds: `/healthz`; the cheapest authenticated request, the unread
notification count, which is one count in PostgreSQL (every authenticated request uses a store); and the
user's own profile, which is one row.
"""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack

from bench.harness.convene_server import ConveneServer
from bench.harness.database_fixture import DatabaseFixture
from bench.harness.http_generator import HttpGenerator, encode_request
from bench.harness.options import Options, read_options
from bench.harness.report import Goal, Report, print_and_exit
from bench.harness.server import BaselineServer
from bench.harness.stores import BenchStores
from bench.harness.trials import Trial, cost_ratio, find_invalid_samples, run_trials, table
from storage.postgres.migrations import database_url

USERS = 200
"""Enough that no user reaches the rate limit."""
CONCURRENCY_LEVELS = {"one at a time": 1, "sixteen at a time": 16}
GOAL_LEVEL = "sixteen at a time"
CONFIGURATION = "bench/harness/unlimited.toml"
HEALTH, SMALL, ROW = "/healthz", "small, authenticated", "one row"
GOALS = {HEALTH: 0.9, SMALL: 0.7, ROW: 1.2}


def run(options: Options) -> Report:
    if options.baselines_only:
        return Report("Small requests", [], "Not measured without Convene.")
    with ExitStack() as stack:
        stores = stack.enter_context(BenchStores())
        convene = stack.enter_context(ConveneServer(stores, arguments=["--config", CONFIGURATION]))
        fixture = DatabaseFixture(stores.postgres_url, options.seed)
        users = fixture.insert_users(USERS)
        fixture.vacuum()
        bare = stack.enter_context(BaselineServer("bare aiohttp", "aiohttp_handler"))
        environment = {"BASELINE_POSTGRES_URL": database_url(stores.postgres_url, "users")}
        default_pool = stack.enter_context(BaselineServer("default pool", "row", environment=environment))
        generators = {
            server.port: stack.enter_context(HttpGenerator(server.port, max(CONCURRENCY_LEVELS.values())))
            for server in (convene, bare, default_pool)
        }
        convene_requests: dict[str, Iterator[bytes]] = {
            HEALTH: itertools.repeat(encode_request("GET", "/healthz", "t" * 43)),
            SMALL: itertools.cycle(
                [encode_request("GET", "/v1/notifications/unread_count", user.token) for user in users]
            ),
            ROW: itertools.cycle([encode_request("GET", "/v1/users/me", user.token) for user in users]),
        }
        baselines = {
            HEALTH: (bare, itertools.repeat(encode_request("GET", "/healthz", "t" * 43))),
            SMALL: (bare, itertools.repeat(encode_request("GET", "/small", "t" * 43))),
            ROW: (
                default_pool,
                itertools.cycle(
                    [encode_request("GET", f"/v1/users/{user.id}", user.token) for user in users]
                ),
            ),
        }
        trials = []
        for (kind, requests), (level, concurrency) in itertools.product(
            convene_requests.items(), CONCURRENCY_LEVELS.items()
        ):
            server, baseline_requests = baselines[kind]
            baseline = f"{server.name}: {kind}, {level}"
            trials += [
                Trial(baseline, baseline, server, generators[server.port], baseline_requests, concurrency),
                Trial(f"{kind}, {level}", baseline, convene, generators[convene.port], requests, concurrency),
            ]
        samples = run_trials(trials, rounds=options.rounds, seconds=options.seconds, seed=options.seed)
    goals = [
        Goal(
            f"{kind}: requests / CPU-s, Convene / {baselines[kind][0].name}",
            at_least,
            cost_ratio(samples, f"{baselines[kind][0].name}: {kind}, {GOAL_LEVEL}", f"{kind}, {GOAL_LEVEL}"),
        )
        for kind, at_least in GOALS.items()
    ]
    return Report(
        f"Small requests, {options.rounds} rounds of {options.seconds:g} s",
        goals,
        table(samples, trials, "requests"),
        find_invalid_samples(samples),
    )


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
