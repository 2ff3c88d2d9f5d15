"""How long rows are kept that are no longer needed. `docs/operations.md` lists the bounds of all tables."""

from typing import Final

DAY_S: Final = 24 * 3600.0

EXPIRED_SESSION_RETENTION_S: Final = 7 * DAY_S
"""Until then a client with the token learns that it expired, and not only that it is unknown."""

EXPIRED_MAIL_TOKEN_RETENTION_S: Final = DAY_S
EXPIRED_EXPORT_RETENTION_S: Final = 3600.0
"""So that a download that has begun can end."""

EXPIRED_MUTE_RETENTION_S: Final = DAY_S
EXPIRED_REQUEST_RETENTION_S: Final = 0.0
RESOLVED_REPORT_RETENTION_S: Final = 365 * DAY_S
NOTIFICATION_SOURCE_RETENTION_S: Final = 90 * DAY_S
"""Much longer than events stay in an outbox: an event that is read again creates no second notification."""

EVENT_ANNOUNCEMENT_RETENTION_S: Final = 30 * DAY_S
DEAD_LETTER_RETENTION_S: Final = 90 * DAY_S
CONVERSATION_KEY_RETENTION_S: Final = 48 * 3600.0
"""Of `Idempotency-Key` headers; the contract promises 24 h."""

IDEMPOTENT_RESPONSE_RETENTION_S: Final = 25 * 3600.0
"""Short, because responses contain what their user may have deleted since. The contract promises 24 h."""

PRUNING_INTERVAL_S: Final = 600.0
PRUNING_BATCH_ROWS: Final = 1000
PRUNING_BATCHES_PER_RUN: Final = 100
