"""What the client raises: a refusal, no answer within the deadline, or the end.

None of them ever says that something was not done when that is not known.
"""


class ClientError(Exception):
    """Anything this client raises."""


class RequestRejected(ClientError):  # noqa: N818 - it is an answer
    """The server said no. `status` is None where the socket said it."""

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


class RequestTimeout(ClientError, TimeoutError):  # noqa: N818 - it is what is known
    """No answer came in time: it may or may not have been done. A message: ask again, same `client_id`."""


class ClientClosed(ClientError):  # noqa: N818 - it is a state
    """The client does not come back: it was closed, or the server sent it away for good."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason
