"""Entity tags: whether the caller has an answer already.

A tag is made of an answer's bytes, so it is strong. It saves bytes, not work: the answer is made anew
each time, and nothing is kept.
"""

import re
from hashlib import blake2b

from aiohttp import hdrs, web

_ETAG_PATTERN = re.compile(r'(?:W/)?("[^"]*")')


def compute_etag(body: bytes) -> str:
    return f'"{blake2b(body, digest_size=16).hexdigest()}"'


def matches_if_none_match(request: web.Request, etag: str) -> bool:
    """Tell whether `If-None-Match` names that tag. Weak comparison, as RFC 9110 asks (section 13.1.2)."""
    known = ",".join(request.headers.getall(hdrs.IF_NONE_MATCH, ()))
    return known.strip() == "*" or etag in _ETAG_PATTERN.findall(known)
