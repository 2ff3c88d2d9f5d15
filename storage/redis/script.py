"""Lua scripts, called by their digest."""

import hashlib

import hiredis
import msgspec

from storage.errors import Unavailable
from storage.redis.command_client import CommandClient
from storage.redis.resp_connection import CommandArg, Reply


class Script(msgspec.Struct, frozen=True):
    text: str
    digest: str


def make_script(text: str) -> Script:
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


async def run_script(client: CommandClient, script: Script, key: str, *arguments: CommandArg) -> Reply:
    """Run a script by digest, or by its text if the server does not have it. Raises `Unavailable`."""
    reply = await client.execute("EVALSHA", script.digest, 1, key, *arguments)
    if isinstance(reply, hiredis.ReplyError) and str(reply).startswith("NOSCRIPT"):
        # NOSCRIPT means that it did not run, so sending it again is safe.
        reply = await client.execute("EVAL", script.text, 1, key, *arguments)
    if isinstance(reply, hiredis.ReplyError):
        reason = f"script failed with {str(reply).split(' ', 1)[0]}"
        client.connection.outage.failed(reason)
        raise Unavailable(f"redis: {reason}")
    return reply
