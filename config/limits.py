"""Every bound that the server keeps, once, with its unit in its name.

What the contract fixes is a constant; what an operator may tune is a field of `Limits` (section
`[limits]` of the configuration). No other file writes such a number again.
"""

from typing import Final

import msgspec

MESSAGE_CHARACTERS: Final = 4000
POST_CHARACTERS: Final = 280
DISPLAY_NAME_CHARACTERS: Final = 100
BIO_CHARACTERS: Final = 500
TITLE_CHARACTERS: Final = 200
GROUP_NAME_CHARACTERS: Final = 100
AVATAR_URL_CHARACTERS: Final = 500
EMAIL_CHARACTERS: Final = 255
USERNAME_CHARACTERS_MIN: Final = 3
USERNAME_CHARACTERS_MAX: Final = 50
PASSWORD_CHARACTERS_MIN: Final = 8
PASSWORD_CHARACTERS_MAX: Final = 128
IDEMPOTENCY_KEY_CHARACTERS: Final = 200
CLIENT_ID_CHARACTERS: Final = 200
MENTIONS_PER_MESSAGE: Final = 100
PARTICIPANTS_MAX: Final = 5000
PARTICIPANTS_IN_OBJECT: Final = 100
EMOJIS_PER_MESSAGE: Final = 20
REACTIONS_PER_MESSAGE: Final = 1000
EMOJI_CHARACTERS: Final = 32
READ_BY_MEMBERS_MAX: Final = 100
PAGE_DEFAULT: Final = 20
PAGE_MAX: Final = 100
USER_CARDS_PER_REQUEST: Final = 100
UNREAD_MAX: Final = 1000
RESUME_CONVERSATIONS: Final = 1500
RESUME_REPLAY_CONVERSATIONS: Final = 200
RESUME_REPLAY_ENTRIES: Final = 500
BODY_BYTES: Final = 64 * 1024
BODY_WITH_IDS_BYTES: Final = 256 * 1024
FRAME_BYTES: Final = 64 * 1024
TOKEN_LIFETIME_S: Final = 30 * 24 * 3600
TOKEN_LIFETIME_MAX_S: Final = 180 * 24 * 3600
TOKEN_TOUCH_INTERVAL_S: Final = 3600
BUS_FRAME_BYTES: Final = 8 * 1024
STREAM_FRAMES_MAX: Final = 1000
STREAM_RETENTION_S: Final = 24 * 3600
PRESENCE_WATCHED_USERS: Final = 200
TYPING_MEMBERS_MAX: Final = 100
PRESENCE_LEASE_MS: Final = 9_000
LAST_SEEN_RETENTION_S: Final = 24 * 3600
TIMELINE_POSTS: Final = 800
TIMELINE_RETENTION_S: Final = 7 * 24 * 3600
EVENT_CATEGORY_CHARACTERS: Final = 50
EVENT_DESCRIPTION_CHARACTERS: Final = 5000
EVENT_CAPACITY_MAX: Final = 100_000
INVITES_PER_REQUEST: Final = 100
EVENT_SEARCH_CHARACTERS: Final = 200
IDEMPOTENCY_RETENTION_S: Final = 48 * 3600


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an operator may tune. Durations in ms or s, sizes in bytes, as the names say."""

    heartbeat_ms: int = 25_000
    auth_timeout_ms: int = 10_000
    write_timeout_ms: int = 15_000
    request_timeout_ms: int = 10_000
    shutdown_ms: int = 20_000
    sockets_per_user: int = 20
    frames_per_s: float = 500.0
    frames_burst: float = 5000.0
    frames_unauthenticated: int = 20
    sockets_unauthenticated: int = 1000
    sockets_new_per_s: int = 500
    sockets_new_per_address_per_s: float = 500.0
    sockets_new_per_address_burst: int = 500
    send_queue_soft_bytes: int = 256 * 1024
    send_queue_hard_bytes: int = 1024 * 1024
    messages_per_s: int = 100
    messages_burst: int = 500
    registrations_per_s: int = 50
    registrations_burst: int = 2000
    logins_per_s: int = 10
    logins_burst: int = 100
    mailbox_messages: int = 1000
    drafts_queued: int = 1000
    log_batch_entries: int = 200
    log_batches_in_flight: int = 1
    gap_wait_ms: int = 200
    head_announce_delays_s: tuple[float, ...] = (1.0, 5.0, 30.0)
    actor_idle_s: float = 30.0
    actor_restarts: int = 5
    actor_restart_window_s: float = 60.0
    flush_interval_ms: int = 500
    flush_conversations: int = 20
    bus_queue_frames: int = 10_000
    password_hashes_in_flight: int = 2
    password_hashes_queued: int = 64
    presence_grace_s: float = 8.0
    domain_events_poll_s: float = 1.0
    domain_events_batch: int = 500
    outbox_retention_s: float = 24 * 3600.0
    broadcast_followers: int = 5000
    block_cache_s: float = 1.0
    token_cache_s: float = 30.0
    token_cache_entries: int = 20_000
    token_check_s: float = 60.0
