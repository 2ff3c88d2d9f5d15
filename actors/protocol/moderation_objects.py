"""The objects of moderation, as moderators and the users acted upon see them. Times are RFC 3339 strings."""

from typing import Literal

import msgspec

from actors.protocol.objects import UserCard


class ReportContext(msgspec.Struct, frozen=True):
    """A text beside a reported one: a message around it, or the post of a comment. Shortened if long."""

    id: str
    author_id: str
    author_name: str
    content: str
    created_at: str


class ReportSnapshot(msgspec.Struct, frozen=True):
    """What was reported, as it was then.

    `author_name` is a username. Of a user, `content` is display name and bio. `container_id` is the
    conversation of a message, or the post of a comment.
    """

    author_id: str
    author_name: str
    content: str
    created_at: str
    container_id: str | None
    context: list[ReportContext]


class Report(msgspec.Struct, frozen=True):
    """A report. `reporter` is null once the account is deleted, and for the moderator whom it is about.

    `snapshot` is null for reports of earlier versions. `assigned_to` is the moderator who works on it.
    `is_hidden`: moderators have hidden the target. Null in lists, for users and for what was deleted.
    """

    id: str
    kind: str
    target_id: str
    reason: str
    reporter: UserCard | None
    created_at: str
    snapshot: ReportSnapshot | None
    resolved_at: str | None
    resolved_by: UserCard | None
    resolution: str | None
    assigned_to: UserCard | None
    is_hidden: bool | None = None


class ModerationAction(msgspec.Struct, frozen=True):
    """An action of the audit log.

    `kind` is that of the target: an item, a user, a report, an appeal, or what concerns registrations.
    `actor` is null for actions of the command line, and once the account is deleted. `user` is the user acted
    upon: the author of an item or an appeal, or the user. `expires_at` is null for what has no end. `reason`
    is the note of a report, and the beginning of the answer to an appeal.
    """

    id: str
    type: str
    kind: str
    target_id: str
    user: UserCard | None
    actor: UserCard | None
    reason: str
    expires_at: str | None
    report_id: str | None
    created_at: str


class ModeratedUser(msgspec.Struct, frozen=True):
    """A user as moderators see them. A restriction without an end has the year 9999."""

    id: str
    username: str
    display_name: str | None
    avatar_url: str | None
    verified: bool
    bio: str | None
    created_at: str
    role: Literal["admin", "moderator"] | None
    silenced_until: str | None
    suspended_until: str | None
    banned_at: str | None


class Appeal(msgspec.Struct, frozen=True):
    """An appeal against an action. `accepted` and `answer` are null until moderators have answered it."""

    id: str
    action_id: str
    content: str
    created_at: str
    answered_at: str | None
    accepted: bool | None
    answer: str | None


class AppealReview(Appeal, frozen=True):
    """An appeal as moderators see it, with the action."""

    action: ModerationAction


class OwnModerationAction(msgspec.Struct, frozen=True):
    """An action of moderators, as the user acted upon sees it, with the user's appeal."""

    id: str
    type: str
    kind: str
    target_id: str
    reason: str
    expires_at: str | None
    created_at: str
    appeal: Appeal | None


class PendingRegistration(msgspec.Struct, frozen=True):
    """A registration that waits for approval."""

    id: str
    email: str
    username: str
    display_name: str | None
    created_at: str


class InviteCode(msgspec.Struct, frozen=True):
    """A code with which users can register. `expires_at` is null without an end."""

    id: str
    code: str
    uses_left: int
    expires_at: str | None
    created_at: str


class BlockedName(msgspec.Struct, frozen=True):
    """A name that no one may register. `kind`: `username`, or `email_domain` with its subdomains."""

    kind: str
    value: str
    created_at: str
