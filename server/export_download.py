"""`GET /v1/exports/{token}`: an archive, read from the store and written to the client chunk by chunk.

The signed link is the authorisation. One chunk is in memory for each download. If the archive is deleted
meanwhile the connection ends early, which `Content-Length` shows to the client.
"""

import asyncio

from aiohttp import hdrs, web
from aiohttp.helpers import content_disposition_header

from actors.exports.data_exports import DataExports
from actors.protocol.errors import ApiError
from config.exports import EXPORT_DOWNLOADS_MAX
from server.http.rate_limiter import RateLimiter, RequestRateClass, address_bucket_key
from server.http.trusted_proxies import TrustedProxies
from storage.contracts.data_exports import DataExportRecord, ReadyExport
from storage.errors import StorageError

RETRY_MS = 5000


class ExportDownloadEndpoint:
    def __init__(
        self,
        data_exports: DataExports,
        rate_limiter: RateLimiter,
        trusted_proxies: TrustedProxies,
        write_timeout_s: float,
        max_downloads: int = EXPORT_DOWNLOADS_MAX,
    ) -> None:
        self._data_exports = data_exports
        self._rate_limiter = rate_limiter
        self._trusted_proxies = trusted_proxies
        self._write_timeout_s = write_timeout_s
        self._max_downloads = max_downloads
        self._downloads = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        address = address_bucket_key(self._trusted_proxies.client_address(request))
        self._rate_limiter.consume(request, RequestRateClass.REQUEST, address)
        ready = await self._data_exports.find_ready(request.match_info["token"])
        if self._downloads >= self._max_downloads:
            raise ApiError(
                "server.overloaded", "Too many downloads are running; retry later.", retry_after_ms=RETRY_MS
            )
        self._downloads += 1
        try:
            return await self._write(request, ready)
        finally:
            self._downloads -= 1

    async def _write(self, request: web.Request, ready: ReadyExport) -> web.StreamResponse:
        export = ready.export
        name = f"convene-{ready.username}-{export.requested_at:%Y-%m-%d}.zip"
        response = web.StreamResponse(
            headers={
                hdrs.CONTENT_TYPE: "application/zip",
                hdrs.CONTENT_LENGTH: str(export.bytes),
                hdrs.CONTENT_DISPOSITION: content_disposition_header("attachment", filename=name),
                hdrs.CACHE_CONTROL: "no-store",
            }
        )
        await response.prepare(request)
        if request.method == hdrs.METH_HEAD:
            return response
        if not await self._write_chunks(response, export) and request.transport is not None:
            request.transport.abort()
        return response

    async def _write_chunks(self, response: web.StreamResponse, export: DataExportRecord) -> bool:
        """Return whether all were written."""
        try:
            for number in range(export.chunk_count):
                chunk = await self._data_exports.read_chunk(export, number)
                if chunk is None:
                    return False
                async with asyncio.timeout(self._write_timeout_s):
                    await response.write(chunk)
        except (ConnectionError, TimeoutError, StorageError):
            # The headers are sent, so no error can be.
            return False
        return True
