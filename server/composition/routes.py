"""The routes of the public HTTP API, on the components of a server."""

from server.composition.components import ServerComponents
from server.http.route import Route
from server.routes.account import AccountRoutes
from server.routes.appeals import AppealRoutes
from server.routes.atom_feeds import AtomFeedRoutes
from server.routes.bookmarks import BookmarkRoutes
from server.routes.calendars import CalendarRoutes
from server.routes.comment_likes import CommentLikeRoutes
from server.routes.conversations import ConversationRoutes
from server.routes.event_attendance import EventAttendanceRoutes
from server.routes.event_hosting import EventHostingRoutes
from server.routes.events import EventRoutes
from server.routes.exports import ExportRoutes
from server.routes.follow_requests import FollowRequestRoutes
from server.routes.followed_tags import FollowedTagRoutes
from server.routes.messages import MessageRoutes
from server.routes.moderation import ModerationRoutes
from server.routes.mutes import MuteRoutes
from server.routes.notification_preferences import NotificationPreferenceRoutes
from server.routes.notifications import NotificationRoutes
from server.routes.post_edits import PostEditRoutes
from server.routes.posts import PostRoutes
from server.routes.presence import PresenceRoutes
from server.routes.privacy import PrivacyRoutes
from server.routes.public_timeline import PublicTimelineRoutes
from server.routes.recovery import RecoveryRoutes
from server.routes.registrations import RegistrationRoutes
from server.routes.relationships import RelationshipRoutes
from server.routes.reports import ReportRoutes
from server.routes.reposts import RepostRoutes
from server.routes.rsvps import RsvpRoutes
from server.routes.sessions import SessionRoutes
from server.routes.social import SocialRoutes
from server.routes.suggestions import SuggestionRoutes
from server.routes.users import UserRoutes


def create_routes(components: ServerComponents) -> tuple[Route, ...]:
    """Create the routes of the public HTTP API."""
    accounts, services, core = components.accounts, components.services, components.core
    assert core.presence is not None
    return (
        *UserRoutes(
            accounts,
            components.sign_up,
            services.block_service.list_blocked_users,
            services.relationships.get_profile,
        ).routes(),
        *AccountRoutes(components.account_deletion).routes(),
        *PrivacyRoutes(
            services.privacy_settings, services.conversation_requests, services.request_acceptance
        ).routes(),
        *SessionRoutes(components.login_sessions).routes(),
        *RecoveryRoutes(
            components.password_recovery, components.email_verification, components.email_change_undo
        ).routes(),
        *ReportRoutes(components.moderation.reports).routes(),
        *RegistrationRoutes(components.registrations).routes(),
        *AppealRoutes(components.moderation.appeals).routes(),
        *ModerationRoutes(components.moderation.report_queue, components.moderation.actions).routes(),
        *SocialRoutes(services.social).routes(),
        *MuteRoutes(services.mutes).routes(),
        *RelationshipRoutes(services.relationships).routes(),
        *SuggestionRoutes(services.suggestions).routes(),
        *PostRoutes(services.posts, services.reactions, services.home_feed, services.suggestions).routes(),
        *AtomFeedRoutes(services.posts, components.base_url).routes(),
        *BookmarkRoutes(services.bookmarks).routes(),
        *CommentLikeRoutes(services.comment_likes).routes(),
        *RepostRoutes(services.reposts).routes(),
        *FollowedTagRoutes(services.tag_follows).routes(),
        *PublicTimelineRoutes(services.public_timeline).routes(),
        *FollowRequestRoutes(services.follow_requests).routes(),
        *PostEditRoutes(services.post_edits).routes(),
        *EventRoutes(services.events, services.event_series, components.event_calendars).routes(),
        *RsvpRoutes(services.rsvps, services.events).routes(),
        *CalendarRoutes(components.calendar_links, components.event_calendars).routes(),
        *EventHostingRoutes(services.event_hosting, services.rsvp_requests).routes(),
        *EventAttendanceRoutes(services.attendance).routes(),
        *NotificationRoutes(services.notifications).routes(),
        *ExportRoutes(components.data_exports).routes(),
        *NotificationPreferenceRoutes(
            components.notification_preferences, components.mail_unsubscriptions
        ).routes(),
        *PresenceRoutes(core.presence).routes(),
        *ConversationRoutes(core.conversations, accounts).routes(),
        *MessageRoutes(core.conversations, core.online_users.charge_message).routes(),
    )
