"""API errors: every error code with its HTTP status and title, and the exception that carries one.

A detail does not repeat user text, and reveals nothing about objects that the caller may not see.
"""

from collections.abc import Sequence
from typing import Final

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    """The error of one field of a request."""

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
    "request.timeout": ErrorSpec(408, "The request was not received in time"),
    "auth.required": ErrorSpec(401, "Authentication is required"),
    "auth.invalid_credentials": ErrorSpec(401, "The login or password is incorrect"),
    "auth.password_required": ErrorSpec(403, "The current password is required"),
    "auth.expired": ErrorSpec(401, "The token has expired"),
    "permission.denied": ErrorSpec(403, "You do not have permission to do this"),
    "user.not_found": ErrorSpec(404, "User not found"),
    "session.not_found": ErrorSpec(404, "Session not found"),
    "conversation.not_found": ErrorSpec(404, "Conversation not found"),
    "conversation_request.not_found": ErrorSpec(404, "Conversation request not found"),
    "message.not_found": ErrorSpec(404, "Message not found"),
    "participant.not_found": ErrorSpec(404, "Participant not found"),
    "post.not_found": ErrorSpec(404, "Post not found"),
    "comment.not_found": ErrorSpec(404, "Comment not found"),
    "event.not_found": ErrorSpec(404, "Event not found"),
    "calendar.not_found": ErrorSpec(404, "Calendar not found"),
    "notification.not_found": ErrorSpec(404, "Notification not found"),
    "event.full": ErrorSpec(409, "The event is full"),
    "follow_request.not_found": ErrorSpec(404, "Follow request not found"),
    "follow.limit": ErrorSpec(409, "The user follows too many users"),
    "block.limit": ErrorSpec(409, "The user blocks too many users"),
    "mute.limit": ErrorSpec(409, "The user mutes too many users"),
    "follow_request.limit": ErrorSpec(409, "Too many follow requests are pending"),
    "bookmark.limit": ErrorSpec(409, "The user has too many bookmarks"),
    "tag.limit": ErrorSpec(409, "The user follows too many tags"),
    "post.not_editable": ErrorSpec(409, "The post can no longer be edited"),
    "event.past": ErrorSpec(409, "The event has ended"),
    "event.cancelled": ErrorSpec(409, "The event was cancelled"),
    "event.hosts_full": ErrorSpec(409, "The event has too many hosts"),
    "rsvp.not_found": ErrorSpec(404, "RSVP not found"),
    "rsvp_request.not_found": ErrorSpec(404, "Request not found"),
    "event.capacity_below_going": ErrorSpec(409, "The capacity is below the number of attendees"),
    "action.not_found": ErrorSpec(404, "Moderation action not found"),
    "registration.not_found": ErrorSpec(404, "Registration not found"),
    "registration.invite_required": ErrorSpec(403, "Registration needs a valid invite code"),
    "registration.limit": ErrorSpec(409, "Too many registrations wait for approval"),
    "invite_code.not_found": ErrorSpec(404, "Invite code not found"),
    "invite_code.limit": ErrorSpec(409, "There are too many invite codes"),
    "name_block.limit": ErrorSpec(409, "Too many names are blocked"),
    "user.name_blocked": ErrorSpec(409, "The username or the e-mail domain is blocked"),
    "appeal.not_found": ErrorSpec(404, "Appeal not found"),
    "appeal.exists": ErrorSpec(409, "The user has appealed before"),
    "user.suspended": ErrorSpec(403, "Moderators have suspended the account"),
    "action.no_effect": ErrorSpec(409, "The target is in that state already"),
    "role.last_admin": ErrorSpec(409, "There must be an admin"),
    "user.silenced": ErrorSpec(403, "The user is silenced by moderators"),
    "report.not_found": ErrorSpec(404, "Report not found"),
    "report.not_moderator": ErrorSpec(409, "Reports are assigned to moderators"),
    "password_reset.not_found": ErrorSpec(404, "Password reset not found"),
    "email_verification.not_found": ErrorSpec(404, "E-mail verification not found"),
    "email_change.not_found": ErrorSpec(404, "E-mail change not found"),
    "export.not_found": ErrorSpec(404, "Export not found"),
    "mail_unsubscription.not_found": ErrorSpec(404, "Mail unsubscription not found"),
    "route.not_found": ErrorSpec(404, "Route not found"),
    "method.not_allowed": ErrorSpec(405, "The route does not support this method"),
    "user.email_taken": ErrorSpec(409, "The e-mail address is already in use"),
    "user.username_taken": ErrorSpec(409, "The username is already in use"),
    "user.blocked": ErrorSpec(403, "One of the users has blocked the other"),
    "conversation.direct": ErrorSpec(409, "Direct conversations cannot be changed"),
    "conversation.read_only": ErrorSpec(409, "The conversation can no longer be written to"),
    "conversation.full": ErrorSpec(409, "The conversation is full"),
    "conversation.limit": ErrorSpec(409, "The user is in too many conversations"),
    "message.deleted": ErrorSpec(409, "The message was deleted"),
    "idempotency.conflict": ErrorSpec(409, "The idempotency key was used for a different request"),
    "cursor.invalid": ErrorSpec(422, "The cursor is not valid"),
    "rate.limited": ErrorSpec(429, "Too many requests"),
    "frame.unknown_type": ErrorSpec(400, "Unknown frame type"),
    "server.overloaded": ErrorSpec(503, "The server is overloaded"),
    "server.unavailable": ErrorSpec(503, "A data store is not available"),
    "server.error": ErrorSpec(500, "Internal server error"),
}


RETRY_AFTER_MS: Final = 1000
"""Time after which a client retries, if the server cannot tell when it will be able to answer."""

RETRIABLE_CODES: Final = frozenset(code for code, spec in ERROR_SPECS.items() if spec.status in {429, 503})
"""Errors that always have a `retry_after_ms`."""


class ApiError(Exception):
    """A request was rejected, for a reason the caller can act on.

    `code` is a key of `ERROR_SPECS`. `retry` says whether the same request may succeed later;
    `retry_after_ms` is the minimum delay, by default `RETRY_AFTER_MS` for `RETRIABLE_CODES`.
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
        if retry_after_ms is None and code in RETRIABLE_CODES:
            retry_after_ms = RETRY_AFTER_MS
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
    """Create `request.invalid` with one field error."""
    return ApiError("request.invalid", detail, errors=(FieldError(field, code, detail),))


def invalid_cursor() -> ApiError:
    """Create `cursor.invalid`, which names the parameter as `request.invalid` does."""
    detail = "`cursor` must be a `next_cursor` returned by this list."
    return ApiError("cursor.invalid", detail, errors=(FieldError("cursor", "invalid", detail),))


def overloaded(detail: str, retry_after_ms: int = RETRY_AFTER_MS) -> ApiError:
    return ApiError("server.overloaded", detail, retry_after_ms=retry_after_ms)


def unavailable(detail: str, retry_after_ms: int = RETRY_AFTER_MS) -> ApiError:
    return ApiError("server.unavailable", detail, retry_after_ms=retry_after_ms)
