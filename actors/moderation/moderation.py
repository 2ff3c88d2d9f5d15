"""Moderator actions: list and resolve reports, grant the verified badge, ban users, hide posts.

The caller checks the permission.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import msgspec

from actors.accounts.fields import InvalidField
from actors.moderation.report_request import validate_reason
from actors.protocol.errors import ApiError, invalid_field
from storage.contracts.moderation import ModerationStore, ReportRecord, ReportStore
from storage.errors import Missing


class ReportPage(msgspec.Struct, frozen=True):
    """A page of open reports, and the key of the next page."""

    items: list[ReportRecord]
    next_key: tuple[datetime, str] | None


class Moderation:
    """Methods raise `ApiError`, and `Unavailable` from the stores.

    `on_sessions_revoked` receives the ids of sessions that a ban has ended; it must invalidate them on every
    instance and close their sockets. `hide_post` hides a post by id and returns whether it exists.
    """

    def __init__(
        self,
        reports: ReportStore,
        users: ModerationStore,
        on_sessions_revoked: Callable[[Sequence[str]], None],
        hide_post: Callable[[str], Awaitable[bool]],
    ) -> None:
        self._reports = reports
        self._users = users
        self._on_sessions_revoked = on_sessions_revoked
        self._hide_post = hide_post

    async def list_open_reports(self, after: tuple[datetime, str] | None, limit: int) -> ReportPage:
        """List unresolved reports, oldest first."""
        reports = await self._reports.page_open(after, limit + 1)
        page = reports[:limit]
        has_more = len(reports) > limit
        return ReportPage(page, (page[-1].created_at, page[-1].id) if has_more else None)

    async def resolve_report(self, report_id: str, resolution: str) -> None:
        """Close a report with a note about the outcome."""
        try:
            note = validate_reason(resolution)
        except InvalidField as error:
            raise invalid_field("resolution", error.detail, error.code) from None
        if not await self._reports.resolve(report_id, note):
            raise ApiError("report.not_found", "No such open report.")

    async def verify(self, username: str) -> None:
        """Grant the verified badge."""
        await self._set_verified(username, verified=True)

    async def unverify(self, username: str) -> None:
        """Remove the verified badge."""
        await self._set_verified(username, verified=False)

    async def ban(self, username: str) -> int:
        """Ban a user until `unban`. Returns how many sessions ended."""
        try:
            session_ids = await self._users.ban(username)
        except Missing:
            raise _user_not_found() from None
        if session_ids:
            self._on_sessions_revoked(session_ids)
        return len(session_ids)

    async def unban(self, username: str) -> None:
        """Lift a user's ban."""
        try:
            await self._users.unban(username)
        except Missing:
            raise _user_not_found() from None

    async def hide_post(self, post_id: str) -> None:
        """Hide a post from all users."""
        if not await self._hide_post(post_id):
            raise ApiError("post.not_found", "No such post.")

    async def _set_verified(self, username: str, *, verified: bool) -> None:
        try:
            await self._users.set_verified(username, verified=verified)
        except Missing:
            raise _user_not_found() from None


def _user_not_found() -> ApiError:
    return ApiError("user.not_found", "No such user.")
