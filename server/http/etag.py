"""Entity tags of responses (RFC 9110, section 8.8.3).

A tag is a hash of the encoded body, so it is strong. It saves transfer, not work: each response is
computed before its tag is compared, and nothing is cached.
"""

import re
from hashlib import blake2b

from aiohttp import hdrs, web

_ETAG_PATTERN = re.compile(r'(?:W/)?("[^"]*")')


def compute_etag(body: bytes) -> str:
    return f'"{blake2b(body, digest_size=16).hexdigest()}"'


def matches_if_none_match(request: web.Request, etag: str) -> bool:
    """Whether `If-None-Match` lists the tag. Uses weak comparison (RFC 9110, section 13.1.2)."""
    etags = ",".join(request.headers.getall(hdrs.IF_NONE_MATCH, ()))
    return etags.strip() == "*" or etag in _ETAG_PATTERN.findall(etags)
