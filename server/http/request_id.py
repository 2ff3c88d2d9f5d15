"""The request id that appears in responses and in the log.

Taken from the client's `X-Request-Id` if it is well-formed, else random. It is not trusted for anything else.
"""

import os
import re
from typing import Final

from aiohttp import web
from multidict import istr

REQUEST_ID: Final = web.RequestKey("request_id", str)
REQUEST_ID_HEADER: Final = istr("X-Request-Id")
_REQUEST_ID_PATTERN = re.compile(r"[A-Za-z0-9._-]{1,64}")


def get_request_id(request: web.BaseRequest) -> str:
    client_id = request.headers.get(REQUEST_ID_HEADER)
    if client_id is not None and _REQUEST_ID_PATTERN.fullmatch(client_id):
        return client_id
    return os.urandom(16).hex()
