"""Monotonic clock in microseconds, shared by all processes of a machine."""

import time


def now_us() -> int:
    return time.monotonic_ns() // 1000
