"""The errors of conversations, shared by all callers."""

from actors.protocol.errors import ApiError, overloaded, unavailable
from config.limits import CONVERSATIONS_MAX
from storage.errors import Unavailable


def not_found() -> ApiError:
    return ApiError("conversation.not_found", "The conversation does not exist, or you are not a member.")


def message_not_found() -> ApiError:
    return ApiError("message.not_found", "There is no such message in this conversation.")


def blocked() -> ApiError:
    return ApiError("user.blocked", "One of you has blocked the other.")


def conversation_limit() -> ApiError:
    return ApiError("conversation.limit", f"One of these users is in {CONVERSATIONS_MAX} conversations.")


class ConsentRequiredError(ApiError):
    """The user left the conversation and comes back only by accepting a request."""

    def __init__(self) -> None:
        super().__init__("permission.denied", "The user left this conversation and has to accept first.")


def read_only() -> ApiError:
    return ApiError("conversation.read_only", "The other user's account was deleted.")


def client_id_conflict() -> ApiError:
    return ApiError("idempotency.conflict", "This `client_id` was used for a different message.")


def busy() -> ApiError:
    return overloaded("The conversation has too many pending commands, or old ones. Retry later.")


def instance_busy() -> ApiError:
    return overloaded("More messages are sent than can be stored. Retry later.")


def overdue() -> ApiError:
    return overloaded(
        "The command has no result yet. Retry; a message with the same `client_id` is stored once."
    )


def outcome_unknown() -> ApiError:
    return unavailable("The result is unknown. Retry; a message with the same `client_id` is stored once.")


def id_collision() -> ApiError:
    return ApiError("server.error", "The id of the next entry is taken. Use another conversation.")


def to_api_error(reason: Exception) -> ApiError:
    """Convert any failure to the error that the client gets; one that is not known here to `busy`."""
    if isinstance(reason, ApiError):
        return reason
    if isinstance(reason, Unavailable):
        return unavailable("The message store did not respond in time.")
    return busy()
