"""Property test: every read path shows what the model of visibility shows, in random worlds.

Posts, quotes, reposts, comments, likes, counts, tags, feeds, hints, notifications, lists of users, and the
export.

`CONVENE_TEST_WORLDS` sets the number of worlds.
"""

import os
import random

import pytest

from tests.actors.posts.visibility_reads import check
from tests.actors.posts.visibility_setup import VisibilitySetup
from tests.actors.posts.visibility_world import World
from tests.end_to_end.polling import LONG_TESTS

WORLDS = int(os.environ.get("CONVENE_TEST_WORLDS", "2000" if LONG_TESTS else "4"))
WORLDS_PER_TEST = 50
ROUNDS = 2


@pytest.mark.timeout(900)
@pytest.mark.parametrize("first_seed", range(0, WORLDS, WORLDS_PER_TEST))
async def test_every_read_path_matches_the_model(first_seed: int, setup: VisibilitySetup) -> None:
    """For every viewer, after posts were written while relations changed."""
    for seed in range(first_seed, min(first_seed + WORLDS_PER_TEST, WORLDS)):
        world = World(setup, random.Random(seed))
        try:
            for _ in range(ROUNDS):
                await world.change()
                await world.write()
            await world.change()
            await check(world)
        except AssertionError as error:
            error.add_note(f"seed {seed}, after:\n" + "\n".join(world.log))
            raise
