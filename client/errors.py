"""Exceptions raised by the client."""


class ClientError(Exception):
    """Base class of this client's exceptions."""


class RequestRejected(ClientError):  # noqa: N818 - a reply, not a failure of the client
    """The server rejected the request. `status` is None if it was sent over the websocket."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        status: int | None = None,
        retry: bool = False,
        retry_after_ms: int | None = None,
    ) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.status = status
        self.retry = retry or retry_after_ms is not None
        self.retry_after_ms = retry_after_ms


class RequestTimeout(ClientError, TimeoutError):  # noqa: N818 - named like TimeoutError
    """No reply that the client can read arrived in time; the server may have executed the request.

    To retry a message safely, send it again with the same `client_id`.
    """


class ClientClosed(ClientError):  # noqa: N818 - a state
    """The client does not reconnect: `close` was called, or the server rejected it permanently."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason
