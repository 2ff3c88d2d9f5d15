"""A refusal: the one way in which the server says no to a request and lives on.

Every code of the contract stands here with its HTTP status and title. A refusal never carries the
words that somebody wrote, nor anything about objects that the caller may not see.
"""

from collections.abc import Sequence

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    """One field that was not as the contract asks."""

    field: str
    code: str
    detail: str


class ErrorSpec(msgspec.Struct, frozen=True):
    status: int
    title: str


ERROR_SPECS: dict[str, ErrorSpec] = {
    "request.invalid": ErrorSpec(422, "The request is not valid"),
    "request.too_large": ErrorSpec(413, "The request is too large"),
    "request.unsupported_media_type": ErrorSpec(415, "The media type is not supported"),
    "request.timeout": ErrorSpec(408, "The request came too slowly"),
    "auth.required": ErrorSpec(401, "Authentication is required"),
    "auth.invalid_credentials": ErrorSpec(401, "The login or the password is wrong"),
    "auth.expired": ErrorSpec(401, "The token has expired"),
    "permission.denied": ErrorSpec(403, "This is not yours to do"),
    "user.not_found": ErrorSpec(404, "No such user"),
    "session.not_found": ErrorSpec(404, "No such session"),
    "conversation.not_found": ErrorSpec(404, "No such conversation"),
    "message.not_found": ErrorSpec(404, "No such message"),
    "participant.not_found": ErrorSpec(404, "No such participant"),
    "post.not_found": ErrorSpec(404, "No such post"),
    "comment.not_found": ErrorSpec(404, "No such comment"),
    "event.not_found": ErrorSpec(404, "No such event"),
    "notification.not_found": ErrorSpec(404, "No such notification"),
    "event.full": ErrorSpec(409, "The event is full"),
    "event.past": ErrorSpec(409, "The event is over"),
    "event.capacity_below_going": ErrorSpec(409, "More people are going than that"),
    "report.not_found": ErrorSpec(404, "No such report"),
    "password_reset.not_found": ErrorSpec(404, "No such password reset"),
    "email_verification.not_found": ErrorSpec(404, "No such e-mail verification"),
    "route.not_found": ErrorSpec(404, "No such route"),
    "method.not_allowed": ErrorSpec(405, "The route does not take this method"),
    "user.email_taken": ErrorSpec(409, "The e-mail address is in use"),
    "user.username_taken": ErrorSpec(409, "The username is in use"),
    "user.blocked": ErrorSpec(403, "One of you has blocked the other"),
    "conversation.direct": ErrorSpec(409, "A direct conversation does not change"),
    "conversation.full": ErrorSpec(409, "The conversation is full"),
    "message.deleted": ErrorSpec(409, "The message was deleted"),
    "idempotency.conflict": ErrorSpec(409, "The key was used for something else"),
    "cursor.invalid": ErrorSpec(422, "The cursor is not one of ours"),
    "rate.limited": ErrorSpec(429, "Too many requests"),
    "frame.unknown_type": ErrorSpec(400, "No such frame type"),
    "server.overloaded": ErrorSpec(503, "The server is overloaded"),
    "server.unavailable": ErrorSpec(503, "A store is not available"),
    "server.error": ErrorSpec(500, "Something went wrong here"),
}


class ApiError(Exception):
    """No, for a reason the caller can act on.

    `code` is one of `MEANINGS`; `retry` says whether the very same request may succeed later, and
    `retry_after_ms` from when on.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        retry_after_ms: int | None = None,
        retry: bool = False,
        errors: Sequence[FieldError] = (),
    ) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.retry = retry or retry_after_ms is not None
        self.retry_after_ms = retry_after_ms
        self.errors = tuple(errors)

    @property
    def status(self) -> int:
        return ERROR_SPECS[self.code].status

    @property
    def title(self) -> str:
        return ERROR_SPECS[self.code].title


def invalid_field(field: str, detail: str, code: str = "invalid") -> ApiError:
    """`request.invalid` about one field."""
    return ApiError("request.invalid", detail, errors=(FieldError(field, code, detail),))


def overloaded(detail: str, retry_after_ms: int) -> ApiError:
    return ApiError("server.overloaded", detail, retry_after_ms=retry_after_ms)


def unavailable(detail: str, retry_after_ms: int = 1000) -> ApiError:
    return ApiError("server.unavailable", detail, retry_after_ms=retry_after_ms)
