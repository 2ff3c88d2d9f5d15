"""Assigns connections to users, servers and worker processes.

Users who share conversations stay in one process, except in a room, and are on alternating servers.
"""

import random
from collections import Counter

from loadtest.options import InvalidOptions, Options
from loadtest.run_plan import Assignment, Scenario, WorkerPlan
from loadtest.setup.scenario_setup import SOCKETS_PER_USER, USERS_PER_BLOCK, default_rate_per_s
from loadtest.setup.setup_state import SetupState


def assign_connections(options: Options, state: SetupState) -> list[Assignment]:
    """Return all connections. Raises `InvalidOptions` if there are too few users."""
    users, count = state.users, options.connections
    if not users or -(-count // len(users)) > SOCKETS_PER_USER:
        raise InvalidOptions(
            f"{len(users)} users are too few for {count} connections: at most {SOCKETS_PER_USER} per user. "
            "Create more with `run.py load prepare`."
        )
    senders = _choose_senders(options)
    return [
        Assignment(
            number=number,
            user_id=users[number % len(users)].id,
            token=users[number % len(users)].token,
            url_index=number % len(options.urls),
            connect_at_s=0.0,
            conversations=state.conversations[number % len(users)],
            passive_conversations=state.passive_conversations[number % len(users)],
            sends=number in senders,
        )
        for number in range(count)
    ]


def plan_workers(options: Options, state: SetupState, run_id: str) -> list[WorkerPlan]:
    """Return one plan per worker process."""
    shares = _split_by_process(options, assign_connections(options, state))
    process_counts: Counter[str] = Counter()
    for share in shares:
        process_counts.update(
            {
                conversation_id
                for assignment in share
                for conversation_id in (*assignment.conversations, *assignment.passive_conversations)
            }
        )
    shared = [conversation_id for conversation_id, processes in process_counts.items() if processes > 1]
    rate_per_s = total_rate_per_s(options)
    weights = [sum(assignment.sends for assignment in share) for share in shares]
    return [
        WorkerPlan(
            scenario=options.scenario,
            run_id=run_id,
            seed=options.seed * 1000 + index,
            urls=list(options.urls),
            assignments=share,
            seeded_ids=state.seeded_ids,
            shared_conversations=shared,
            new_conversations=state.new_conversations,
            rate_per_s=rate_per_s * weight / max(1, sum(weights)),
            duration_s=options.duration_s,
            storms=options.storms if options.scenario == Scenario.STORM else 0,
            reconnect_spread_s=options.default_ramp_s,
            message_characters=options.message_characters,
            standby=list(options.standby),
        )
        for index, (share, weight) in enumerate(zip(shares, weights, strict=True))
    ]


def total_rate_per_s(options: Options) -> float:
    """Return the rate of operations per second, over all processes."""
    return options.rate_per_s if options.rate_per_s is not None else default_rate_per_s(options)


def _choose_senders(options: Options) -> frozenset[int]:
    """Return the numbers of the sending connections: in a room a random sample, otherwise all."""
    numbers = range(options.connections)
    if options.scenario != Scenario.ROOM or options.senders >= options.connections:
        return frozenset(numbers)
    rng = random.Random(options.seed)  # noqa: S311 - reproducible
    return frozenset(rng.sample(numbers, options.senders))


def _split_by_process(options: Options, assignments: list[Assignment]) -> list[list[Assignment]]:
    """Split blocks of users over the processes; each spreads its connects over the whole ramp."""
    block_size = USERS_PER_BLOCK.get(options.scenario, 1)
    if options.scenario == Scenario.ROOM:
        # A room spans all processes, and so do its senders.
        parts = [assignments[number :: options.processes] for number in range(options.processes)]
    else:
        blocks = [assignments[start : start + block_size] for start in range(0, len(assignments), block_size)]
        parts = [
            [assignment for chunk in blocks[number :: options.processes] for assignment in chunk]
            for number in range(options.processes)
        ]
    used = [part for part in parts if part]
    return [_spread_over_ramp(part, options.effective_ramp_s) for part in used]


def _spread_over_ramp(assignments: list[Assignment], ramp_s: float) -> list[Assignment]:
    return [
        Assignment(
            assignment.number,
            assignment.user_id,
            assignment.token,
            assignment.url_index,
            ramp_s * index / len(assignments),
            assignment.conversations,
            assignment.passive_conversations,
            assignment.sends,
        )
        for index, assignment in enumerate(assignments)
    ]
