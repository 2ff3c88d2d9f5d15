"""Readiness without stores."""

from prometheus_client import CollectorRegistry

from actors.conversations.future_reply import FutureReply
from actors.conversations.unanswered_commands import UnansweredCommands
from server.observability import health
from server.observability.health import Health, check_sends


async def test_not_ready_while_a_send_is_unanswered() -> None:
    """For longer than `UNANSWERED_SEND_S`; ready again after the answer."""
    now_s = 0.0
    unanswered = UnansweredCommands(lambda: now_s)
    endpoints = Health({"sends": check_sends(unanswered)}, CollectorRegistry())
    reply = unanswered.track(FutureReply())
    now_s = health.UNANSWERED_SEND_S
    assert (await endpoints.readiness()).ready
    endpoints._cached = None
    now_s += 0.1
    assert (await endpoints.readiness()).checks == {"sends": "unavailable"}
    endpoints._cached = None
    reply.unchanged()
    assert (await endpoints.readiness()).ready
