"""`python -m bench.attackers ATTACK TARGET SECONDS`: run one attack and print its result as JSON."""

import asyncio
import sys
from pathlib import Path

import msgspec
import uvloop

from bench.attackers.attack import STARTED, Attack, Target
from bench.attackers.attacks import ATTACKS


async def run(name: str, target: Target, seconds: float) -> None:
    attack = Attack(target, seconds)
    print(STARTED, flush=True)
    await ATTACKS[name](attack)
    print(msgspec.json.encode(attack.result()).decode(), flush=True)


def main() -> None:
    name, file, seconds = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(name, msgspec.json.decode(Path(file).read_bytes(), type=Target), float(seconds)))


if __name__ == "__main__":
    main()
