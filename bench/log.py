"""The message log in batches of a hundred: what appending costs beside motor's bare `insert_many`.

`python -m bench.log`. Both write the same entries into collections with the same indexes, in turns, from
this process; the bare one is handed ready documents. It measures the client; the store is on the other core.
"""

import os
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import msgspec
import uvloop

from bench.harness.options import Options, read_options
from bench.harness.processor import SERVER_CORE
from bench.harness.report import Goal, Report, number, spread, tell
from bench.harness.rounds import Spread, in_turns
from bench.harness.stores import Stores
from storage.contracts.identifiers import entry_id, new_attempt_id, new_id
from storage.contracts.messaging import MessageEntry
from storage.mongo.client import connect, database
from storage.mongo.documents import entry_document
from storage.mongo.message_log import MongoMessageLog

BATCH = 100
BATCHES = 20
"""Of one slice."""
CONTENT = "The quick brown fox jumps over the lazy dog."
GOAL_SHARE = 0.9
GOAL_US = 13.0


class Sample(msgspec.Struct, frozen=True):
    """One slice: processor and wall-clock time of this process for each entry, in microseconds."""

    cpu_us: float
    wall_us: float


def run(options: Options) -> Report:
    if options.limits_only:
        return Report("The message log", [], "Not measured without Convene.")
    before = os.sched_getaffinity(0)
    with Stores() as stores:
        os.sched_setaffinity(0, {SERVER_CORE} & before or before)
        try:
            ours, bare = uvloop.run(measure(stores.variables["CONVENE_MONGO_URL"], options))
        finally:
            os.sched_setaffinity(0, before)
    shares = [theirs.cpu_us / mine.cpu_us for mine, theirs in zip(ours, bare, strict=True)]
    costs = Spread.of([one.cpu_us for one in ours])
    rows = [
        f"| {name} | {spread(Spread.of([one.cpu_us for one in mine]))}"
        f" | {number(1e6 / statistics.median(one.wall_us for one in mine))} |"
        for name, mine in (("the message log", ours), ("motor insert_many", bare))
    ]
    head = "| | client CPU us each | entries/s |\n|---|---|---|\n"
    return Report(
        f"The message log, {len(ours)} rounds of {BATCHES} batches of {BATCH}",
        [
            Goal("entries / CPU-s, the message log / motor insert_many", GOAL_SHARE, Spread.of(shares)),
            Goal("client CPU of an entry", GOAL_US, costs, " us", at_most=True),
        ],
        head + "\n".join(rows),
    )


async def measure(url: str, options: Options) -> tuple[list[Sample], list[Sample]]:
    """The slices of the log and of bare `insert_many`, round by round."""
    client = connect(url)
    dice = random.Random(options.seed)
    names = {name: database(client, f"bench_{name}").get_collection("messages") for name in ("ours", "bare")}
    for collection in names.values():
        await MongoMessageLog(collection).create_indexes()
    log = MongoMessageLog(names["ours"])

    async def append(entries: Sequence[MessageEntry]) -> None:
        if (await log.append(entries)).stored_count != len(entries):
            raise AssertionError("an entry was refused")

    insert = names["bare"].insert_many
    turns: dict[str, Callable[[], Awaitable[Sample]]] = {
        "ours": lambda: play([partial(append, batch()) for _ in range(BATCHES)]),
        "bare": lambda: play(
            [partial(insert, [entry_document(one) for one in batch()]) for _ in range(BATCHES)]
        ),
    }
    found: dict[str, list[Sample]] = {name: [] for name in turns}
    for turn in turns.values():
        await turn()
    for number_of, name in in_turns(turns, options.rounds, dice):
        one = await turns[name]()
        found[name].append(one)
        print(
            f"round {number_of + 1}  {name:<6} {one.cpu_us:.1f} us CPU, {one.wall_us:.1f} us each",
            file=sys.stderr,
            flush=True,
        )
    client.close()
    return found["ours"], found["bare"]


def batch() -> list[MessageEntry]:
    """One conversation's next hundred, each with an id of its own."""
    conversation_id, sender_id, now_ms = new_id(), new_id(), int(time.time() * 1000)
    return [
        MessageEntry(
            id=entry_id(conversation_id, seq),
            conversation_id=conversation_id,
            seq=seq,
            changed_seq=seq,
            attempt_id=new_attempt_id(),
            sender_id=sender_id,
            client_id=f"{conversation_id}-{seq}",
            content=CONTENT,
            message_type="TEXT",
            mentions=(),
            reply_to=None,
            created_at_ms=now_ms,
        )
        for seq in range(1, BATCH + 1)
    ]


async def play(batches: Sequence[Callable[[], Awaitable[object]]]) -> Sample:
    """One batch after the other."""
    cpu_s, began = time.process_time(), time.perf_counter()
    for one in batches:
        await one()
    entries = BATCH * len(batches)
    return Sample(
        1e6 * (time.process_time() - cpu_s) / entries, 1e6 * (time.perf_counter() - began) / entries
    )


if __name__ == "__main__":
    tell(run(read_options(__doc__)))
