"""Exports of the caller's data."""

import msgspec

from actors.exports.data_exports import DataExports
from actors.protocol.errors import ApiError
from actors.protocol.objects import DataExport, DataExportState
from server.http.rate_limiter import LIST_COST
from server.http.response import ResponseWithStatus
from server.http.route import Route, TypedRequest


class ExportQuery(msgspec.Struct, frozen=True):
    start: bool = True


class ExportRoutes:
    def __init__(self, data_exports: DataExports) -> None:
        self._data_exports = data_exports

    def routes(self) -> tuple[Route, ...]:
        export = "/v1/users/me/export"
        return (
            Route(
                "GET",
                export,
                self.get_export,
                query=ExportQuery,
                response=DataExport,
                other_statuses=(202,),
                errors=("export.not_found", "user.not_found"),
            ),
            Route(
                "POST",
                export,
                self.request_export,
                response=DataExport,
                status=202,
                cost=LIST_COST,
                idempotent=True,
                errors=("user.not_found",),
            ),
        )

    async def get_export(self, request: TypedRequest[None, ExportQuery]) -> ResponseWithStatus:
        """Get the caller's data export, and request one if there is none.

        202 while it is made; with 200 and the state `ready` it has the link of the archive. `start=false`
        requests none. The link works for an hour, and ends with the caller's session.
        """
        export = await self._data_exports.get(request.caller)
        if export is None and not request.query.start:
            raise ApiError("export.not_found", "There is no export; request one.")
        if export is None:
            export = await self._data_exports.request(request.caller)
        return ResponseWithStatus(export, 202 if export.state is DataExportState.PENDING else 200)

    async def request_export(self, request: TypedRequest[None, None]) -> DataExport:
        """Request a new data export, which replaces the former one.

        One that is being made is returned. At most one in 24 hours, else `rate.limited`.
        """
        return await self._data_exports.request(request.caller)
