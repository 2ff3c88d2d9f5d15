"""The refusals of a conversation, in one wording for every way in."""

from actors.wire.refusal import Refusal, overloaded, unavailable
from storage.errors import Unavailable

RETRY_AFTER_MS = 1000


def not_found() -> Refusal:
    return Refusal("conversation.not_found", "There is no such conversation.")


def blocked() -> Refusal:
    return Refusal("user.blocked", "One of you has blocked the other.")


def conflict() -> Refusal:
    return Refusal("idempotency.conflict", "This client_id was used for another message.")


def busy() -> Refusal:
    return overloaded("The conversation has all it can take for now.", RETRY_AFTER_MS)


def refusal_of(reason: Exception) -> Refusal:
    """What a sender is told of any failure."""
    if isinstance(reason, Refusal):
        return reason
    if isinstance(reason, Unavailable):
        return unavailable("The message store did not answer in time.")
    return busy()
