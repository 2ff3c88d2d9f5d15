"""The machine's monotonic clock in microseconds, the same one in every process of a run."""

import time


def now_us() -> int:
    return time.monotonic_ns() // 1000
