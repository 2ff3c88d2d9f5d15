"""Constants of data exports."""

from typing import Final

EXPORT_LIFETIME_S: Final = 7 * 24 * 3600.0
EXPORT_INTERVAL_S: Final = 24 * 3600.0
"""Time after which a user may request another export."""

EXPORT_LINK_LIFETIME_S: Final = 3600
"""Time for which a download link works; a new one costs one request."""

EXPORT_CHUNK_BYTES: Final = 256 * 1024
EXPORT_BYTES_MAX: Final = 256 * 1024 * 1024
"""Size of an archive. One that would be larger fails."""

EXPORT_BATCH_ROWS: Final = 200
EXPORT_LEASE_S: Final = 60.0
"""Time after which another instance starts over, if one has stopped. Much longer than one batch takes."""

EXPORT_ATTEMPTS_MAX: Final = 5
EXPORT_RETRY_S: Final = 60.0
"""Time before another attempt, after one has failed."""

EXPORT_POLL_S: Final = 15.0
EXPORT_DOWNLOADS_MAX: Final = 20
"""Downloads at the same time on one instance. One more gets `server.overloaded`."""

EXPORT_STUCK_S: Final = 3600.0
"""Age of a pending export from which `run.py doctor` reports it."""
