"""Latency of durable messages in direct pairs at several rates, beside that of a bare `insert_many`.

`python -m bench.steady_load`. The server has one core; the stores and the generator share the other. Latency
is from the intended send time to the receipt by each member, the sender included. Every message is stored
before it is delivered.

The bare insert runs in this process, on the server's core, while no messages are sent: each call inserts the
documents that became due during the call before it. Its latency is the time of a call, without the wait for
the call before. The last load goes to another instance, whose document store answers `FAR_MS` later.
"""

import asyncio
import itertools
import statistics
import sys
from contextlib import ExitStack
from time import perf_counter

import msgspec
import uvloop

from bench.harness.bench_users import UserSetup
from bench.harness.convene_server import SETTINGS, ConveneServer
from bench.harness.generator import Generator
from bench.harness.options import Options, read_options
from bench.harness.process_cpu import SERVER_CORE, on_core
from bench.harness.report import Goal, Report, format_spread, print_and_exit, table
from bench.harness.rounds import Contender, Sample, Spread, Workload, find_faults, run_rounds
from bench.harness.store_links import LinkFault, StoreLinks
from bench.harness.stores import BenchStores
from bench.message_log import make_entry
from storage.contracts.identifiers import new_id
from storage.mongo.client import connect, database
from storage.mongo.documents import entry_document
from storage.mongo.message_log import MongoMessageLog

RATES_PER_S = (500.0, 1000.0, 2000.0)
SLICE_S = 4.0
BARE_SLICE_S = 2.0
FAR_MS = 20.0
MONGO_VARIABLE = "CONVENE_MONGO_URL"
GOAL_P99_CALLS = 5.0
GOAL_FAR_P50_MS = 30.0
GOAL_FAR_P99_MS = 60.0


class BareInserts(msgspec.Struct, frozen=True):
    """The calls of one slice: their times in milliseconds, and the number of documents of each."""

    call_ms: list[float]
    documents: list[int]


def run(options: Options) -> Report:
    if options.baselines_only:
        return Report("A steady load", [], "Not measured without Convene.")
    workloads = [Workload(f"pairs, {per_s:g} messages/s", per_s=per_s) for per_s in RATES_PER_S]
    samples: list[Sample] = []
    bare: dict[float, list[BareInserts]] = {per_s: [] for per_s in RATES_PER_S}
    with ExitStack() as stack:
        stores = stack.enter_context(BenchStores())
        with ConveneServer(stores) as convene, connected_pairs(convene, options) as generator:
            contender = Contender(convene, generator)
            for number in range(options.rounds):
                for per_s in RATES_PER_S:
                    bare[per_s].append(measure_bare_inserts(stores.environment[MONGO_VARIABLE], per_s))
                seed = options.seed + number
                samples += run_rounds([contender], workloads, rounds=1, seconds=SLICE_S, seed=seed)
        far_per_s = RATES_PER_S[-1]
        far = Workload(f"pairs, {far_per_s:g} messages/s, document store {FAR_MS:g} ms away", per_s=far_per_s)
        links = stack.enter_context(
            StoreLinks({MONGO_VARIABLE: stores.environment[MONGO_VARIABLE]}, options.seed)
        )
        links.set_fault(LinkFault(FAR_MS / 2000))
        settings = {**SETTINGS, **stores.environment}
        with (
            ConveneServer(links, settings=settings) as convene,
            connected_pairs(convene, options) as generator,
        ):
            far_samples = run_rounds(
                [Contender(convene, generator)],
                [far],
                rounds=options.rounds,
                seconds=SLICE_S,
                seed=options.seed,
            )
    goals = [
        Goal(
            f"{workload.name}: p99 / a bare insert of what is due",
            GOAL_P99_CALLS,
            Spread.of(
                [
                    sample.slice.p99_ms / statistics.median(inserts.call_ms)
                    for sample, inserts in zip(of_workload(samples, workload), bare[per_s], strict=True)
                ]
            ),
            at_most=True,
        )
        for workload, per_s in zip(workloads, RATES_PER_S, strict=True)
    ]
    goals += [
        Goal(f"{far.name}: {name}", goal_ms, Spread.of(measured_ms), " ms", at_most=True)
        for name, goal_ms, measured_ms in (
            ("p50", GOAL_FAR_P50_MS, [sample.slice.p50_ms for sample in far_samples]),
            ("p99", GOAL_FAR_P99_MS, [sample.slice.p99_ms for sample in far_samples]),
        )
    ]
    tables = [table(samples, workload.name, "Convene") for workload in workloads]
    tables += [table(far_samples, far.name, "Convene"), bare_table(bare)]
    return Report(
        f"{options.pairs} pairs at a steady rate, {options.rounds} times {SLICE_S:g} s",
        goals,
        "\n\n".join(tables),
        find_faults([*samples, *far_samples]),
    )


def connected_pairs(convene: ConveneServer, options: Options) -> Generator:
    setup = UserSetup(convene.url, convene.port)
    return Generator(setup.create_pairs(setup.register(2 * options.pairs)))


def of_workload(samples: list[Sample], workload: Workload) -> list[Sample]:
    return [sample for sample in samples if sample.workload == workload.name]


def measure_bare_inserts(url: str, per_s: float) -> BareInserts:
    with on_core(SERVER_CORE):
        inserts = uvloop.run(insert_as_due(url, per_s))
    print(
        f"bare insert_many at {per_s:g}/s: {statistics.median(inserts.call_ms):.1f} ms a call",
        file=sys.stderr,
        flush=True,
    )
    return inserts


async def insert_as_due(url: str, per_s: float) -> BareInserts:
    """Insert documents of many conversations, which become due at a steady rate, in one call at a time."""
    client = connect(url)
    collection = database(client, "bench_bare").get_collection("messages")
    await MongoMessageLog(collection).create_indexes()
    conversations = [new_id() for _ in range(int(per_s))]
    keys = ((conversation, seq) for seq in itertools.count(1) for conversation in conversations)
    # The time of uvloop's loop stands still during a turn.
    time = perf_counter
    started, inserted = time(), 0
    inserts = BareInserts([], [])
    while (now := time()) < started + BARE_SLICE_S:
        due = int((now - started) * per_s) - inserted
        if not due:
            await asyncio.sleep(1 / per_s)
            continue
        documents = [entry_document(make_entry(*key)) for key in itertools.islice(keys, due)]
        call_started = time()
        await collection.insert_many(documents)
        inserts.call_ms.append(1000 * (time() - call_started))
        inserts.documents.append(due)
        inserted += due
    client.close()
    return inserts


def bare_table(bare: dict[float, list[BareInserts]]) -> str:
    lines = ["| bare insert_many | ms a call | documents a call |", "|---|---|---|"]
    for per_s, slices in bare.items():
        call_ms = Spread.of([statistics.median(each.call_ms) for each in slices])
        documents = Spread.of([statistics.median(each.documents) for each in slices])
        lines.append(f"| {per_s:g}/s | {format_spread(call_ms)} | {format_spread(documents)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
