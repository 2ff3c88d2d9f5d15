"""Who sits where: connections shared out over people, servers and processes.

Neighbours stay in one process, and one after the other on different servers. It never asks anybody.
"""

import random
from collections import Counter

from loadtest.options import Options, OptionsFaulty
from loadtest.play.plays import Scenario
from loadtest.process.letters import Plan, Seat
from loadtest.scenes.scenes import GROUPED, SOCKETS_PER_USER, default_rate_per_s
from loadtest.scenes.stage import Stage


def seats_of(options: Options, stage: Stage) -> list[Seat]:
    """Every connection. Raises `OptionsFaulty` where there are too few people for them."""
    people, count = stage.people, options.connections
    if not people or -(-count // len(people)) > SOCKETS_PER_USER:
        raise OptionsFaulty(
            f"{len(people)} users are too few for {count} connections: {SOCKETS_PER_USER} each at most. "
            "`run.py load prepare` makes more."
        )
    speaks = _speakers(options)
    return [
        Seat(
            number=number,
            user_id=people[number % len(people)].id,
            token=people[number % len(people)].token,
            url=number % len(options.urls),
            at_s=0.0,
            conversations=stage.conversations[number % len(people)],
            others=stage.others[number % len(people)],
            speaks=number in speaks,
        )
        for number in range(count)
    ]


def plans_of(options: Options, stage: Stage, run: str) -> list[Plan]:
    """One plan a process."""
    shares = _shared_out(options, seats_of(options, stage))
    homes: Counter[str] = Counter()
    for share in shares:
        homes.update({one for seat in share for one in (*seat.conversations, *seat.others)})
    shared = [one for one, processes in homes.items() if processes > 1]
    rate_per_s = rate_of(options)
    weights = [sum(seat.speaks for seat in share) for share in shares]
    return [
        Plan(
            scenario=options.scenario,
            run=run,
            seed=options.seed * 1000 + number,
            urls=list(options.urls),
            seats=share,
            props=stage.props,
            shared=shared,
            fresh=stage.fresh,
            rate_per_s=rate_per_s * weight / max(1, sum(weights)),
            duration_s=options.duration_s,
            storms=options.storms if options.scenario == Scenario.STORM else 0,
            return_s=options.spread_s,
            message_characters=options.message_characters,
            standby=list(options.standby),
        )
        for number, (share, weight) in enumerate(zip(shares, weights, strict=True))
    ]


def rate_of(options: Options) -> float:
    """How much is done a second, over all processes."""
    return options.rate_per_s if options.rate_per_s is not None else default_rate_per_s(options)


def _speakers(options: Options) -> frozenset[int]:
    """In a room only some speak, chosen by the seed; elsewhere everybody does."""
    numbers = range(options.connections)
    if options.scenario != Scenario.ROOM or options.senders >= options.connections:
        return frozenset(numbers)
    dice = random.Random(options.seed)  # noqa: S311 - chance that can be had again
    return frozenset(dice.sample(numbers, options.senders))


def _shared_out(options: Options, seats: list[Seat]) -> list[list[Seat]]:
    """Blocks of neighbours to the processes; each process spreads its own over the whole ramp."""
    block = GROUPED.get(options.scenario, 1)
    if options.scenario == Scenario.ROOM:
        # A room is shared by all processes anyhow, and so are those who speak in it.
        parts = [seats[number :: options.processes] for number in range(options.processes)]
    else:
        blocks = [seats[at : at + block] for at in range(0, len(seats), block)]
        parts = [
            [seat for one in blocks[number :: options.processes] for seat in one]
            for number in range(options.processes)
        ]
    full = [part for part in parts if part]
    return [_spread(part, options.coming_s) for part in full]


def _spread(seats: list[Seat], ramp_s: float) -> list[Seat]:
    return [
        Seat(
            seat.number,
            seat.user_id,
            seat.token,
            seat.url,
            ramp_s * place / len(seats),
            seat.conversations,
            seat.others,
            seat.speaks,
        )
        for place, seat in enumerate(seats)
    ]
