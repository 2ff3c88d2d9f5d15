"""The web client: the files of `web/`, read once at the start and served as they are.

    / -> index.html        /web/<name> -> the file of that name, if it was there at the start

No path of a request touches the disk: a name is looked up, never opened. The page may load only what
this server gives it, run only its files, and be shown in nobody's frame. Never makes anything of what
it serves, and never asks who reads it.
"""

from pathlib import Path
from typing import Final

from aiohttp import hdrs, web

from actors.protocol.errors import ApiError
from server.http.etag import compute_etag, matches_if_none_match

WEB_FOLDER: Final = Path(__file__).parent.parent / "web"
INDEX_FILE: Final = "index.html"
CONTENT_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    # No text becomes markup or script, whoever wrote it: no policy of the page can make it so.
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


class WebClient:
    """Files of other kinds than `TYPES` are not served. Raises OSError where a file cannot be read."""

    def __init__(self, folder: Path = WEB_FOLDER) -> None:
        files = (path for path in folder.rglob("*") if path.is_file() and path.suffix in CONTENT_TYPES)
        self._files = {path.relative_to(folder).as_posix(): _StaticFile(path) for path in files}

    @property
    def names(self) -> frozenset[str]:
        """What is served under `/web/`."""
        return frozenset(self._files)

    async def index(self, request: web.Request) -> web.Response:
        """`GET /`."""
        return self._file_response(request, INDEX_FILE)

    async def file(self, request: web.Request) -> web.Response:
        """`GET /web/{name:.+}`."""
        return self._file_response(request, request.match_info["name"])

    def _file_response(self, request: web.Request, name: str) -> web.Response:
        served = self._files.get(name)
        if served is None:
            raise ApiError("route.not_found", "No such file.")
        if matches_if_none_match(request, served.headers[hdrs.ETAG]):
            kept = {header: value for header, value in served.headers.items() if header != hdrs.CONTENT_TYPE}
            return web.Response(status=304, headers=kept)
        return web.Response(body=served.body, headers=served.headers)


class _StaticFile:
    """One file: its bytes, and the headers of its answer."""

    __slots__ = ("body", "headers")

    def __init__(self, path: Path) -> None:
        self.body = path.read_bytes()
        self.headers = {
            hdrs.CONTENT_TYPE: CONTENT_TYPES[path.suffix],
            hdrs.ETAG: compute_etag(self.body),
            # Asked for each time, and mostly answered with 304: a new version is there at the next load.
            hdrs.CACHE_CONTROL: "public, no-cache",
            "Content-Security-Policy": CONTENT_SECURITY_POLICY,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Opener-Policy": "same-origin",
        }
