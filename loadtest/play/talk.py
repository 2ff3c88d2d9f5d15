"""People who write to each other: pairs, rooms, and groups that are all cut off at once now and then.

Who writes is left to chance, among those who may; a message that was meant while its author is away is
sent on return, late by that much. It never waits for an answer before the next message.
"""

import asyncio

from loadtest.figures.clock import now_us
from loadtest.play.play import Cast
from loadtest.play.words import Words


class Talk:
    """A `Play`. With `storms` in the plan everybody is cut off so often, evenly spread over the time."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._words = Words(cast.plan.message_characters, cast.dice)

    def act(self, intended_us: int) -> None:
        dice = self._cast.dice
        guest = dice.choice(self._cast.crowd.speakers)
        if guest.homes:
            guest.send(dice.choice(guest.homes), self._words.sentence(), intended_us)

    async def run(self, begin_us: int, end_us: int) -> None:
        storms = self._cast.plan.storms
        for number in range(1, storms + 1):
            due_us = begin_us + (end_us - begin_us) * number // (storms + 1)
            await asyncio.sleep(max(0, due_us - now_us()) / 1_000_000)
            self._cast.crowd.drop_all(self._cast.plan.return_s)
