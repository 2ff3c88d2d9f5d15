"""Creates the services that use conversations and sessions, and their background jobs.

`SharedServices` is what conversations and sessions depend on, and is created before them. `Services` depends
on them.
"""

from collections.abc import Callable

from actors.consent.privacy_settings import PrivacySettings
from actors.consent.request_acceptance import RequestAcceptance
from actors.core import Core
from actors.domain_event_consumers import ConsumerCalls, create_readers
from actors.events.attendance import Attendance
from actors.events.check_in_codes import CheckInCodes
from actors.events.event_hosting import EventHosting
from actors.events.event_series import EventSeriesEditor
from actors.events.events import Events
from actors.events.reminder_job import ReminderJob
from actors.events.rsvp_requests import RsvpRequests
from actors.events.rsvps import Rsvps
from actors.feed.home_feed import FeedStores, HomeFeed
from actors.feed.public_timeline import PublicTimeline
from actors.feed.tag_follows import TagFollows
from actors.feed.timeline_builder import TimelineBuilder
from actors.notifications.ephemeral_event_publisher import EphemeralEventPublisher
from actors.notifications.visibility_checks import VisibilityCheckJob
from actors.posts.bookmarks import Bookmarks
from actors.posts.comment_likes import CommentLikes
from actors.posts.post_edits import PostEdits
from actors.posts.posts import Posts
from actors.posts.reactions import Reactions
from actors.posts.reposts import Reposts
from actors.posts.text_references import TextReferenceFinder
from actors.search_indexer import SearchIndexer
from actors.shared_services import SharedServices
from actors.social.account_privacy import AccountPrivacy
from actors.social.follow_requests import FollowRequests
from actors.social.mutes import Mutes
from actors.social.relationships import Relationships
from actors.social.social import Social
from actors.social.suggestions import Suggestions
from actors.user_cache.user_cache_consumer import UserCacheReconciler
from config.limits import Limits

EPHEMERAL_CLOSE_TIMEOUT_S = 1.0


class Services:
    def __init__(
        self,
        shared: SharedServices,
        core: Core,
        limits: Limits,
        check_in_codes: CheckInCodes,
        invalidate_card: Callable[[str], None],
        publish: Callable[[str, bytes], None],
    ) -> None:
        stores, user_cards, block_service = shared.stores, shared.user_cards, shared.block_service
        self._shared = shared
        self._core = core
        self.notifications = shared.notifications
        self.block_service = block_service
        self.social = Social(
            stores.social,
            stores.post_access,
            user_cards["social"],
            block_service,
            lambda: self.wake_readers("social"),
            core.publish_block_change,
            lambda follower_id: core.publish_visibility_change([follower_id]),
        )
        self.follow_requests = FollowRequests(
            stores.follow_requests, stores.social, user_cards["social"], lambda: self.wake_readers("social")
        )
        self.account_privacy = AccountPrivacy(
            stores.follow_requests, stores.user_snapshots, lambda: self.wake_readers("social")
        )
        self.relationships = Relationships(stores.social, user_cards["social"])
        self.mutes = Mutes(stores.mutes, user_cards["social"], block_service)
        self.suggestions = Suggestions(
            stores.suggestions, user_cards["social"], stores.rsvps.list_co_attendees
        )
        self.privacy_settings = PrivacySettings(stores.privacy)
        self.conversation_requests = shared.conversation_requests
        self.events = Events(
            stores.events,
            stores.event_hosts,
            user_cards["events"],
            block_service,
            shared.conversation_requests,
            lambda: self.wake_readers("events"),
        )
        self.event_series = EventSeriesEditor(
            stores.event_series, self.events, lambda: self.wake_readers("events")
        )
        self.request_acceptance = RequestAcceptance(
            shared.conversation_requests, core.conversations.add_accepted, self.events.invite_accepted
        )
        self.rsvps = Rsvps(
            stores.rsvps,
            self.events,
            user_cards["events"],
            block_service,
            check_in_codes,
            lambda: self.wake_readers("events"),
        )
        self.attendance = Attendance(
            stores.attendance,
            self.events,
            user_cards["events"],
            check_in_codes,
            lambda: self.wake_readers("events"),
        )
        self.event_hosting = EventHosting(
            stores.event_hosts,
            stores.rsvps,
            self.events,
            user_cards["events"],
            shared.conversation_requests,
            lambda: self.wake_readers("events"),
        )
        self.rsvp_requests = RsvpRequests(
            stores.rsvp_requests,
            self.events,
            user_cards["events"],
            block_service,
            lambda: self.wake_readers("events"),
        )
        reference_finder = TextReferenceFinder(stores.user_snapshots)
        self.posts = Posts(
            stores.posts,
            user_cards["posts"],
            block_service,
            shared.post_visibility,
            self.events.can_see,
            reference_finder,
            lambda: self.wake_readers("posts"),
        )
        self.bookmarks = Bookmarks(stores.bookmarks, self.posts, shared.post_visibility)
        self.post_edits = PostEdits(
            stores.post_edits, self.posts, reference_finder, lambda: self.wake_readers("posts")
        )
        self.reposts = Reposts(stores.reposts, self.posts, self._on_post_changed)
        self.reactions = Reactions(
            stores.reactions,
            self.posts,
            user_cards["posts"],
            block_service,
            shared.post_visibility,
            reference_finder,
            self._on_post_changed,
        )
        self.comment_likes = CommentLikes(
            stores.comment_likes,
            self.reactions,
            user_cards["posts"],
            block_service,
            self._on_post_changed,
        )
        self._timeline_builder = TimelineBuilder(stores.feed_posts, stores.audiences, stores.timelines)
        feed_stores = FeedStores(stores.feed_posts, stores.social, stores.audiences, stores.timelines)
        self.home_feed = HomeFeed(feed_stores, self.posts, self._timeline_builder)
        self.public_timeline = PublicTimeline(stores.feed_posts, shared.post_visibility, self.posts)
        self.tag_follows = TagFollows(stores.tag_follows)
        self._ephemeral_events = EphemeralEventPublisher(
            stores.posts,
            self.posts,
            shared.post_visibility,
            stores.events,
            self.events,
            stores.mutes,
            core.publish_ephemeral,
        )
        self._user_cache_reconciler = UserCacheReconciler(
            stores.user_snapshots, list(stores.user_caches.values())
        )
        self.search_indexer = SearchIndexer(stores.search_indexes)
        self.visibility_check_job = VisibilityCheckJob(
            stores.visibility_checks,
            stores.domain_event_stores["notifications"].locks,
            stores.notifications,
            shared.notifications,
            stores.posts,
            shared.post_visibility,
            stores.events,
        )
        self.reminder_job = ReminderJob(stores.event_reminders, lambda: self.wake_readers("events"))
        calls = ConsumerCalls(
            self._ephemeral_events.publish_event_updated,
            self._ephemeral_events.publish_post_created,
            self.visibility_check_job.wake,
            lambda: self.wake_readers("events"),
            invalidate_card,
        )
        created = create_readers(shared, core, calls, limits, publish)
        self.readers = created.readers
        self.consumer_services = created.consumer_services
        shared.on_outbox_message = self.readers.on_bus_message
        shared.block_comparison.on_blocked = core.apply_block_change

    def start(self) -> None:
        self.readers.start()
        self._user_cache_reconciler.start()
        self.search_indexer.start()
        self.reminder_job.start()
        self.visibility_check_job.start()
        self._shared.notification_pusher.start()
        self._shared.block_comparison.start()

    async def close(self) -> None:
        """Close before the core, which the services call."""
        await self.search_indexer.close()
        await self.reminder_job.close()
        await self.visibility_check_job.close()
        await self._user_cache_reconciler.close()
        await self.readers.close()
        await self._shared.notification_pusher.close()
        await self._shared.block_comparison.close()
        await self._ephemeral_events.close(EPHEMERAL_CLOSE_TIMEOUT_S)
        await self._timeline_builder.close()

    def wake_readers(self, service: str) -> None:
        """Wake the readers of a service after a write to its database."""
        self.readers.wake_readers(service)

    def _on_post_changed(self, post_id: str) -> None:
        """Publish what changes with a like, comment or repost of a post."""
        self.wake_readers("posts")
        self._core.post_subscriptions.publish_changed(post_id)
