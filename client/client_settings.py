"""What a client receives and how, and its timeouts and limits."""

import msgspec

from actors.protocol.event_filter import EventGroup
from client.encoding import JSON, Encoding


class ClientSettings(msgspec.Struct, frozen=True):
    """A connection that lasts `stable_after_s` resets the reconnect backoff.

    With `list_conversations`, the client lists its conversations after each connect that was not resumed, to
    fetch what it missed; otherwise it only knows the conversations it subscribed to or received frames of.
    `event_filter` selects event groups; None means all.

    A command without a reply is sent again after `resend_after_s`, until `request_timeout_s`. Of the commands
    that the server refuses for a while, at most `retries_per_s` are retried a second, after the first
    `retries_burst`.
    """

    list_conversations: bool = True
    encoding: Encoding = JSON
    event_filter: tuple[EventGroup, ...] | None = None
    connect_timeout_s: float = 10.0
    resend_after_s: float = 10.0
    request_timeout_s: float = 30.0
    http_timeout_s: float = 10.0
    heartbeat_interval_s: float = 20.0
    stable_after_s: float = 5.0
    backoff_base_s: float = 1.0
    backoff_cap_s: float = 20.0
    read_backoff_base_s: float = 0.25
    read_backoff_cap_s: float = 2.0
    pending_requests_max: int = 1000
    retries_per_s: float = 20.0
    retries_burst: int = 100
    queued_frames_max: int = 1000
    held_frames_max: int = 1000
    changes_page_size: int = 100
    message_bytes_max: int = 16 * 1024 * 1024
