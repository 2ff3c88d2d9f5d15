"""Reports to the moderators."""

from actors.moderation.report_request import ReportRequest
from actors.moderation.reports import Reports
from server.http.route import Route, TypedRequest


class ReportRoutes:
    def __init__(self, reports: Reports) -> None:
        self._reports = reports

    def routes(self) -> tuple[Route, ...]:
        return (
            Route(
                "POST",
                "/v1/reports",
                self.create,
                body=ReportRequest,
                status=202,
                idempotent=True,
                errors=(
                    "post.not_found",
                    "comment.not_found",
                    "message.not_found",
                    "event.not_found",
                    "user.not_found",
                    "rate.limited",
                ),
                while_silenced=True,
            ),
        )

    async def create(self, request: TypedRequest[ReportRequest, None]) -> None:
        """Report a post, comment, message, event or user to the moderators.

        A second report of the same target by the same user has no effect. With 200 reports of a user open,
        the next ones are `rate.limited` until moderators have resolved some.
        """
        await self._reports.create(request.caller.user.id, request.body, request.idempotency_key)
