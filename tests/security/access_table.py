"""The authorisation table: who may call each route and each socket command, and what the others get.

A new route or command needs a row here; `test_authorisation.py` prints the missing ones.

Placeholders name objects of the owner: `{owner}` (id), `{owner_name}`, `{post}`, `{comment}`, `{event}`,
`{group}` (with owner, admin and member), `{message}` (the owner's, in the group), `{notification}`,
`{session}`, `{report}` (of a post of the owner), `{action}` (a warning of the owner), `{appeal}` (against
it); and `{member}` (id of another member), `{caller}` (id of who calls), `{other}` (id of a user outside the
group), `{tag}` (of a post of the owner), `{requester}` (id of a user who asks to follow the owner),
`{invite_code}` (of the server), `{name_kind}`, `{unique}`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.security.access_rules import (
    ADMINS,
    ANY_USER,
    AUTHOR,
    AUTHOR_AND_ADMINS,
    HIDDEN,
    LISTED,
    MEMBERS,
    MESSAGE_OF_MEMBERS,
    MODERATORS,
    PASS,
    PUBLIC,
    RELATED,
    SERVER_ADMINS,
    Outcome,
    Rule,
    everyone,
    owner_of_hidden,
    owner_of_visible,
    signed_in,
    staff,
    towards_owner,
    unblocked,
)
from tests.server.registered_users import PASSWORD

Json = Any
UNKNOWN_TOKEN = "A" * 43
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Row:
    """A request, and who may make it.

    Attributes:
        target: Method and path of a route (a query included), or the type of a socket command.
        body: Body of the request, or the fields of the command.
        consumes: Whether a request that passes uses up the objects, so that the next one needs new ones.
        account: Whether it ends or changes the caller's own account or session: the signed-in roles are then
            replaced by one new user.
        relates: Whether it changes follows or blocks between caller and owner.
        lists_owner: Whether the answer is a list that holds the owner, unless the outcome is `HIDDEN`.
        blocked_direct: The outcome in a DIRECT with a block for both sides; required with `{group}`.
        foreign: The outcome for the owner if a placeholder is replaced by what the owner cannot see, where
            that is not the `not_found` of the placeholder.
        unknown: The outcome for the owner if a placeholder is replaced by what does not exist, where that is
            not the outcome of `foreign`. Each is a way to learn what exists.
    """

    target: str
    rule: Rule
    body: Json = None
    consumes: bool = False
    account: bool = False
    relates: bool = False
    lists_owner: bool = False
    blocked_direct: Outcome | None = None
    foreign: Mapping[str, Outcome] = field(default_factory=dict)
    unknown: Mapping[str, Outcome] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """All text of the row that may hold placeholders."""
        return f"{self.target} {self.body}"

    @property
    def changes_members(self) -> bool:
        """Whether a request that passes changes who is in the group."""
        return self.consumes and "/participants/" in self.target

    @property
    def operation(self) -> tuple[str, str]:
        """Method and path, with `{}` for each parameter."""
        method, path = self.target.split(" ")
        return method, re.sub(
            r"\{\w+\}", "{}", path.split("?")[0].replace(UNKNOWN_TOKEN, "{}").replace(UNKNOWN_ID, "{}")
        )


EVENT = {
    "title": "x",
    "start_datetime": "2090-05-01T18:00:00Z",
    "end_datetime": "2090-05-01T20:00:00Z",
    "capacity": 5,
}
NEW_MESSAGE = {"client_id": "{unique}", "content": "x", "mentions": ["{member}"], "reply_to": "{message}"}
IGNORED = {"member": PASS}
"""A mention of a user who is not in the conversation."""
LINE = "/v1/conversations/{group}"
DENIED = "permission.denied"
"""To the owner, who has no role, whatever the ids are."""

ROUTES = (
    # --- accounts and sessions
    Row(
        "POST /v1/users",
        PUBLIC,
        {"email": "{unique}@example.test", "username": "{unique}", "password": PASSWORD},
    ),
    Row("GET /v1/users?q={owner_name}", LISTED, lists_owner=True, foreign={"owner_name": HIDDEN}),
    Row("GET /v1/users?ids={owner}", LISTED, lists_owner=True, foreign={"owner": HIDDEN}),
    Row("GET /v1/users/me", ANY_USER),
    Row("PATCH /v1/users/me", ANY_USER, {"bio": "x"}),
    Row("GET /v1/users/me/privacy", ANY_USER),
    Row("PATCH /v1/users/me/privacy", ANY_USER, {"invites": "everyone"}),
    Row("GET /v1/users/me/export", ANY_USER),
    Row("POST /v1/users/me/export", ANY_USER, account=True),
    Row("GET /v1/users/me/notification-preferences", ANY_USER),
    Row("PUT /v1/users/me/notification-preferences", ANY_USER, {"channels": {"LIKE": "mail"}}),
    Row("DELETE /v1/users/me", ANY_USER, {"current_password": PASSWORD}, account=True),
    Row(
        "PUT /v1/users/me/password",
        ANY_USER,
        {"current_password": PASSWORD, "new_password": "another password"},
        account=True,
    ),
    Row(
        "POST /v1/sessions",
        PUBLIC,
        {"login": "{owner_name}", "password": PASSWORD},
        foreign={"owner_name": PASS},
        # The password was right for the other user.
        unknown={"owner_name": "auth.invalid_credentials"},
    ),
    Row("GET /v1/sessions", ANY_USER),
    Row("DELETE /v1/sessions/current", ANY_USER, account=True),
    Row("DELETE /v1/sessions/{session}", owner_of_hidden("session"), consumes=True),
    Row("POST /v1/password-resets", PUBLIC, {"email": "nobody@example.test"}),
    Row(
        f"PUT /v1/password-resets/{UNKNOWN_TOKEN}",
        everyone("password_reset.not_found"),
        {"new_password": PASSWORD},
    ),
    Row(f"DELETE /v1/email-changes/{UNKNOWN_TOKEN}", everyone("email_change.not_found")),
    Row(f"GET /v1/exports/{UNKNOWN_TOKEN}", everyone("export.not_found")),
    Row(f"POST /v1/mail-unsubscriptions/{UNKNOWN_TOKEN}", everyone("mail_unsubscription.not_found")),
    Row(f"PUT /v1/email-verifications/{UNKNOWN_TOKEN}", everyone("email_verification.not_found")),
    # --- people
    Row("GET /v1/users/{owner}", unblocked("user")),
    Row("GET /v1/users/by-username/{owner_name}", unblocked("user")),
    Row(
        "PUT /v1/users/{owner}/follow",
        towards_owner(blocked="user.not_found", blocking="user.not_found"),
        relates=True,
    ),
    Row("DELETE /v1/users/{owner}/follow", ANY_USER, relates=True, foreign={"owner": PASS}),
    Row("PUT /v1/users/{owner}/block", towards_owner(), relates=True, foreign={"owner": PASS}),
    Row("DELETE /v1/users/{owner}/block", ANY_USER, relates=True, foreign={"owner": PASS}),
    Row("GET /v1/relationships?user_ids={owner}", RELATED, lists_owner=True, foreign={"owner": HIDDEN}),
    Row("GET /v1/suggestions", ANY_USER),
    Row("DELETE /v1/suggestions/{owner}", towards_owner(), foreign={"owner": PASS}),
    Row("DELETE /v1/users/me/followers/{owner}", ANY_USER, relates=True, foreign={"owner": PASS}),
    Row("GET /v1/follow-requests", ANY_USER),
    Row("PUT /v1/follow-requests/{requester}", owner_of_hidden("follow_request"), consumes=True),
    Row("DELETE /v1/follow-requests/{requester}", owner_of_hidden("follow_request"), consumes=True),
    Row("GET /v1/users/me/blocks", ANY_USER),
    Row(
        "PUT /v1/users/{owner}/mute",
        towards_owner(blocked="user.not_found", blocking="user.not_found"),
        {"posts": True},
        relates=True,
    ),
    Row("DELETE /v1/users/{owner}/mute", ANY_USER, relates=True, foreign={"owner": PASS}),
    Row("GET /v1/users/me/mutes", ANY_USER),
    Row("GET /v1/users/{owner}/followers", unblocked("user")),
    Row("GET /v1/users/{owner}/following", unblocked("user")),
    Row("GET /v1/users/{owner}/stats", unblocked("user")),
    Row("GET /v1/users/{owner}/posts", unblocked("user")),
    Row(
        "GET /v1/users/{owner}/posts.atom",
        PUBLIC,
        foreign={"owner": PASS},
        # Everyone may read it, blocked or not.
        unknown={"owner": "user.not_found"},
    ),
    Row("GET /v1/presence?user_ids={owner}", ANY_USER, foreign={"owner": PASS}),
    # --- posts
    Row("POST /v1/posts", unblocked("event"), {"content": "x", "event_id": "{event}"}),
    Row("GET /v1/posts/{post}", unblocked("post")),
    Row("PATCH /v1/posts/{post}", owner_of_visible("post"), {"content": "x"}),
    Row("GET /v1/posts/{post}/history", unblocked("post")),
    Row("DELETE /v1/posts/{post}", owner_of_visible("post"), consumes=True),
    Row("PUT /v1/posts/{post}/like", unblocked("post")),
    Row("DELETE /v1/posts/{post}/like", unblocked("post")),
    Row("POST /v1/posts/{post}/repost", unblocked("post"), {"content": "x"}),
    Row("DELETE /v1/posts/{post}/repost", unblocked("post")),
    Row("PUT /v1/posts/{post}/bookmark", unblocked("post")),
    Row("DELETE /v1/posts/{post}/bookmark", unblocked("post")),
    Row("GET /v1/bookmarks", ANY_USER),
    Row("GET /v1/posts/{post}/likes", unblocked("post")),
    Row("GET /v1/posts/{post}/comments", unblocked("post")),
    Row("POST /v1/posts/{post}/comments", unblocked("post"), {"content": "x"}),
    Row("DELETE /v1/comments/{comment}", owner_of_visible("comment"), consumes=True),
    Row(
        "POST /v1/posts/{post}/comments",
        unblocked("post"),
        {"content": "x", "parent_id": "{comment}"},
    ),
    Row("PUT /v1/comments/{comment}/like", unblocked("comment")),
    Row("DELETE /v1/comments/{comment}/like", unblocked("comment")),
    Row("GET /v1/comments/{comment}/likes", unblocked("comment")),
    Row("GET /v1/tags/{tag}/posts", LISTED, lists_owner=True, foreign={"tag": HIDDEN}),
    Row("GET /v1/tags/{tag}", ANY_USER, foreign={"tag": PASS}),
    Row("PUT /v1/tags/{tag}/follow", ANY_USER, foreign={"tag": PASS}),
    Row("DELETE /v1/tags/{tag}/follow", ANY_USER, foreign={"tag": PASS}),
    Row("GET /v1/users/me/followed-tags", ANY_USER),
    Row("GET /v1/feed", ANY_USER),
    Row("GET /v1/timeline/public", ANY_USER),
    # --- reports
    Row("POST /v1/reports", unblocked("post"), {"kind": "post", "id": "{post}", "reason": "x"}),
    Row("POST /v1/reports", unblocked("comment"), {"kind": "comment", "id": "{comment}", "reason": "x"}),
    Row(
        "POST /v1/reports",
        MESSAGE_OF_MEMBERS,
        {"kind": "message", "id": "{message}", "reason": "x"},
    ),
    Row("POST /v1/reports", unblocked("event"), {"kind": "event", "id": "{event}", "reason": "x"}),
    Row(
        "POST /v1/reports",
        ANY_USER,
        {"kind": "user", "id": "{owner}", "reason": "x"},
        foreign={"owner": PASS},
    ),
    # --- moderation
    Row("GET /v1/admin/reports", MODERATORS),
    Row("GET /v1/admin/reports?assigned_to={owner}", MODERATORS, foreign={"owner": DENIED}),
    Row("GET /v1/admin/reports/{report}", MODERATORS),
    Row("PUT /v1/admin/reports/{report}/assignee", MODERATORS, {"user_id": "{caller}"}),
    Row("PUT /v1/admin/reports/{report}/resolution", MODERATORS, {"resolution": "x"}, consumes=True),
    Row(
        "POST /v1/admin/actions",
        MODERATORS,
        {"type": "hide", "kind": "post", "id": "{post}", "reason": "x", "report_id": "{report}"},
        consumes=True,
        foreign={"post": DENIED},
    ),
    Row(
        "POST /v1/admin/actions",
        MODERATORS,
        {"type": "warn", "kind": "user", "id": "{owner}", "reason": "x"},
        foreign={"owner": DENIED},
    ),
    Row("GET /v1/users/me/moderation-actions", ANY_USER),
    Row(
        "POST /v1/appeals",
        owner_of_hidden("action"),
        {"action_id": "{action}", "content": "x"},
        consumes=True,
    ),
    Row(
        "POST /v1/account-appeals",
        everyone("auth.invalid_credentials"),
        {"login": "{owner_name}", "password": PASSWORD, "content": "x"},
        foreign={"owner_name": "auth.invalid_credentials"},
    ),
    Row("GET /v1/admin/appeals", MODERATORS),
    Row(
        "PUT /v1/admin/appeals/{appeal}/answer",
        MODERATORS,
        {"accepted": True, "answer": "x"},
        consumes=True,
    ),
    Row("GET /v1/admin/registrations", MODERATORS),
    Row(f"PUT /v1/admin/registrations/{UNKNOWN_ID}/approval", staff("registration.not_found")),
    Row(f"DELETE /v1/admin/registrations/{UNKNOWN_ID}", staff("registration.not_found")),
    Row("POST /v1/admin/invite-codes", SERVER_ADMINS, {"uses": 1}),
    Row("GET /v1/admin/invite-codes", SERVER_ADMINS),
    Row("DELETE /v1/admin/invite-codes/{invite_code}", SERVER_ADMINS, consumes=True),
    Row("GET /v1/admin/blocked-names?kind=username", SERVER_ADMINS),
    Row("PUT /v1/admin/blocked-names/{name_kind}/{unique}", SERVER_ADMINS),
    Row("DELETE /v1/admin/blocked-names/{name_kind}/{unique}", SERVER_ADMINS),
    Row("GET /v1/admin/audit?user_id={owner}", MODERATORS, foreign={"owner": DENIED}),
    Row("GET /v1/admin/users", MODERATORS),
    Row("GET /v1/admin/users/{owner}", MODERATORS, foreign={"owner": DENIED}),
    Row("GET /v1/admin/users/by-username/{owner_name}", MODERATORS, foreign={"owner_name": DENIED}),
    Row(
        "PUT /v1/admin/users/{other}/role",
        SERVER_ADMINS,
        {"role": None, "reason": "x"},
        foreign={"other": DENIED},
    ),
    Row("POST /v1/users/me/calendar", ANY_USER),
    Row("GET /v1/users/me/calendar", ANY_USER),
    Row("DELETE /v1/users/me/calendar", ANY_USER),
    Row(f"GET /v1/calendars/{UNKNOWN_TOKEN}.ics", everyone("calendar.not_found")),
    # --- events
    Row("POST /v1/events", ANY_USER, EVENT),
    Row("GET /v1/events", ANY_USER),
    Row("GET /v1/events/{event}", unblocked("event")),
    Row("PATCH /v1/events/{event}", owner_of_visible("event"), {"title": "y"}),
    Row("DELETE /v1/events/{event}", owner_of_visible("event"), consumes=True),
    Row("PUT /v1/events/{event}/rsvp", unblocked("event"), {"status": "MAYBE"}),
    Row("GET /v1/events/{event}/rsvp", unblocked("event")),
    Row("DELETE /v1/events/{event}/rsvp", unblocked("event")),
    Row("GET /v1/events/{event}/rsvps", unblocked("event")),
    Row("DELETE /v1/events/{event}/rsvps/{other}", owner_of_visible("event"), foreign={"other": PASS}),
    Row("POST /v1/events/{event}/cancellation", owner_of_visible("event"), {"reason": "x"}, consumes=True),
    Row("POST /v1/events/{event}/announcements", owner_of_visible("event"), {"content": "x"}, consumes=True),
    Row("GET /v1/events/{event}/attendance.csv", owner_of_visible("event")),
    Row(
        "PUT /v1/events/{event}/attendance/{other}",
        owner_of_visible("event", "request.invalid"),
        {"code": "x"},
        foreign={"other": "request.invalid"},
    ),
    Row("PUT /v1/events/{event}/hosts/{other}", owner_of_visible("event")),
    Row("DELETE /v1/events/{event}/hosts/{other}", owner_of_visible("event"), foreign={"other": PASS}),
    Row("GET /v1/events/{event}/requests", owner_of_visible("event")),
    Row(
        "PUT /v1/events/{event}/requests/{other}",
        owner_of_visible("event", "rsvp_request.not_found"),
        foreign={"other": "rsvp_request.not_found"},
    ),
    Row(
        "DELETE /v1/events/{event}/requests/{other}",
        owner_of_visible("event", "rsvp_request.not_found"),
        foreign={"other": "rsvp_request.not_found"},
    ),
    Row("POST /v1/events/{event}/invites", unblocked("event"), {"user_ids": ["{other}"]}),
    Row("GET /v1/events/{event}/calendar.ics", unblocked("event")),
    # --- conversations
    Row(
        "POST /v1/conversations",
        ANY_USER,
        {"type": "GROUP", "name": "x", "participants": ["{other}"]},
    ),
    Row("GET /v1/conversations", ANY_USER),
    Row("GET /v1/conversations/requests", ANY_USER),
    Row("PUT /v1/conversations/requests/{requested}", owner_of_hidden("conversation_request"), consumes=True),
    Row(
        "DELETE /v1/conversations/requests/{requested}",
        owner_of_hidden("conversation_request"),
        consumes=True,
    ),
    Row(f"GET {LINE}", MEMBERS, blocked_direct=PASS),
    Row(
        f"PATCH {LINE}",
        ADMINS,
        {"name": "y", "admins": ["{owner}", "{admin}"]},
        foreign={"owner": "request.invalid", "admin": "request.invalid"},
        blocked_direct="conversation.direct",
    ),
    Row(f"PATCH {LINE}", MEMBERS, {"muted": True}, blocked_direct=PASS),
    Row(f"GET {LINE}/participants", MEMBERS, blocked_direct=PASS),
    Row(f"PUT {LINE}/participants/{{other}}", ADMINS, consumes=True, blocked_direct="conversation.direct"),
    Row(
        f"DELETE {LINE}/participants/{{member}}",
        ADMINS,
        consumes=True,
        blocked_direct="conversation.direct",
        foreign={"member": "participant.not_found"},
    ),
    Row(
        f"DELETE {LINE}/participants/{{caller}}",
        MEMBERS,
        consumes=True,
        blocked_direct="conversation.direct",
    ),
    Row(f"GET {LINE}/messages", MEMBERS, blocked_direct=PASS),
    Row(f"POST {LINE}/messages", MEMBERS, NEW_MESSAGE, foreign=IGNORED, blocked_direct="user.blocked"),
    Row(f"GET {LINE}/messages/{{message}}", MEMBERS, blocked_direct=PASS),
    Row(f"PATCH {LINE}/messages/{{message}}", AUTHOR, {"content": "y"}, blocked_direct="user.blocked"),
    Row(f"DELETE {LINE}/messages/{{message}}", AUTHOR_AND_ADMINS, consumes=True, blocked_direct=PASS),
    Row(f"PUT {LINE}/read", MEMBERS, {"seq": 1}, blocked_direct="user.blocked"),
    Row(f"GET {LINE}/changes", MEMBERS, blocked_direct=PASS),
    # --- notifications
    Row("GET /v1/notifications", ANY_USER),
    Row("GET /v1/notifications/unread_count", ANY_USER),
    Row("PUT /v1/notifications/{notification}/read", owner_of_hidden("notification")),
    Row("PUT /v1/notifications/read", ANY_USER),
    # --- untyped endpoints
    Row("GET /v1/stream", ANY_USER),
    Row("GET /v1/ws", everyone("request.invalid")),
    Row("GET /healthz", PUBLIC),
    Row("GET /readyz", PUBLIC),
    Row("GET /metrics", PUBLIC),
    Row("GET /openapi.json", PUBLIC),
    Row("GET /asyncapi.json", PUBLIC),
    Row("GET /docs", PUBLIC),
    Row("GET /docs/socket", PUBLIC),
)

IN_GROUP = {"conversation_id": "{group}"}
ON_MESSAGE = {"conversation_id": "{group}", "message_id": "{message}"}

COMMANDS = (
    Row("authenticate", signed_in("request.invalid")),
    Row("message.send", MEMBERS, {**IN_GROUP, **NEW_MESSAGE}, foreign=IGNORED, blocked_direct="user.blocked"),
    Row("message.edit", AUTHOR, {**ON_MESSAGE, "content": "y"}, blocked_direct="user.blocked"),
    Row("message.delete", AUTHOR_AND_ADMINS, ON_MESSAGE, consumes=True, blocked_direct=PASS),
    Row("reaction.add", MEMBERS, {**ON_MESSAGE, "emoji": "\U0001f44d"}, blocked_direct="user.blocked"),
    Row("reaction.remove", MEMBERS, {**ON_MESSAGE, "emoji": "\U0001f44d"}, blocked_direct=PASS),
    Row("conversation.read", MEMBERS, {**IN_GROUP, "seq": 1}, blocked_direct="user.blocked"),
    Row("typing", MEMBERS, {**IN_GROUP, "active": True}, blocked_direct="user.blocked"),
    Row("presence.set", ANY_USER, {"status": "online"}),
    Row("presence.watch", ANY_USER, {"user_ids": ["{owner}"]}, foreign={"owner": PASS}),
    # Counts of posts that the user cannot see are left out, see tests/end_to_end/test_post_watch_lists.py.
    Row("post.watch", ANY_USER, {"post_ids": ["{post}"]}, foreign={"post": PASS}),
    Row("ping", ANY_USER),
)
