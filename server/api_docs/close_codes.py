"""The codes with which the server closes a socket, and what each means to a client.

The numbers are those that the server closes with. Never a policy of its own: the ranges are the socket's.
"""

from typing import Final

from websockets.frames import CloseCode as StandardCode

from actors.sessions.transport import CloseCode
from server.api_docs.asyncapi_document import CloseCodeInfo
from server.websocket.connection import INVALID_UTF8, MESSAGE_TOO_BIG, RESUMABLE_CODES

_APPLICATION_CODES: Final = {
    CloseCode.SHUTDOWN: "The server stops. Come back after the time that `goodbye` names.",
    CloseCode.SLOW_CONSUMER: "The client did not take what it was sent.",
    CloseCode.HEARTBEAT_TIMEOUT: "Nothing was heard of the client for two heartbeats.",
    CloseCode.RATE_LIMITED: "More frames came at once than are held for one client.",
    CloseCode.OVERLOADED: "The server could not do its work, or a store was away.",
    CloseCode.BAD_FRAME: "A frame was no JSON object with an `id`, or not of this sub-protocol.",
    CloseCode.NOT_AUTHENTICATED: "The token is not known.",
    CloseCode.TOKEN_EXPIRED: "The token has expired.",
    CloseCode.SESSION_REVOKED: "The session was revoked.",
    CloseCode.TOO_MANY_CONNECTIONS: "This user has too many connections.",
    CloseCode.AUTHENTICATION_TIMEOUT: "Nobody authenticated in time.",
}
_STANDARD_CODES: Final = {
    StandardCode.PROTOCOL_ERROR.value: "A frame broke RFC 6455.",
    INVALID_UTF8: "A text frame was not UTF-8.",
    MESSAGE_TOO_BIG: "A message has more than `max_frame_bytes`.",
}


def close_codes() -> tuple[CloseCodeInfo, ...]:
    """All of them, in order."""
    own = {code: name.lower() for name, code in vars(CloseCode).items() if name.isupper()}
    untold = own.keys() ^ _APPLICATION_CODES.keys()
    if untold:
        raise ValueError(f"Close codes and their meanings differ: {sorted(untold)}.")
    names = {**own, **{code: StandardCode(code).name.lower() for code in _STANDARD_CODES}}
    told = {**_APPLICATION_CODES, **_STANDARD_CODES}
    return tuple(
        CloseCodeInfo(code, names[code], told[code], code in RESUMABLE_CODES) for code in sorted(told)
    )
