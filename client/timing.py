"""How patient a client is. Every duration and every bound of it stands here, with its unit."""

import msgspec


class Timing(msgspec.Struct, frozen=True):
    """`steady_s` is how long a connection must have lived for the next loss to count as the first."""

    open_s: float = 10.0
    answer_s: float = 10.0
    send_s: float = 30.0
    http_s: float = 10.0
    heartbeat_s: float = 20.0
    steady_s: float = 5.0
    backoff_base_s: float = 1.0
    backoff_cap_s: float = 20.0
    read_backoff_base_s: float = 0.25
    read_backoff_cap_s: float = 2.0
    asks_waiting: int = 1000
    frames_waiting: int = 1000
    held_frames: int = 1000
    changes_page: int = 100
    message_bytes: int = 16 * 1024 * 1024
