"""What moderators do: look at reports and close them, give the badge, ban people, hide posts.

Who may do so is decided before: these methods ask nobody. Never shows an e-mail address.
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
    """Some open reports, and the key after which the next ones stand."""

    items: list[ReportRecord]
    next_key: tuple[datetime, str] | None


class Moderation:
    """Refuses with `Refusal`; lets `Unavailable` of the stores through.

    `revoked` is told the ids of sessions that a ban ended, after they are: every instance must forget
    them and close their sockets. `hide` makes a post unseen by id and says whether there is one.
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
        """List what nobody has resolved, the oldest first."""
        found = await self._reports.page_open(after, limit + 1)
        page = found[:limit]
        more = len(found) > limit
        return ReportPage(page, (page[-1].created_at, page[-1].id) if more else None)

    async def resolve_report(self, report_id: str, resolution: str) -> None:
        """Close a report, saying what was done about it."""
        try:
            said = validate_reason(resolution)
        except InvalidField as fault:
            raise invalid_field("resolution", fault.detail, fault.code) from None
        if not await self._reports.resolve(report_id, said):
            raise ApiError("report.not_found", "No such open report.")

    async def verify(self, username: str) -> None:
        """Give somebody the badge."""
        await self._set_verified(username, verified=True)

    async def unverify(self, username: str) -> None:
        """Take the badge."""
        await self._set_verified(username, verified=False)

    async def ban(self, username: str) -> int:
        """Keep somebody out until `unban`; answers how many sessions that ended."""
        try:
            ended = await self._users.ban(username)
        except Missing:
            raise _user_not_found() from None
        if ended:
            self._on_sessions_revoked(ended)
        return len(ended)

    async def unban(self, username: str) -> None:
        """Let somebody log in again."""
        try:
            await self._users.unban(username)
        except Missing:
            raise _user_not_found() from None

    async def hide_post(self, post_id: str) -> None:
        """Make a post unseen by everybody."""
        if not await self._hide_post(post_id):
            raise ApiError("post.not_found", "No such post.")

    async def _set_verified(self, username: str, *, verified: bool) -> None:
        try:
            await self._users.set_verified(username, verified=verified)
        except Missing:
            raise _user_not_found() from None


def _user_not_found() -> ApiError:
    return ApiError("user.not_found", "No such user.")
