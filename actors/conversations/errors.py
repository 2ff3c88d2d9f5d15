"""The refusals of a conversation, in one wording for every way in."""

from actors.protocol.errors import ApiError, overloaded, unavailable
from storage.errors import Unavailable

RETRY_AFTER_MS = 1000


def not_found() -> ApiError:
    return ApiError("conversation.not_found", "There is no such conversation.")


def blocked() -> ApiError:
    return ApiError("user.blocked", "One of you has blocked the other.")


def client_id_conflict() -> ApiError:
    return ApiError("idempotency.conflict", "This client_id was used for another message.")


def busy() -> ApiError:
    return overloaded("The conversation has all it can take for now.", RETRY_AFTER_MS)


def to_api_error(reason: Exception) -> ApiError:
    """What a sender is told of any failure."""
    if isinstance(reason, ApiError):
        return reason
    if isinstance(reason, Unavailable):
        return unavailable("The message store did not answer in time.")
    return busy()
