"""Property test: every read path shows what the model of visibility shows, in random worlds.

The read paths are in `reads/read_paths.py`: of posts, events, users, notifications, and the export.

`CONVENE_TEST_WORLDS` sets the number of worlds, `CONVENE_TEST_FIRST_WORLD` the seed of the first one.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence

import pytest

from tests.actors.visibility.reads.read_paths import check
from tests.actors.visibility.setup import VisibilitySetup
from tests.actors.visibility.world import World
from tests.end_to_end.polling import LONG_TESTS

WORLDS = int(os.environ.get("CONVENE_TEST_WORLDS", "2000" if LONG_TESTS else "4"))
FIRST_WORLD = int(os.environ.get("CONVENE_TEST_FIRST_WORLD", "0"))
WORLDS_PER_TEST = 50
CONCURRENT_WORLDS = 5
"""They share the lookups of the services and the reads of the consumers, which are most of the cost."""
ROUNDS = 2


@pytest.mark.timeout(900)
@pytest.mark.parametrize("first_seed", range(FIRST_WORLD, FIRST_WORLD + WORLDS, WORLDS_PER_TEST))
async def test_every_read_path_matches_the_model(first_seed: int, setup: VisibilitySetup) -> None:
    """For every viewer, after posts and events were written while relations changed."""
    seeds = range(first_seed, min(first_seed + WORLDS_PER_TEST, FIRST_WORLD + WORLDS))
    for start in range(0, len(seeds), CONCURRENT_WORLDS):
        worlds = [World(setup, seed) for seed in seeds[start : start + CONCURRENT_WORLDS]]
        for step in (*(World.change, World.write) * ROUNDS, World.change):
            await run_all(worlds, step)
            await setup.catch_up()
        await run_all(worlds, check)


async def run_all(worlds: Sequence[World], step: Callable[[World], Awaitable[None]]) -> None:
    """Run a step of every world. Raises the first error, with the seed and the log of its world."""

    async def run(world: World) -> None:
        try:
            await step(world)
        except Exception as error:
            error.add_note(f"seed {world.seed}, after:\n" + "\n".join(world.log))
            raise

    for result in await asyncio.gather(*map(run, worlds), return_exceptions=True):
        if result is not None:
            raise result
