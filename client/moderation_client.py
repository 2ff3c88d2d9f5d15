"""Moderation over HTTP, for users with a role, and appeals against it."""

from datetime import datetime

from actors.protocol.moderation_objects import (
    Appeal,
    AppealReview,
    BlockedName,
    InviteCode,
    ModeratedUser,
    ModerationAction,
    OwnModerationAction,
    PendingRegistration,
    Report,
)
from client.http_responses import Page
from client.http_transport import HttpTransport, key_header, resource_path


class ModerationClient:
    """Uses the token of an `HttpTransport`, such as `HttpClient`, and raises the same exceptions.

    Lists return one page; pass its `next_cursor` for the next one.
    """

    def __init__(self, http: HttpTransport) -> None:
        self._http = http

    # --- reports and actions

    async def reports(
        self,
        state: str | None = None,
        cursor: str | None = None,
        limit: int = 100,
        *,
        assigned_to: str | None = None,
        unassigned: bool = False,
    ) -> Page[Report]:
        """Return reports, the oldest first. `state`: `open` or `resolved`.

        `assigned_to`: only those of this moderator. `unassigned`: only open ones of no moderator.
        """
        query = {
            "state": state,
            "assigned_to": assigned_to,
            "unassigned": "true" if unassigned else None,
            "cursor": cursor,
            "limit": limit,
        }
        return await self._http.request(Page[Report], "GET", "/v1/admin/reports", query=query)

    async def report(self, report_id: str) -> Report:
        return await self._http.request(Report, "GET", _path("reports", report_id))

    async def resolve_report(self, report_id: str, resolution: str) -> None:
        body = {"resolution": resolution}
        await self._http.request(None, "PUT", _path("reports", report_id, "resolution"), body=body)

    async def assign_report(self, report_id: str, user_id: str | None) -> None:
        """Assign an open report to a moderator, or to no one."""
        await self._http.request(
            None, "PUT", _path("reports", report_id, "assignee"), body={"user_id": user_id}
        )

    async def act(
        self,
        action: str,
        kind: str,
        target_id: str,
        reason: str,
        *,
        expires_at: datetime | None = None,
        report_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> ModerationAction:
        """Hide or restore an item, or restrict a user; see `POST /v1/admin/actions` for the actions."""
        body = {
            "type": action,
            "kind": kind,
            "id": target_id,
            "reason": reason,
            "expires_at": expires_at,
            "report_id": report_id,
        }
        headers = key_header(idempotency_key)
        return await self._http.request(
            ModerationAction, "POST", "/v1/admin/actions", body=body, headers=headers
        )

    async def audit(
        self, user_id: str | None = None, cursor: str | None = None, limit: int = 100
    ) -> Page[ModerationAction]:
        """Return actions, the latest first; those on one user, or all."""
        query = {"user_id": user_id, "cursor": cursor, "limit": limit}
        return await self._http.request(Page[ModerationAction], "GET", "/v1/admin/audit", query=query)

    # --- users

    async def users(
        self, *, with_role: bool = False, cursor: str | None = None, limit: int = 100
    ) -> Page[ModeratedUser]:
        """Return users with a restriction in force; those with a role instead if `with_role`."""
        query = {"with_role": "true" if with_role else None, "cursor": cursor, "limit": limit}
        return await self._http.request(Page[ModeratedUser], "GET", "/v1/admin/users", query=query)

    async def user(self, user_id: str) -> ModeratedUser:
        return await self._http.request(ModeratedUser, "GET", _path("users", user_id))

    async def set_role(self, user_id: str, role: str | None, reason: str) -> ModeratedUser:
        """Make a user `admin` or `moderator`, or take the role."""
        body = {"role": role, "reason": reason}
        return await self._http.request(ModeratedUser, "PUT", _path("users", user_id, "role"), body=body)

    # --- appeals

    async def own_actions(self, cursor: str | None = None, limit: int = 100) -> Page[OwnModerationAction]:
        """Return what moderators did to this user, the latest first, with the appeals."""
        query = {"cursor": cursor, "limit": limit}
        path = "/v1/users/me/moderation-actions"
        return await self._http.request(Page[OwnModerationAction], "GET", path, query=query)

    async def appeal(self, action_id: str, content: str) -> Appeal:
        """Appeal against an action on this user, once."""
        body = {"action_id": action_id, "content": content}
        return await self._http.request(Appeal, "POST", "/v1/appeals", body=body)

    async def appeals(
        self, *, open_only: bool = True, cursor: str | None = None, limit: int = 100
    ) -> Page[AppealReview]:
        """Return appeals that are not answered, or all of them, the oldest first."""
        query = {"open": None if open_only else "false", "cursor": cursor, "limit": limit}
        return await self._http.request(Page[AppealReview], "GET", "/v1/admin/appeals", query=query)

    async def answer_appeal(self, appeal_id: str, answer: str, *, accepted: bool) -> None:
        body = {"accepted": accepted, "answer": answer}
        await self._http.request(None, "PUT", _path("appeals", appeal_id, "answer"), body=body)

    # --- registrations

    async def registrations(self, cursor: str | None = None, limit: int = 100) -> Page[PendingRegistration]:
        """Return registrations that wait for approval, the oldest first."""
        query = {"cursor": cursor, "limit": limit}
        return await self._http.request(
            Page[PendingRegistration], "GET", "/v1/admin/registrations", query=query
        )

    async def approve_registration(self, registration_id: str) -> None:
        await self._http.request(None, "PUT", _path("registrations", registration_id, "approval"))

    async def decline_registration(self, registration_id: str) -> None:
        await self._http.request(None, "DELETE", _path("registrations", registration_id))

    async def create_invite_code(self, uses: int = 1, expires_at: datetime | None = None) -> InviteCode:
        body = {"uses": uses, "expires_at": expires_at}
        return await self._http.request(InviteCode, "POST", "/v1/admin/invite-codes", body=body)

    async def invite_codes(self, cursor: str | None = None, limit: int = 100) -> Page[InviteCode]:
        query = {"cursor": cursor, "limit": limit}
        return await self._http.request(Page[InviteCode], "GET", "/v1/admin/invite-codes", query=query)

    async def delete_invite_code(self, invite_code_id: str) -> None:
        await self._http.request(None, "DELETE", _path("invite-codes", invite_code_id))

    async def blocked_names(
        self, kind: str, cursor: str | None = None, limit: int = 100
    ) -> Page[BlockedName]:
        """Return blocked names in alphabetical order. `kind`: `username` or `email_domain`."""
        query = {"kind": kind, "cursor": cursor, "limit": limit}
        return await self._http.request(Page[BlockedName], "GET", "/v1/admin/blocked-names", query=query)

    async def block_name(self, kind: str, value: str) -> None:
        await self._http.request(None, "PUT", _path("blocked-names", kind, value))

    async def unblock_name(self, kind: str, value: str) -> None:
        await self._http.request(None, "DELETE", _path("blocked-names", kind, value))


def _path(*segments: str) -> str:
    return resource_path("/v1/admin", *segments)
