"""People who write to each other: pairs, rooms, and groups that are all cut off at once now and then.

Who writes is left to chance, among those who may; a message that was meant while its author is away is
sent on return, late by that much. It never waits for an answer before the next message.
"""

import asyncio

from loadtest.metrics.clock import now_us
from loadtest.scenarios.random_text import RandomText
from loadtest.scenarios.workload import ScenarioContext


class ChatWorkload:
    """A `Play`. With `storms` in the plan everybody is cut off so often, evenly spread over the time."""

    def __init__(self, context: ScenarioContext) -> None:
        self._context = context
        self._texts = RandomText(context.plan.message_characters, context.rng)

    def perform(self, intended_us: int) -> None:
        dice = self._context.rng
        guest = dice.choice(self._context.user_pool.senders)
        if guest.conversation_ids:
            guest.send(dice.choice(guest.conversation_ids), self._texts.sentence(), intended_us)

    async def run_background(self, begin_us: int, end_us: int) -> None:
        storms = self._context.plan.storms
        for number in range(1, storms + 1):
            due_us = begin_us + (end_us - begin_us) * number // (storms + 1)
            await asyncio.sleep(max(0, due_us - now_us()) / 1_000_000)
            self._context.user_pool.disconnect_all(self._context.plan.reconnect_spread_s)
