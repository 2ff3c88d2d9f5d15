"""Serves the web client: the files of `web/`, read once at startup.

    / -> index.html        /web/<name> -> the file of that name, if it existed at startup

Request paths never reach the file system: a name is a dictionary key. The content security policy lets the
page load resources and scripts from this origin only, and forbids framing it. No authentication.
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
    # Strings cannot be assigned to script or markup sinks, and no trusted-types policy can be created.
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


class WebClient:
    """Serves the files of a folder whose suffix is in `CONTENT_TYPES`.

    Raises:
        OSError: a file could not be read.
    """

    def __init__(self, folder: Path = WEB_FOLDER) -> None:
        files = (path for path in folder.rglob("*") if path.is_file() and path.suffix in CONTENT_TYPES)
        self._files = {path.relative_to(folder).as_posix(): _StaticFile(path) for path in files}

    @property
    def names(self) -> frozenset[str]:
        """Names served under `/web/`."""
        return frozenset(self._files)

    async def index(self, request: web.Request) -> web.Response:
        """`GET /`."""
        return self._file_response(request, INDEX_FILE)

    async def file(self, request: web.Request) -> web.Response:
        """`GET /web/{name:.+}`."""
        return self._file_response(request, request.match_info["name"])

    def _file_response(self, request: web.Request, name: str) -> web.Response:
        file = self._files.get(name)
        if file is None:
            raise ApiError("route.not_found", "The web client has no file of this name.")
        if matches_if_none_match(request, file.headers[hdrs.ETAG]):
            headers = {header: value for header, value in file.headers.items() if header != hdrs.CONTENT_TYPE}
            return web.Response(status=304, headers=headers)
        return web.Response(body=file.body, headers=file.headers)


class _StaticFile:
    """The bytes of a file and its response headers."""

    __slots__ = ("body", "headers")

    def __init__(self, path: Path) -> None:
        self.body = path.read_bytes()
        self.headers = {
            hdrs.CONTENT_TYPE: CONTENT_TYPES[path.suffix],
            hdrs.ETAG: compute_etag(self.body),
            # Browsers revalidate on every load, mostly answered with 304, so a new version is used at once.
            hdrs.CACHE_CONTROL: "public, no-cache",
            "Content-Security-Policy": CONTENT_SECURITY_POLICY,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Opener-Policy": "same-origin",
        }
