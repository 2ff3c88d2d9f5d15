"""A script of the server and the digest by which it is called. Never runs one."""

import hashlib

import hiredis
import msgspec

from storage.errors import Unavailable
from storage.redis.connection import Reply, Word
from storage.redis.requests import Requests


class Script(msgspec.Struct, frozen=True):
    text: str
    digest: str


def script(text: str) -> Script:
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


async def run_script(requests: Requests, which: Script, key: str, *arguments: Word) -> Reply:
    """Call it by digest, in full where the server does not know it. Raises `Unavailable`."""
    reply = await requests.ask("EVALSHA", which.digest, 1, key, *arguments)
    if isinstance(reply, hiredis.ReplyError) and str(reply).startswith("NOSCRIPT"):
        # Known to be not done, so it may be sent again, this time in full.
        reply = await requests.ask("EVAL", which.text, 1, key, *arguments)
    if isinstance(reply, hiredis.ReplyError):
        raise Unavailable(f"redis: refused with {str(reply).split(' ', 1)[0]}")
    return reply
