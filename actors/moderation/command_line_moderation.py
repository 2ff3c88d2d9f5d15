"""Moderation by usernames, for the command line: the same actions as over HTTP, without an actor.

Each method is idempotent.
"""

import contextlib
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

import msgspec

from actors.moderation.actions import ModerationActions
from actors.moderation.bodies import ActionRequest, RoleRequest
from actors.moderation.report_queue import ReportQueue
from actors.protocol.errors import ApiError
from storage.contracts.moderation import ActionType, ModerationStore, NewAction, TargetKind
from storage.contracts.paging import to_microseconds
from storage.contracts.reports import ReportFilter, ReportRecord, ReportState, ReportStore
from storage.contracts.users import Role

REASON = "By the command line."


class ReportPage(msgspec.Struct, frozen=True):
    """A page of open reports, and the key of the next page."""

    items: list[ReportRecord]
    next_key: tuple[datetime, str] | None


class CommandLineModeration:
    """Methods raise `ApiError`, and `Unavailable` from the stores."""

    def __init__(
        self, reports: ReportStore, queue: ReportQueue, users: ModerationStore, actions: ModerationActions
    ) -> None:
        self._reports = reports
        self._queue = queue
        self._users = users
        self._actions = actions

    async def list_open_reports(self, after: tuple[datetime, str] | None, limit: int) -> ReportPage:
        """List unresolved reports, oldest first."""
        key = None if after is None else (to_microseconds(after[0]), after[1])
        reports = await self._reports.page(ReportFilter(ReportState.OPEN), key, limit + 1)
        page = reports[:limit]
        has_more = len(reports) > limit
        return ReportPage(page, (page[-1].created_at, page[-1].id) if has_more else None)

    async def resolve_report(self, report_id: str, resolution: str) -> None:
        """Close a report with a note about the outcome."""
        await self._queue.resolve(report_id, resolution, None)

    async def verify(self, username: str) -> None:
        """Grant the verified badge."""
        await self._act(username, ActionType.VERIFY)

    async def unverify(self, username: str) -> None:
        """Remove the verified badge."""
        await self._act(username, ActionType.UNVERIFY)

    async def ban(self, username: str) -> int:
        """Ban a user until `unban`. Returns how many sessions ended."""
        return await self._act(username, ActionType.BAN)

    async def unban(self, username: str) -> None:
        """Lift a user's ban."""
        await self._act(username, ActionType.UNBAN)

    async def set_role(self, username: str, role: Role | None) -> None:
        """Make a user admin or moderator, or take the role."""
        request = RoleRequest(None if role is None else role.value, REASON)
        await self._actions.set_role(None, await self._get_id(username), request)

    async def ensure_moderator(self, username: str, user_id: str) -> bool:
        """Make a user without a role moderator. Returns False if the username belongs to no such user."""
        user = await self._users.find_user_by_username(username)
        if user is None or user.user.id != user_id:
            return False
        if user.user.role is None:
            await self.set_role(username, Role.MODERATOR)
        return True

    async def hide_post(self, post_id: str) -> None:
        """Hide a post from all users."""
        await self._act_on_post(post_id, "hide")

    async def restore_post(self, post_id: str) -> None:
        """Show a hidden post again."""
        await self._act_on_post(post_id, "restore")

    async def _act(self, username: str, type_: ActionType) -> int:
        """Act on a user and return how many sessions ended; none if the user is in that state already."""
        user_id = await self._get_id(username)
        action = NewAction(None, type_, TargetKind.USER, user_id, user_id, REASON)
        with _ignore_no_effect():
            outcome = await self._actions.act_on_user(action)
            return len(outcome.session_ids) if outcome.sessions_ended else 0
        return 0

    async def _act_on_post(self, post_id: str, type_: Literal["hide", "restore"]) -> None:
        with _ignore_no_effect():
            await self._actions.act(None, ActionRequest(type_, TargetKind.POST, post_id, REASON))

    async def _get_id(self, username: str) -> str:
        user = await self._users.find_user_by_username(username)
        if user is None:
            raise ApiError("user.not_found", "No such user.")
        return user.user.id


@contextlib.contextmanager
def _ignore_no_effect() -> Iterator[None]:
    try:
        yield
    except ApiError as error:
        if error.code != "action.no_effect":
            raise
