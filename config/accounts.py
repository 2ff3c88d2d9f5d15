"""Constants of accounts, lookups and caches. They are not configurable."""

from typing import Final

ARGON2_MEMORY_KIB: Final = 19_456
ARGON2_ROUNDS: Final = 2
ARGON2_LANES: Final = 1
PASSWORD_BUSY_RETRY_MS: Final = 1000

TOKEN_BYTES: Final = 32
SESSION_TOUCHES_IN_FLIGHT: Final = 8

CARD_CACHE_S: Final = 1.0
"""Half of the delay that the contract allows for cached user cards."""

CONNECT_IDENTITY_AGE_MAX_S: Final = CARD_CACHE_S
"""Age up to which a new connection uses a cached identity: `ready` contains its user."""

CARD_CACHE_ENTRIES: Final = 20_000

DATA_LOADER_BATCH_KEYS: Final = 500
DATA_LOADER_QUEUE_MAX: Final = 20_000
DATA_LOADER_BATCHES_IN_FLIGHT: Final = 4
CONNECT_LOOKUP_INTERVAL_S: Final = 0.02
"""Least time between two batches of the lookups that a new connection makes. One connection alone does not
wait; when many connect at once, they share lookups."""

DATA_LOADER_BULK_WAITING_MAX: Final = 32
"""Callers with more keys than a batch that are served in turns. One more gets `server.overloaded`."""

RESERVED_USERNAMES: Final = frozenset(
    {
        "block",
        "blocks",
        "by-username",
        "calendar",
        "deleted",
        "export",
        "follow",
        "followed-tags",
        "followers",
        "following",
        "me",
        "moderation-actions",
        "mute",
        "mutes",
        "notification-preferences",
        "password",
        "posts",
        "posts.atom",
        "privacy",
        "stats",
    }
)
"""Words of routes under `/v1/users`, and the name that clients show for a deleted user."""

KNOWN_NETWORKS_MAX: Final = 20
"""Address networks that are remembered for one login, the latest ones."""
KNOWN_NETWORK_LIFETIME_S: Final = 90 * 24 * 3600

SESSIONS_LISTED_MAX: Final = 1000
SESSIONS_PER_USER: Final = 100
"""Sessions of one user. One more login ends the least recently used one."""
USER_SEARCH_CHARACTERS: Final = 100

RESET_LIFETIME_S: Final = 30 * 60
RESETS_PER_LIFETIME: Final = 3
VERIFICATION_LIFETIME_S: Final = 3 * 24 * 3600
VERIFICATIONS_PER_LIFETIME: Final = 10
EMAIL_CHANGE_UNDO_S: Final = 24 * 3600
"""Time in which the old address can undo a change of the e-mail address."""
EMAIL_CHANGES_PER_LIFETIME: Final = 20
MAIL_TASKS_PENDING_MAX: Final = 1000
MAIL_TASKS_RUNNING_MAX: Final = 4
MAIL_TASKS_RETRY_MS: Final = 1000

REPORT_REASON_CHARACTERS: Final = 500
REPORT_TARGET_CHARACTERS: Final = 64

REGISTRATIONS_WAITING_MAX: Final = 10_000
"""Registrations that wait for approval. One more is refused."""
INVITE_CODES_MAX: Final = 1000
INVITE_CODE_USES_MAX: Final = 10_000
INVITE_CODE_CHARACTERS: Final = 50
NAME_BLOCKS_MAX: Final = 10_000
