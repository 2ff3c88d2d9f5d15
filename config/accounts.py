"""Bounds of the User service that nobody tunes: the cost of a hash, the age of a copy, the size of a batch.

They stand apart from `Limits` because a change of them is a change of the code's promises. Never
holds what an operator may set.
"""

from typing import Final

ARGON2_MEMORY_KIB: Final = 19_456
ARGON2_ROUNDS: Final = 2
ARGON2_LANES: Final = 1
PASSWORD_BUSY_RETRY_MS: Final = 1000

TOKEN_BYTES: Final = 32
TOUCHES_AT_ONCE: Final = 8

CARD_CACHE_S: Final = 1.0
"""Half of what the contract allows a copy to be late."""
CARD_CACHE_ENTRIES: Final = 20_000

LOOKUP_KEYS: Final = 500
LOOKUPS_WAITING: Final = 20_000
LOOKUPS_AT_ONCE: Final = 4

SESSIONS_LISTED: Final = 1000
SEARCH_CHARACTERS: Final = 100

RESET_LIFETIME_S: Final = 30 * 60
RESETS_PER_LIFETIME: Final = 3
VERIFICATION_LIFETIME_S: Final = 3 * 24 * 3600
VERIFICATIONS_PER_LIFETIME: Final = 10
MAIL_ERRANDS_WAITING: Final = 1000
MAIL_ERRANDS_AT_ONCE: Final = 4
MAIL_ERRANDS_RETRY_MS: Final = 1000

REPORT_REASON_CHARACTERS: Final = 500
REPORT_TARGET_CHARACTERS: Final = 64
