"""Client cost of appending batches of 100 to the message log, compared with motor's `insert_many`.

`python -m bench.message_log`. Both write the same entries to collections with equal indexes, in turns, from
this process; `insert_many` gets ready documents. The store runs on the other core and is not measured.
"""

import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import msgspec
import uvloop

from bench.harness.options import Options, read_options
from bench.harness.process_cpu import SERVER_CORE, on_core
from bench.harness.report import Goal, Report, format_number, format_spread, print_and_exit
from bench.harness.rounds import Spread, interleave
from bench.harness.stores import BenchStores
from storage.contracts.identifiers import entry_id, new_attempt_id, new_id
from storage.contracts.message_log import MessageEntry
from storage.mongo.client import connect, database
from storage.mongo.documents import entry_document
from storage.mongo.message_log import MongoMessageLog

BATCH_ENTRIES = 100
BATCHES = 20
"""Per slice."""
CONTENT = "The quick brown fox jumps over the lazy dog."
GOAL_SHARE = 0.9
GOAL_US = 13.0


class Sample(msgspec.Struct, frozen=True):
    """One slice: CPU and wall-clock time of this process per entry, in microseconds."""

    cpu_us: float
    wall_us: float


def run(options: Options) -> Report:
    if options.baselines_only:
        return Report("The message log", [], "Not measured without Convene.")
    with BenchStores() as stores, on_core(SERVER_CORE):
        log, insert_many = uvloop.run(measure_appends(stores.environment["CONVENE_MONGO_URL"], options))
    shares = [baseline.cpu_us / sample.cpu_us for sample, baseline in zip(log, insert_many, strict=True)]
    costs = Spread.of([sample.cpu_us for sample in log])
    rows = [
        f"| {name} | {format_spread(Spread.of([sample.cpu_us for sample in samples]))}"
        f" | {format_number(1e6 / statistics.median(sample.wall_us for sample in samples))} |"
        for name, samples in (("the message log", log), ("motor insert_many", insert_many))
    ]
    head = "| | client CPU us each | entries/s |\n|---|---|---|\n"
    return Report(
        f"The message log, {len(log)} rounds of {BATCHES} batches of {BATCH_ENTRIES}",
        [
            Goal("entries / CPU-s, the message log / motor insert_many", GOAL_SHARE, Spread.of(shares)),
            Goal("client CPU of an entry", GOAL_US, costs, " us", at_most=True),
        ],
        head + "\n".join(rows),
    )


async def measure_appends(url: str, options: Options) -> tuple[list[Sample], list[Sample]]:
    """Return the samples of the message log and of `insert_many`, one per round."""
    client = connect(url)
    rng = random.Random(options.seed)
    collections = {
        name: database(client, f"bench_{name}").get_collection("messages") for name in ("log", "motor")
    }
    for collection in collections.values():
        await MongoMessageLog(collection).create_indexes()
    log = MongoMessageLog(collections["log"])

    async def append(entries: Sequence[MessageEntry]) -> None:
        if (await log.append(entries)).stored_count != len(entries):
            raise AssertionError("an entry was not stored")

    insert_many = collections["motor"].insert_many
    contenders: dict[str, Callable[[], Awaitable[Sample]]] = {
        "log": lambda: append_batches([partial(append, make_batch()) for _ in range(BATCHES)]),
        "motor": lambda: append_batches(
            [partial(insert_many, [entry_document(entry) for entry in make_batch()]) for _ in range(BATCHES)]
        ),
    }
    samples: dict[str, list[Sample]] = {name: [] for name in contenders}
    for warm_up in contenders.values():
        await warm_up()
    for number, name in interleave(contenders, options.rounds, rng):
        sample = await contenders[name]()
        samples[name].append(sample)
        print(
            f"round {number + 1}  {name:<6} {sample.cpu_us:.1f} us CPU, {sample.wall_us:.1f} us each",
            file=sys.stderr,
            flush=True,
        )
    client.close()
    return samples["log"], samples["motor"]


def make_batch() -> list[MessageEntry]:
    """Return the first `BATCH_ENTRIES` entries of a new conversation."""
    conversation_id, sender_id = new_id(), new_id()
    return [make_entry(conversation_id, seq, sender_id) for seq in range(1, BATCH_ENTRIES + 1)]


def make_entry(conversation_id: str, seq: int, sender_id: str = "") -> MessageEntry:
    return MessageEntry(
        id=entry_id(conversation_id, seq),
        conversation_id=conversation_id,
        seq=seq,
        changed_seq=seq,
        attempt_id=new_attempt_id(),
        sender_id=sender_id or new_id(),
        client_id=f"{conversation_id}-{seq}",
        content=CONTENT,
        message_type="TEXT",
        mentions=(),
        reply_to=None,
        created_at_ms=int(time.time() * 1000),
    )


async def append_batches(batches: Sequence[Callable[[], Awaitable[object]]]) -> Sample:
    """Append the batches one after the other."""
    cpu_s, started_at = time.process_time(), time.perf_counter()
    for append in batches:
        await append()
    entries = BATCH_ENTRIES * len(batches)
    return Sample(
        1e6 * (time.process_time() - cpu_s) / entries, 1e6 * (time.perf_counter() - started_at) / entries
    )


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
