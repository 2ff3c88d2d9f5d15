"""Who sits where: connections shared out over people, servers and processes.

Neighbours stay in one process, and one after the other on different servers. It never asks anybody.
"""

import random
from collections import Counter

from loadtest.options import InvalidOptions, Options
from loadtest.run_plan import Assignment, Scenario, WorkerPlan
from loadtest.setup.scenario_setup import SOCKETS_PER_USER, USERS_PER_BLOCK, default_rate_per_s
from loadtest.setup.setup_state import SetupState


def assign_connections(options: Options, state: SetupState) -> list[Assignment]:
    """Every connection. Raises `OptionsFaulty` where there are too few people for them."""
    people, count = state.users, options.connections
    if not people or -(-count // len(people)) > SOCKETS_PER_USER:
        raise InvalidOptions(
            f"{len(people)} users are too few for {count} connections: {SOCKETS_PER_USER} each at most. "
            "`run.py load prepare` makes more."
        )
    speaks = _choose_senders(options)
    return [
        Assignment(
            number=number,
            user_id=people[number % len(people)].id,
            token=people[number % len(people)].token,
            url_index=number % len(options.urls),
            connect_at_s=0.0,
            conversations=state.conversations[number % len(people)],
            passive_conversations=state.passive_conversations[number % len(people)],
            sends=number in speaks,
        )
        for number in range(count)
    ]


def plan_workers(options: Options, state: SetupState, run_id: str) -> list[WorkerPlan]:
    """One plan a process."""
    shares = _split_by_process(options, assign_connections(options, state))
    homes: Counter[str] = Counter()
    for share in shares:
        homes.update({one for seat in share for one in (*seat.conversations, *seat.passive_conversations)})
    shared = [one for one, processes in homes.items() if processes > 1]
    rate_per_s = total_rate_per_s(options)
    weights = [sum(seat.sends for seat in share) for share in shares]
    return [
        WorkerPlan(
            scenario=options.scenario,
            run_id=run_id,
            seed=options.seed * 1000 + number,
            urls=list(options.urls),
            assignments=share,
            content_ids=state.content_ids,
            shared_conversations=shared,
            new_conversations=state.new_conversations,
            rate_per_s=rate_per_s * weight / max(1, sum(weights)),
            duration_s=options.duration_s,
            storms=options.storms if options.scenario == Scenario.STORM else 0,
            reconnect_spread_s=options.default_ramp_s,
            message_characters=options.message_characters,
            standby=list(options.standby),
        )
        for number, (share, weight) in enumerate(zip(shares, weights, strict=True))
    ]


def total_rate_per_s(options: Options) -> float:
    """How much is done a second, over all processes."""
    return options.rate_per_s if options.rate_per_s is not None else default_rate_per_s(options)


def _choose_senders(options: Options) -> frozenset[int]:
    """In a room only some speak, chosen by the seed; elsewhere everybody does."""
    numbers = range(options.connections)
    if options.scenario != Scenario.ROOM or options.senders >= options.connections:
        return frozenset(numbers)
    dice = random.Random(options.seed)  # noqa: S311 - chance that can be had again
    return frozenset(dice.sample(numbers, options.senders))


def _split_by_process(options: Options, assignments: list[Assignment]) -> list[list[Assignment]]:
    """Blocks of neighbours to the processes; each process spreads its own over the whole ramp."""
    block = USERS_PER_BLOCK.get(options.scenario, 1)
    if options.scenario == Scenario.ROOM:
        # A room is shared by all processes anyhow, and so are those who speak in it.
        parts = [assignments[number :: options.processes] for number in range(options.processes)]
    else:
        blocks = [assignments[at : at + block] for at in range(0, len(assignments), block)]
        parts = [
            [seat for one in blocks[number :: options.processes] for seat in one]
            for number in range(options.processes)
        ]
    full = [part for part in parts if part]
    return [_spread_over_ramp(part, options.effective_ramp_s) for part in full]


def _spread_over_ramp(assignments: list[Assignment], ramp_s: float) -> list[Assignment]:
    return [
        Assignment(
            seat.number,
            seat.user_id,
            seat.token,
            seat.url_index,
            ramp_s * place / len(assignments),
            seat.conversations,
            seat.passive_conversations,
            seat.sends,
        )
        for place, seat in enumerate(assignments)
    ]
