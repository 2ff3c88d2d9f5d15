"""Limits of the server, each defined once, with its unit in its name.

Limits that the public contract fixes are constants. Limits that an operator may change are fields of
`Limits`, the section `[limits]` of the configuration.
"""

from typing import Final

import msgspec

MESSAGE_CHARACTERS: Final = 4000
POST_CHARACTERS: Final = 280
TAG_CHARACTERS: Final = 100
POST_EDIT_WINDOW_S: Final = 15 * 60
POST_REVISIONS_MAX: Final = 50
BOOKMARKS_MAX: Final = 10_000
TAG_FOLLOWS_MAX: Final = 50
ATOM_POSTS: Final = 50
FOLLOWS_MAX: Final = 10_000
"""Users that one user may follow: a page of an old part of the home feed reads the posts of each."""

BLOCKS_MAX: Final = 5000
"""Users that one user may block: nearly every request of a user reads all of the user's blocks."""

MUTES_MAX: Final = 5000
FOLLOW_REQUESTS_RECEIVED: Final = 5000
FOLLOW_REQUESTS_SENT: Final = 1000
DISPLAY_NAME_CHARACTERS: Final = 100
BIO_CHARACTERS: Final = 500
DEVICE_CHARACTERS: Final = 60
"""As the column of sessions."""
TITLE_CHARACTERS: Final = 200
GROUP_NAME_CHARACTERS: Final = 100
AVATAR_URL_CHARACTERS: Final = 500
EMAIL_CHARACTERS: Final = 255
USERNAME_CHARACTERS_MIN: Final = 3
USERNAME_CHARACTERS_MAX: Final = 50
PASSWORD_CHARACTERS_MIN: Final = 8
PASSWORD_CHARACTERS_MAX: Final = 128
IDEMPOTENCY_KEY_CHARACTERS: Final = 200
STORED_RESPONSE_BYTES: Final = 64 * 1024
"""Longer responses to requests with an `Idempotency-Key` are not stored."""

CLIENT_ID_CHARACTERS: Final = 200
MENTIONS_PER_MESSAGE: Final = 100
PARTICIPANTS_MAX: Final = 5000
CONVERSATIONS_MAX: Final = 10_000
"""Conversations that one user may be in: each session joins the rooms of all, a page of the list sorts all.

Who goes to an event joins its conversation whatever their number, and everyone can open a direct one.
"""

NAMED_USERS_PER_RATE_TOKEN: Final = 100
"""A request that names N users costs N // 100 more tokens of the caller's rate limit."""

PARTICIPANTS_IN_OBJECT: Final = 100
"""Members that a `Conversation` object lists."""

EMOJIS_PER_MESSAGE: Final = 20
REACTIONS_PER_MESSAGE: Final = 1000
EMOJI_CHARACTERS: Final = 32
READ_BY_MEMBERS_MAX: Final = 100
"""Members up to which a conversation has read receipts, and lists the readers of a message."""

PAGE_DEFAULT: Final = 20
PAGE_MAX: Final = 100
USER_CARDS_PER_REQUEST: Final = 100
RELATIONSHIPS_PER_REQUEST: Final = 100
SUGGESTIONS_MAX: Final = 20
SUGGESTION_FOLLOWEES_READ: Final = 100
SUGGESTION_FOLLOWEES_EACH: Final = 50
SUGGESTION_POPULAR_READ: Final = 200
SUGGESTION_CO_ATTENDEES_READ: Final = 100
SUGGESTION_EVENTS_READ: Final = 50
UNREAD_MAX: Final = 1000
"""Unread messages of a conversation that are counted; more are shown as this many. Also the messages to which
one read mark adds its reader."""

UNREAD_NOTIFICATIONS_COUNTED: Final = 10_000
"""Unread notifications of a user that are counted; more are shown as this many."""

PENDING_BYTES_MAX: Final = 4 * 1024 * 1024
"""Bytes of messages that wait while a session is opened: the mailbox limits only their number."""

NOTIFICATION_IDS_PER_FRAME: Final = 1000
RESUME_CONVERSATIONS: Final = 1500
"""Conversations that a `resume` may list."""

RESUME_REPLAY_CONVERSATIONS: Final = 200
RESUME_REPLAY_ENTRIES: Final = 500
"""Conversations whose log one resumption replays, and entries of each. Beyond it a client gets `lagged`."""

RESUME_REPLAY_BYTES: Final = 4 * 1024 * 1024
"""Bytes of log frames that one resumption replays. Without the bound one client could make an instance read
and queue hundreds of megabytes, on each of its sockets."""

REFUSALS_PER_S: Final = 2
REFUSALS_BURST: Final = 20
REFUSAL_DELAY_S: Final = 1.0
REFUSALS_DELAYED_PER_S: Final = 500
REFUSALS_DELAYED_MAX: Final = 10_000
BODY_BYTES: Final = 64 * 1024
BODY_WITH_IDS_BYTES: Final = 256 * 1024
FRAME_BYTES: Final = 64 * 1024
COMMANDS_CONCURRENT_MAX: Final = 16
"""Concurrent commands of one socket that run at the same time. One more gets `rate.limited`."""

TOKEN_LIFETIME_S: Final = 30 * 24 * 3600
TOKEN_LIFETIME_MAX_S: Final = 180 * 24 * 3600
TOKEN_TOUCH_INTERVAL_S: Final = 3600
BUS_PAYLOAD_BYTES: Final = 8 * 1024
"""Longer payloads are not sent over the bus; the other instances read the entry from the log."""

STREAM_ITEMS_MAX: Final = 1000
"""The latest items of a user stream that are kept, for `STREAM_RETENTION_S` after the last one."""

STREAM_RETENTION_S: Final = 24 * 3600
PRESENCE_WATCHED_USERS: Final = 200
POSTS_WATCHED: Final = 100
TYPING_MEMBERS_MAX: Final = 100
"""Members up to which a conversation has typing indicators."""

PRESENCE_LEASE_MS: Final = 9_000
LAST_SEEN_RETENTION_S: Final = 24 * 3600
TIMELINE_POSTS: Final = 800
"""Posts that one timeline holds."""

TIMELINE_RETENTION_S: Final = 7 * 24 * 3600
EVENT_CATEGORY_CHARACTERS: Final = 50
EVENT_DESCRIPTION_CHARACTERS: Final = 5000
EVENT_CAPACITY_MAX: Final = 100_000
EVENT_URL_CHARACTERS: Final = 500
EVENT_NEAR_KM_MAX: Final = 500
PLACE_NAME_CHARACTERS: Final = 200
PLACE_ADDRESS_CHARACTERS: Final = 500
TIMEZONE_CHARACTERS: Final = 64
SERIES_EVENTS_MAX: Final = 100
SERIES_YEARS_MAX: Final = 2
RRULE_CHARACTERS: Final = 200
CALENDAR_EVENTS_MAX: Final = 500
CALENDAR_DAYS_BACK: Final = 90
EVENT_COHOSTS_MAX: Final = 10
EVENT_GUESTS_MAX: Final = 10
"""Guests of one RSVP. A check constraint holds the same number."""

EVENT_REMINDERS_MAX: Final = 5
EVENT_REMINDER_MINUTES_MAX: Final = 28 * 24 * 60
EVENT_CANCEL_REASON_CHARACTERS: Final = 500
EVENT_ANNOUNCEMENT_CHARACTERS: Final = 1000
CHECK_IN_CODE_CHARACTERS: Final = 64
INVITES_PER_REQUEST: Final = 100
EVENT_SEARCH_CHARACTERS: Final = 200
SEARCH_CHARACTERS_MIN: Final = 2
SEARCH_WORDS_MAX: Final = 8
IDEMPOTENCY_RETENTION_S: Final = 48 * 3600
CONVERSATION_REQUESTS_OPEN: Final = 100
CONVERSATION_REQUESTS_SENT: Final = 1000
CONVERSATION_REQUEST_LIFETIME_S: Final = 30 * 24 * 3600
FORMER_MEMBERS_KEPT: Final = 5000
SNAPSHOT_MESSAGES_AROUND: Final = 3
SNAPSHOT_CONTEXT_CHARACTERS: Final = 500
MODERATION_REASON_CHARACTERS: Final = 500
APPEAL_CHARACTERS: Final = 2000
REPORTS_OPEN_MAX: Final = 200
"""Open reports of one user. Moderators work through all of them, and each holds a copy of its target."""

BACKLOG_COUNTED_MAX: Final = 10_000
"""Open reports and appeals that are counted; more are shown as this many."""


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits that an operator may change. Names carry the unit: ms, s, bytes."""

    heartbeat_ms: int = 25_000
    """Interval of websocket pings. A socket that is silent for two intervals is closed with 4003."""

    auth_timeout_ms: int = 10_000
    """Time in which a socket must authenticate. Later it is closed with 4506."""

    write_timeout_ms: int = 15_000
    """Time a client may take no byte of a response, or leave the write buffer of a socket full.

    Later it is disconnected, a socket without a Close; metrics count 4002.
    """

    request_timeout_ms: int = 10_000
    """Time limit of reading the body of an HTTP request, of its handler, and of a write to the log."""

    shutdown_ms: int = 20_000
    """Time limit of each step of a shutdown."""

    sockets_per_user: int = 20
    """Sockets and event streams of one user on one instance. One more ends the oldest event stream.

    Without one it is closed with 4505.
    """

    frames_per_s: float = 500.0
    """Inbound frames per second of one socket, control frames and fragments included. Past it: 4004."""

    frames_burst: float = 5000.0
    """Inbound frames that one socket may send at once."""

    frames_unauthenticated: int = 20
    """Inbound frames that a socket may send before it has authenticated."""

    http_connections: int = 10_000
    """HTTP connections of one instance. One more gets 503, except for health and metrics."""

    http_connections_per_address: int = 8000
    """HTTP connections of one client address, where no proxy is trusted. One more gets 503."""

    http_keepalive_s: float = 30.0
    """Time for which an idle HTTP connection is kept, and in which its next request must arrive."""

    request_costs_in_progress: int = 40
    """Sum of the costs of expensive requests (lists, searches, many named users) that are handled at once."""

    sockets_unauthenticated: int = 1000
    """Sockets of one instance that have not authenticated. One more gets 503."""

    sockets_unauthenticated_per_address: int = 900
    """Unauthenticated sockets of one client address on one instance. One more gets 503."""

    sockets_new_per_s: int = 500
    """New sockets per second of one instance with a token, and as many without. Past it: 503."""

    sockets_new_per_address_per_s: float = 500.0
    """New sockets and event streams per second of one client address. Past it: 429."""

    sockets_new_per_address_burst: int = 500
    """New sockets and event streams that one client address may open at once."""

    send_queue_soft_bytes: int = 256 * 1024
    """Bytes queued for one client above which ephemeral events are dropped and messages become `lagged`."""

    send_queue_hard_bytes: int = 1024 * 1024
    """Bytes queued for one client above which it is disconnected. Metrics count 4002 for a socket."""

    messages_per_s: int = 100
    """Commands per second of one user on one instance. Past it: `rate.limited`.

    Messages and changes of messages over HTTP count too. Each takes one token, `presence.watch` ten,
    `post.watch` two; `authenticate` and `ping` none.
    """

    messages_burst: int = 500
    """Commands, and changes of messages over HTTP, that one user may send at once."""

    registrations_per_s: int = 50
    """Registrations per second of one client address."""

    registrations_burst: int = 2000
    """Registrations that one client address may make at once."""

    logins_per_s: int = 10
    """Login attempts per second of one client address."""

    logins_burst: int = 100
    """Login attempts that one client address may make at once."""

    login_failures_per_minute: float = 2.0
    """Wrong passwords per minute for one account from one address network, over all instances."""

    login_failures_burst: int = 30
    """Wrong passwords for one account from one address network at once. One more gets `rate.limited`."""

    login_failures_elsewhere_per_minute: float = 6.0
    """Wrong passwords per minute for one account from all networks where it has not logged in lately."""

    login_failures_elsewhere_burst: int = 200
    """Wrong passwords for one account from all those networks at once. One more gets `rate.limited`."""

    password_confirmations_per_minute: float = 6.0
    """Requests per minute in which one user repeats the current password, over all instances."""

    password_confirmations_burst: int = 30
    """Requests with the current password that one user may send at once. One more gets `rate.limited`."""

    additions_per_s: float = 500.0
    """Users per second that one user may add to groups or invite to events, on one instance."""

    additions_burst: int = 20_000
    """Users that one user may add or invite at once. An addition of more counts as this many."""

    additions_per_recipient_per_s: float = 20.0
    """Times per second that one user may be added or invited by others, on one instance."""

    additions_per_recipient_burst: int = 1000
    """Times that one user may be added or invited at once."""

    event_announcements_per_hour: int = 10
    """Announcements of one event within an hour, over all instances."""

    mailbox_messages: int = 1000
    """Messages in the mailbox of one actor. One more is refused."""

    drafts_queued: int = 1000
    """Messages and changes of one conversation that wait to be stored. One more gets `server.overloaded`."""

    drafts_age_ms: int = 2_000
    """Age of the oldest message or change that waits in a conversation. Past it: `server.overloaded`."""

    command_timeout_ms: int = 8_000
    """Time after which a message or change that is not stored yet gets `server.overloaded`."""

    log_batch_entries: int = 200
    """Entries of one conversation in a write to the log, and entries from which a write takes no more."""

    log_batches_in_flight: int = 1
    """Writes to the log at the same time; as many again for conversations with competing instances. Set it to
    4 if the document store is on another machine."""

    log_wait_ms: int = 80
    """Time that messages may wait for a write to the log while more are sent than are stored. Past it new
    messages get `server.overloaded`."""

    gap_wait_ms: int = 200
    """Time to wait for a missing bus message before the log is read."""

    head_announce_delays_s: tuple[float, ...] = (1.0, 5.0, 30.0)
    """Delays after which the last seq of a conversation is announced again on the bus."""

    actor_idle_s: float = 30.0
    """Idle time after which a conversation actor is passivated."""

    actor_restarts: int = 5
    """Restarts of one actor within the window. One more quarantines its key."""

    actor_restart_window_s: float = 60.0
    """Window in which restarts are counted."""

    flush_interval_ms: int = 100
    """Interval in which conversation summaries are written."""

    flush_conversations: int = 4
    """Conversations whose summaries are written at once."""

    black_boxes: int = 20_000
    """Sessions, and conversations, of one instance whose last 200 events are kept for operators."""

    black_box_bytes: int = 64 * 1024 * 1024
    """Bytes of all those events, half for sessions and half for conversations. The oldest are dropped."""

    bus_queue_messages: int = 10_000
    """Messages that wait to be published on the bus. The oldest are dropped; receivers read the log."""

    password_hashes_in_flight: int = 2
    """Password hashes computed at the same time."""

    password_hashes_queued: int = 64
    """Password hashes that wait. One more gets `server.overloaded`."""

    presence_grace_s: float = 8.0
    """Time after the last connection closed before a user is shown offline."""

    domain_events_poll_s: float = 1.0
    """Interval in which outboxes are read without a wake-up from the bus."""

    domain_events_batch: int = 500
    """Domain events read at once."""

    outbox_retention_s: float = 24 * 3600.0
    """Time for which handled outbox rows are kept."""

    broadcast_followers: int = 5000
    """Followers from which on an author's posts are merged into feeds when they are read."""

    block_cache_s: float = 1.0
    """Interval in which cached block lookups are compared with the store."""

    token_cache_s: float = 30.0
    """Time for which a token lookup is cached."""

    token_cache_entries: int = 20_000
    """Tokens in the lookup cache."""

    token_check_s: float = 30.0
    """Interval in which the sessions of open connections are compared with the store."""
