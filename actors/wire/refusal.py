"""A refusal: the one way in which the server says no to a request and lives on.

Every code of the contract stands here with its HTTP status and title. A refusal never carries the
words that somebody wrote, nor anything about objects that the caller may not see.
"""

from collections.abc import Sequence

import msgspec


class FieldFault(msgspec.Struct, frozen=True):
    """One field that was not as the contract asks."""

    field: str
    code: str
    detail: str


class Meaning(msgspec.Struct, frozen=True):
    status: int
    title: str


MEANINGS: dict[str, Meaning] = {
    "request.invalid": Meaning(422, "The request is not valid"),
    "request.too_large": Meaning(413, "The request is too large"),
    "request.timeout": Meaning(408, "The request came too slowly"),
    "auth.required": Meaning(401, "Authentication is required"),
    "auth.invalid_credentials": Meaning(401, "The login or the password is wrong"),
    "auth.expired": Meaning(401, "The token has expired"),
    "permission.denied": Meaning(403, "This is not yours to do"),
    "user.not_found": Meaning(404, "No such user"),
    "session.not_found": Meaning(404, "No such session"),
    "conversation.not_found": Meaning(404, "No such conversation"),
    "message.not_found": Meaning(404, "No such message"),
    "participant.not_found": Meaning(404, "No such participant"),
    "post.not_found": Meaning(404, "No such post"),
    "comment.not_found": Meaning(404, "No such comment"),
    "event.not_found": Meaning(404, "No such event"),
    "notification.not_found": Meaning(404, "No such notification"),
    "event.full": Meaning(409, "The event is full"),
    "event.past": Meaning(409, "The event is over"),
    "event.capacity_below_going": Meaning(409, "More people are going than that"),
    "report.not_found": Meaning(404, "No such report"),
    "password_reset.not_found": Meaning(404, "No such password reset"),
    "email_verification.not_found": Meaning(404, "No such e-mail verification"),
    "route.not_found": Meaning(404, "No such route"),
    "method.not_allowed": Meaning(405, "The route does not take this method"),
    "user.email_taken": Meaning(409, "The e-mail address is in use"),
    "user.username_taken": Meaning(409, "The username is in use"),
    "user.blocked": Meaning(403, "One of you has blocked the other"),
    "conversation.direct": Meaning(409, "A direct conversation does not change"),
    "conversation.full": Meaning(409, "The conversation is full"),
    "message.deleted": Meaning(409, "The message was deleted"),
    "idempotency.conflict": Meaning(409, "The key was used for something else"),
    "cursor.invalid": Meaning(422, "The cursor is not one of ours"),
    "rate.limited": Meaning(429, "Too many requests"),
    "frame.unknown_type": Meaning(400, "No such frame type"),
    "server.overloaded": Meaning(503, "The server is overloaded"),
    "server.unavailable": Meaning(503, "A store is not available"),
    "server.error": Meaning(500, "Something went wrong here"),
}


class Refusal(Exception):  # noqa: N818 - it is an answer, not an error
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
        errors: Sequence[FieldFault] = (),
    ) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.retry = retry or retry_after_ms is not None
        self.retry_after_ms = retry_after_ms
        self.errors = tuple(errors)

    @property
    def status(self) -> int:
        return MEANINGS[self.code].status

    @property
    def title(self) -> str:
        return MEANINGS[self.code].title


def invalid(field: str, detail: str, code: str = "invalid") -> Refusal:
    """`request.invalid` about one field."""
    return Refusal("request.invalid", detail, errors=(FieldFault(field, code, detail),))


def overloaded(detail: str, retry_after_ms: int) -> Refusal:
    return Refusal("server.overloaded", detail, retry_after_ms=retry_after_ms)


def unavailable(detail: str, retry_after_ms: int = 1000) -> Refusal:
    return Refusal("server.unavailable", detail, retry_after_ms=retry_after_ms)
