"""Serves the browser client: the files of `web/`, read once when the server starts.

    / -> index.html, with its scripts and styles bundled
    /web/<name> -> a bundle, or the file of that name; the texts of languages are in bundles only

Files are compressed with brotli or gzip when the first client that accepts it asks, in a thread, and kept;
bundles, which most bytes are, as small as brotli can in a fraction of a second. Request paths never touch the
disk: names are looked up in memory. The Content Security Policy allows the page to load and run only what
this server serves, and no other page to frame it.
"""

import asyncio
import gzip
import re
from pathlib import Path
from typing import Final

import brotli  # type: ignore[import-untyped]
from aiohttp import hdrs, web

from actors.protocol.errors import ApiError
from server.http.response import compute_etag, matches_if_none_match
from server.web_bundle import make_bundle

WEB_FOLDER: Final = Path(__file__).parent.parent / "web"
INDEX_FILE: Final = "index.html"
# It answers for the page too, which is above its folder.
SERVICE_WORKER_FILE: Final = "service_worker.js"
CONTENT_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
FILE_TYPES: Final = frozenset(CONTENT_TYPES) - {".json"}
LOCALES_FOLDER: Final = "locales"
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    # Strings cannot be assigned to script or markup sinks. The one policy that can be created, once, returns
    # the address of the service worker.
    "require-trusted-types-for 'script'; trusted-types service-worker"
)


# Every load asks whether the file changed; a name with a hash of the content never does.
REVALIDATE: Final = "public, no-cache"
IMMUTABLE: Final = "public, max-age=31536000, immutable"
# In order of preference.
CODINGS: Final = ("br", "gzip")
# Quality 11 takes three times as long as 10 for 2 % fewer bytes; 5 is fast.
BUNDLE_QUALITY: Final = 10
FILE_QUALITY: Final = 5


class WebClient:
    """Files of other types than `FILE_TYPES` are not served. Raises OSError if a file cannot be read."""

    def __init__(self, folder: Path = WEB_FOLDER) -> None:
        paths = (path for path in folder.rglob("*") if path.is_file() and path.suffix in FILE_TYPES)
        bodies = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
        self.names = frozenset(bodies)
        sources = {name: body.decode() for name, body in bodies.items() if name.endswith((".js", ".css"))}
        locales = folder.glob(f"{LOCALES_FOLDER}/*.json")
        sources |= {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in locales}
        bundle = make_bundle(bodies[INDEX_FILE].decode(), sources)
        bodies[INDEX_FILE] = bundle.page
        self._files = {name: _StaticFile(name, body, REVALIDATE) for name, body in bodies.items()}
        self._files |= {name: _StaticFile(name, body, IMMUTABLE) for name, body in bundle.files.items()}

    async def index(self, request: web.Request) -> web.Response:
        """`GET /`."""
        return await self._file_response(request, INDEX_FILE)

    async def not_found(self, request: web.Request) -> web.Response:
        """Answer an unknown path with the page, and status 404."""
        file = self._files[INDEX_FILE]
        body, headers = await file.for_client(request)
        return web.Response(body=body, headers={**headers, hdrs.CACHE_CONTROL: "no-store"}, status=404)

    async def file(self, request: web.Request) -> web.Response:
        """`GET /web/{name:.+}`."""
        return await self._file_response(request, request.match_info["name"])

    async def _file_response(self, request: web.Request, name: str) -> web.Response:
        file = self._files.get(name)
        if file is None:
            raise ApiError("route.not_found", "The web client has no file of this name.")
        body, headers = await file.for_client(request)
        if matches_if_none_match(request, headers[hdrs.ETAG]):
            headers = {header: value for header, value in headers.items() if header != hdrs.CONTENT_TYPE}
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, headers=headers)


class _StaticFile:
    """One file in each content coding that a client asked for, with the headers of its response."""

    __slots__ = ("_encoded", "_encoding", "_plain", "_quality")

    def __init__(self, name: str, body: bytes, cache_control: str) -> None:
        headers: dict[str, str] = {
            hdrs.CONTENT_TYPE: CONTENT_TYPES[Path(name).suffix],
            hdrs.CACHE_CONTROL: cache_control,
            hdrs.VARY: hdrs.ACCEPT_ENCODING,
            "Content-Security-Policy": CONTENT_SECURITY_POLICY,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Opener-Policy": "same-origin",
        }
        if name == SERVICE_WORKER_FILE:
            headers["Service-Worker-Allowed"] = "/"
        self._plain = body, {**headers, hdrs.ETAG: compute_etag(body)}
        self._quality = BUNDLE_QUALITY if cache_control == IMMUTABLE else FILE_QUALITY
        self._encoded: dict[str, tuple[bytes, dict[str, str]]] = {}
        self._encoding = asyncio.Lock()

    async def for_client(self, request: web.Request) -> tuple[bytes, dict[str, str]]:
        """Return the smallest body that the client accepts, and its headers."""
        accepted = _accepted_codings(request)
        coding = next((coding for coding in CODINGS if coding in accepted), None)
        if coding is None:
            return self._plain
        if coding not in self._encoded:
            # Clients that ask meanwhile wait for the same result.
            async with self._encoding:
                if coding not in self._encoded:
                    self._encoded[coding] = await asyncio.to_thread(self._encode, coding)
        return self._encoded[coding]

    def _encode(self, coding: str) -> tuple[bytes, dict[str, str]]:
        body, headers = self._plain
        if coding == "br":
            compressed = brotli.compress(body, mode=brotli.MODE_TEXT, quality=self._quality)
        else:
            compressed = gzip.compress(body, mtime=0)
        return compressed, headers | {hdrs.CONTENT_ENCODING: coding, hdrs.ETAG: compute_etag(compressed)}


def _accepted_codings(request: web.Request) -> set[str]:
    """Return the codings that `Accept-Encoding` names, in lower case, without those of quality 0."""
    codings = set()
    for item in ",".join(request.headers.getall(hdrs.ACCEPT_ENCODING, ())).split(","):
        coding, _, parameters = item.partition(";")
        if not re.fullmatch(r"\s*q=0(\.0*)?\s*", parameters):
            codings.add(coding.strip().lower())
    return codings
