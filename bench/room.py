"""One room of a thousand: how many deliveries a second of the server's processor buys, against the limit.

`python -m bench.room`. A delivery is one message received by one member, the sender too. It measures no store
alone and no second instance.
"""

from contextlib import ExitStack

from bench.harness.convene import Convene
from bench.harness.generator import Generator
from bench.harness.members import strangers
from bench.harness.options import Options, read_options
from bench.harness.people import People
from bench.harness.report import Goal, Report, table, tell
from bench.harness.rounds import Contender, Work, doubts, play, ratios
from bench.harness.server import aiohttp_send, l0_each, l0_joined

ONE = Work("one in flight")
SIXTEEN = Work("sixteen in flight", in_flight=16)
RAW_CONNECTS_PER_S = 2000.0


def run(options: Options) -> Report:
    with ExitStack() as stack:
        contenders = []
        if not options.limits_only:
            convene = stack.enter_context(Convene())
            people = People(convene.url, convene.port)
            members = people.rooms(people.prepare(options.members), options.members)
            contenders.append(Contender(convene, stack.enter_context(Generator(members))))
        for limit in (l0_each, l0_joined, aiohttp_send):
            server = stack.enter_context(limit())
            generator = Generator(
                strangers(server.port, 1, options.members),
                room_in_path=True,
                connects_per_s=RAW_CONNECTS_PER_S,
            )
            contenders.append(Contender(server, stack.enter_context(generator)))
        samples = play(
            contenders, (ONE, SIXTEEN), rounds=options.rounds, seconds=options.seconds, seed=options.seed
        )
    goals = []
    if not options.limits_only:
        goals = [
            Goal("one in flight, Convene / L0", 0.6, ratios(samples, ONE.name, "Convene", "L0")),
            Goal("16 in flight, Convene / L0", 3.0, ratios(samples, SIXTEEN.name, "Convene", "L0")),
        ]
    return Report(
        f"One room of {options.members}, {options.rounds} rounds of {options.seconds:g} s",
        goals,
        "\n\n".join(table(samples, work.name, "L0") for work in (ONE, SIXTEEN)),
        doubts(samples),
    )


if __name__ == "__main__":
    tell(run(read_options(__doc__)))
