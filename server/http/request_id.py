"""The id by which a caller and the log name one request.

Taken from the caller when it looks like one, else made. Never trusted for anything.
"""

import os
import re
from typing import Final

from aiohttp import web
from multidict import istr

REQUEST_ID: Final = web.RequestKey("request_id", str)
REQUEST_ID_HEADER: Final = istr("X-Request-Id")
_REQUEST_ID_PATTERN = re.compile(r"[A-Za-z0-9._-]{1,64}")


def get_request_id(request: web.Request) -> str:
    given = request.headers.get(REQUEST_ID_HEADER)
    return given if given is not None and _REQUEST_ID_PATTERN.fullmatch(given) else os.urandom(16).hex()
