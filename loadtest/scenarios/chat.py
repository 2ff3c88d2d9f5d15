"""Workload in which users exchange messages: pairs, rooms, and groups with mass disconnects.

Senders are chosen at random. A message scheduled while its sender is disconnected is sent after the
reconnect, and its latency counts from the scheduled time. Messages do not wait for earlier replies.
"""

import asyncio

from loadtest.metrics.clock import now_us
from loadtest.scenarios.random_text import RandomText
from loadtest.scenarios.workload import ScenarioContext


class ChatWorkload:
    """Disconnects all users `storms` times, evenly spread over the load."""

    def __init__(self, context: ScenarioContext) -> None:
        self._context = context
        self._texts = RandomText(context.plan.message_characters, context.rng)

    def perform(self, intended_us: int) -> None:
        rng = self._context.rng
        sender = rng.choice(self._context.user_pool.senders)
        if sender.conversation_ids:
            sender.send(rng.choice(sender.conversation_ids), self._texts.sentence(), intended_us)

    async def run_background(self, begin_us: int, end_us: int) -> None:
        storms = self._context.plan.storms
        for number in range(1, storms + 1):
            due_us = begin_us + (end_us - begin_us) * number // (storms + 1)
            await asyncio.sleep(max(0, due_us - now_us()) / 1_000_000)
            self._context.user_pool.disconnect_all(self._context.plan.reconnect_spread_s)
