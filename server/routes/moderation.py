"""Reports, actions, users and the audit log, for moderators; roles, for admins."""

from typing import Annotated

from msgspec import Meta

from actors.moderation.actions import ModerationActions
from actors.moderation.bodies import ActionRequest, AssigneeRequest, Id, ResolutionRequest, RoleRequest
from actors.moderation.report_queue import ReportQueue
from actors.protocol.moderation_objects import ModeratedUser, ModerationAction, Report
from server.http.cursor import encode_cursor
from server.http.request_decoding import PageQuery
from server.http.response import Page
from server.http.route import Route, TypedRequest
from server.routes.page_cursors import decode_page_cursor, to_page
from storage.contracts.reports import ReportFilter, ReportState
from storage.contracts.users import Role

NOT_FOUND_BY_KIND = (
    "post.not_found",
    "comment.not_found",
    "message.not_found",
    "event.not_found",
    "user.not_found",
)


class ReportQuery(PageQuery, frozen=True):
    state: Annotated[ReportState, Meta(description="All reports if absent.")] | None = None
    assigned_to: Annotated[Id, Meta(description="Only reports assigned to this user.")] | None = None
    unassigned: Annotated[
        bool,
        Meta(description="Only open reports that are assigned to no one; the other filters are ignored."),
    ] = False


class AuditQuery(PageQuery, frozen=True):
    user_id: Annotated[Id, Meta(description="Only actions on this user.")] | None = None


class ModeratedUserQuery(PageQuery, frozen=True):
    with_role: Annotated[
        bool, Meta(description="Users with a role, instead of those with a restriction.")
    ] = False


class ModerationRoutes:
    def __init__(self, reports: ReportQueue, actions: ModerationActions) -> None:
        self._reports = reports
        self._actions = actions

    def routes(self) -> tuple[Route, ...]:
        report, user = "/v1/admin/reports/{id}", "/v1/admin/users/{id}"
        return (
            Route(
                "GET",
                "/v1/admin/reports",
                self.page_reports,
                query=ReportQuery,
                response=Page[Report],
                role=Role.MODERATOR,
            ),
            Route(
                "GET",
                report,
                self.get_report,
                response=Report,
                errors=("report.not_found",),
                role=Role.MODERATOR,
            ),
            Route(
                "PUT",
                f"{report}/resolution",
                self.resolve_report,
                body=ResolutionRequest,
                status=204,
                errors=("report.not_found",),
                role=Role.MODERATOR,
            ),
            Route(
                "PUT",
                f"{report}/assignee",
                self.assign_report,
                body=AssigneeRequest,
                status=204,
                errors=("report.not_found", "user.not_found", "report.not_moderator"),
                role=Role.MODERATOR,
            ),
            Route(
                "POST",
                "/v1/admin/actions",
                self.act,
                body=ActionRequest,
                response=ModerationAction,
                status=201,
                idempotent=True,
                errors=("action.no_effect", "report.not_found", *NOT_FOUND_BY_KIND),
                role=Role.MODERATOR,
            ),
            Route(
                "GET",
                "/v1/admin/audit",
                self.page_audit,
                query=AuditQuery,
                response=Page[ModerationAction],
                role=Role.MODERATOR,
            ),
            Route(
                "GET",
                "/v1/admin/users",
                self.page_users,
                query=ModeratedUserQuery,
                response=Page[ModeratedUser],
                role=Role.MODERATOR,
            ),
            Route(
                "GET",
                "/v1/admin/users/by-username/{name}",
                self.get_user_by_username,
                response=ModeratedUser,
                errors=("user.not_found",),
                role=Role.MODERATOR,
            ),
            Route(
                "GET",
                user,
                self.get_user,
                response=ModeratedUser,
                errors=("user.not_found",),
                role=Role.MODERATOR,
            ),
            Route(
                "PUT",
                f"{user}/role",
                self.set_role,
                body=RoleRequest,
                response=ModeratedUser,
                errors=("user.not_found", "role.last_admin"),
                role=Role.ADMIN,
            ),
        )

    async def page_reports(self, request: TypedRequest[None, ReportQuery]) -> Page[Report]:
        """List reports, oldest first.

        Without the reporters of those about the caller.
        """
        key = decode_page_cursor(request)
        query = request.query
        wanted = ReportFilter(query.state, query.assigned_to, query.unassigned)
        return to_page(await self._reports.page(request.caller.user.id, wanted, key, query.limit))

    async def get_report(self, request: TypedRequest[None, None]) -> Report:
        """Get a report with a snapshot of what was reported.

        The snapshot and its context are from the time of the report. Without the reporter if it is about the
        caller.
        """
        return await self._reports.get(request.caller.user.id, request.path_params["id"])

    async def resolve_report(self, request: TypedRequest[ResolutionRequest, None]) -> None:
        """Resolve an open report, with a note for the record.

        Not one about the caller.
        """
        await self._reports.resolve(
            request.path_params["id"], request.body.resolution, request.caller.user.id
        )

    async def assign_report(self, request: TypedRequest[AssigneeRequest, None]) -> None:
        """Assign an open report to a moderator, or to no one.

        Not to a user whom it is about. A moderator who loses the role loses the reports too. Idempotent.
        """
        await self._reports.assign(request.caller.user.id, request.path_params["id"], request.body.user_id)

    async def act(self, request: TypedRequest[ActionRequest, None]) -> ModerationAction:
        """Hide or restore an item, or restrict a user.

        Effective within a second on all instances, sockets included. The user acted upon is notified with the
        reason, and may appeal. Moderators act on users without a role, admins on moderators too.
        """
        return await self._actions.act(request.caller.user.id, request.body, request.idempotency_key)

    async def page_audit(self, request: TypedRequest[None, AuditQuery]) -> Page[ModerationAction]:
        """List the actions of moderators, the latest first.

        The log is append-only.
        """
        key = decode_page_cursor(request)
        return to_page(await self._actions.page(request.query.user_id, key, request.query.limit))

    async def page_users(self, request: TypedRequest[None, ModeratedUserQuery]) -> Page[ModeratedUser]:
        """List users with a restriction in force, or with a role, by id."""
        query = request.query
        items, after = await self._actions.page_users(
            request.cursor(str) or "", query.limit, with_role=query.with_role
        )
        return Page(items, None if after is None else encode_cursor(after))

    async def get_user(self, request: TypedRequest[None, None]) -> ModeratedUser:
        """Get a user with role and restrictions."""
        return await self._actions.get_user(request.path_params["id"])

    async def get_user_by_username(self, request: TypedRequest[None, None]) -> ModeratedUser:
        """Get a user with role and restrictions by username, ignoring case and width."""
        return await self._actions.get_user_by_username(request.path_params["name"])

    async def set_role(self, request: TypedRequest[RoleRequest, None]) -> ModeratedUser:
        """Make a user admin or moderator, or take the role.

        Effective within a second on all instances. The first admin is made by the command line.
        """
        return await self._actions.set_role(request.caller.user.id, request.path_params["id"], request.body)
