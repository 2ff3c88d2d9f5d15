"""The stores that the services of an instance work with."""

from dataclasses import dataclass

from storage.contracts.conversation_requests import ConversationRequestStore
from storage.contracts.domain_events import Cursors, Outbox
from storage.contracts.event_attendance import AttendanceStore
from storage.contracts.event_hosting import EventHostStore, RsvpRequestStore
from storage.contracts.event_reminders import ReminderStore
from storage.contracts.event_series import EventSeriesStore
from storage.contracts.events import EventBlockStore, EventStore
from storage.contracts.feed import FeedPosts, TagFollowStore
from storage.contracts.follow_requests import FollowRequestStore
from storage.contracts.idempotency import IdempotencyKeys
from storage.contracts.locks import Locks
from storage.contracts.messaging import ConversationStore
from storage.contracts.mutes import MuteStore
from storage.contracts.notifications import NotificationStore
from storage.contracts.post_access import PostAccessStore
from storage.contracts.posts import BookmarkStore, PostEditStore, PostStore, RepostStore
from storage.contracts.privacy import PrivacyStore
from storage.contracts.reactions import CommentLikeStore, ReactionStore
from storage.contracts.rsvps import RsvpStore
from storage.contracts.search_index import SearchIndex
from storage.contracts.social import AudienceStore, SocialStore
from storage.contracts.suggestions import SuggestionStore
from storage.contracts.timelines import Timelines
from storage.contracts.user_cache import UserCache, UserSnapshotStore
from storage.contracts.user_streams import UserStreams
from storage.contracts.visibility_checks import VisibilityCheckStore

SERVICES = ("users", "social", "posts", "events", "notifications")
USER_CACHE_SERVICES = ("social", "posts", "events", "notifications")


@dataclass(frozen=True, slots=True)
class DomainEventStores:
    """The stores of one service for domain events: its outbox, and the cursors that are stored with it."""

    outbox: Outbox
    cursors: Cursors
    idempotency_keys: IdempotencyKeys
    locks: Locks


@dataclass(frozen=True, slots=True)
class ServiceStores:
    user_snapshots: UserSnapshotStore
    social: SocialStore
    audiences: AudienceStore
    mutes: MuteStore
    suggestions: SuggestionStore
    follow_requests: FollowRequestStore
    post_access: PostAccessStore
    posts: PostStore
    feed_posts: FeedPosts
    reactions: ReactionStore
    comment_likes: CommentLikeStore
    post_edits: PostEditStore
    bookmarks: BookmarkStore
    tag_follows: TagFollowStore
    reposts: RepostStore
    events: EventStore
    event_series: EventSeriesStore
    rsvps: RsvpStore
    event_hosts: EventHostStore
    rsvp_requests: RsvpRequestStore
    event_reminders: ReminderStore
    attendance: AttendanceStore
    event_blocks: EventBlockStore
    notifications: NotificationStore
    visibility_checks: VisibilityCheckStore
    conversations: ConversationStore
    timelines: Timelines
    user_streams: UserStreams
    privacy: PrivacyStore
    conversation_requests: ConversationRequestStore
    user_caches: dict[str, UserCache]
    domain_event_stores: dict[str, DomainEventStores]
    search_indexes: dict[str, SearchIndex]
