"""What one user did to another: the notification, which exists until the action is undone.

A domain event of what was done creates the notification, one of what was undone withdraws it. Both have the
same template, with the same `source`.
"""

from actors.domain_events.event_types import (
    CommentChanged,
    CommentCreated,
    CommentDeleted,
    CommentLikeChanged,
    CommentLiked,
    CommentUnliked,
    EventInvited,
    FollowChanged,
    FollowCreated,
    FollowDeleted,
    FollowRequestChanged,
    FollowRequestCreated,
    FollowRequestDeleted,
    HostAdded,
    MentionChanged,
    MentionCreated,
    MentionDeleted,
    PostLikeChanged,
    PostLiked,
    PostReposted,
    PostUnliked,
    PostUnreposted,
    ReplyChanged,
    ReplyCreated,
    ReplyDeleted,
    RepostChanged,
    RsvpAccepted,
    RsvpDeclined,
)
from actors.notifications.event_templates import news_group_key
from actors.notifications.notification_templates import NotificationTemplate, comment_like_group_key
from actors.protocol.notification_objects import NotificationType
from storage.contracts.notifications import NotificationSource

UserAction = (
    FollowCreated
    | FollowRequestCreated
    | PostLiked
    | CommentCreated
    | ReplyCreated
    | CommentLiked
    | PostReposted
    | MentionCreated
    | EventInvited
    | HostAdded
    | RsvpAccepted
    | RsvpDeclined
)
UndoneAction = (
    FollowDeleted
    | FollowRequestDeleted
    | PostUnliked
    | CommentDeleted
    | ReplyDeleted
    | CommentUnliked
    | PostUnreposted
    | MentionDeleted
)


def find_source(undone: UndoneAction) -> NotificationSource:
    """Return the source of the notification of what was undone."""
    template = to_template(undone, source_id="")
    return NotificationSource(template.recipient_id, template.source)


def to_template(action: UserAction | UndoneAction, source_id: str) -> NotificationTemplate:
    """Return the notification of an action, also of one that was undone.

    `source_id` identifies the domain event, for actions that can be repeated and are never undone.
    """
    match action:
        case FollowChanged():
            return NotificationTemplate(
                type=NotificationType.FOLLOW,
                sender_id=action.follower_id,
                recipient_id=action.following_id,
                title="New follower",
                text="started following you",
                source=f"FOLLOW:{action.follower_id}:",
                group_key="FOLLOW",
                reference_id=action.follower_id,
            )
        case FollowRequestChanged():
            return NotificationTemplate(
                type=NotificationType.FOLLOW_REQUEST,
                sender_id=action.requester_id,
                recipient_id=action.requested_id,
                title="New follow request",
                text="asked to follow you",
                source=f"FOLLOW_REQUEST:{action.requester_id}",
                group_key="FOLLOW_REQUEST",
                reference_id=action.requester_id,
            )
        case PostLikeChanged():
            return NotificationTemplate(
                type=NotificationType.LIKE,
                sender_id=action.actor_id,
                recipient_id=action.recipient_id,
                title="New like",
                text="liked your post",
                source=f"LIKE:{action.post_id}:{action.actor_id}",
                group_key=f"LIKE:{action.post_id}",
                reference_id=action.post_id,
                visible_post_id=action.post_id,
            )
        case CommentChanged():
            return NotificationTemplate(
                type=NotificationType.COMMENT,
                sender_id=action.actor_id,
                recipient_id=action.recipient_id,
                title="New comment",
                text="commented on your post",
                source=f"COMMENT:{action.post_id}:{action.id}",
                group_key=f"COMMENT:{action.post_id}",
                reference_id=action.post_id,
                visible_post_id=action.post_id,
            )
        case ReplyChanged():
            return NotificationTemplate(
                type=NotificationType.COMMENT,
                sender_id=action.actor_id,
                recipient_id=action.recipient_id,
                title="New reply",
                text="replied to your comment",
                source=f"COMMENT:{action.post_id}:{action.id}",
                group_key=f"REPLY:{action.parent_id}",
                reference_id=action.post_id,
                visible_post_id=action.post_id,
                post_author_id=action.post_author_id,
            )
        case CommentLikeChanged():
            return NotificationTemplate(
                type=NotificationType.LIKE,
                sender_id=action.actor_id,
                recipient_id=action.recipient_id,
                title="New like",
                text="liked your comment",
                source=f"COMMENT_LIKE:{action.comment_id}:{action.actor_id}",
                group_key=comment_like_group_key(action.comment_id),
                reference_id=action.post_id,
                visible_post_id=action.post_id,
                post_author_id=action.post_author_id,
            )
        case RepostChanged():
            return NotificationTemplate(
                type=NotificationType.REPOST,
                sender_id=action.actor_id,
                recipient_id=action.recipient_id,
                title="New quote" if action.is_quote else "New repost",
                text="quoted your post" if action.is_quote else "reposted your post",
                source=f"REPOST:{action.id}",
                group_key=f"QUOTE:{action.post_id}" if action.is_quote else f"REPOST:{action.post_id}",
                reference_id=action.post_id,
                visible_post_id=action.id,
            )
        case MentionChanged(comment_id=comment_id):
            return NotificationTemplate(
                type=NotificationType.MENTION,
                sender_id=action.author_id,
                recipient_id=action.mentioned_user_id,
                title="You were mentioned",
                text="mentioned you in a post" if comment_id is None else "mentioned you in a comment",
                source=f"POST_MENTION:{action.post_id}:{comment_id or ''}",
                group_key=f"POST_MENTION:{action.post_id}",
                reference_id=action.post_id,
                visible_post_id=action.post_id,
                post_author_id=action.post_author_id,
            )
        case EventInvited():
            return NotificationTemplate(
                type=NotificationType.EVENT_INVITE,
                sender_id=action.inviter_id,
                recipient_id=action.user_id,
                title="New invitation",
                text=f"invited you to {action.title}",
                source=f"EVENT_INVITE:{action.event_id}:{action.inviter_id}",
                group_key=f"EVENT_INVITE:{action.event_id}",
                reference_id=action.event_id,
            )
        case HostAdded():
            return NotificationTemplate(
                type=NotificationType.EVENT_UPDATE,
                sender_id=action.creator_id,
                recipient_id=action.user_id,
                title="New co-host",
                text=f"made you a co-host of {action.title}",
                source=f"EVENT_UPDATE:{action.event_id}:{source_id}",
                group_key=news_group_key(action.event_id, source_id),
                reference_id=action.event_id,
                is_grouped=False,
            )
        case RsvpAccepted() | RsvpDeclined():
            accepted = isinstance(action, RsvpAccepted)
            return NotificationTemplate(
                type=NotificationType.EVENT_UPDATE,
                sender_id=action.host_id,
                recipient_id=action.user_id,
                title="Request accepted" if accepted else "Request declined",
                text=f"{'accepted' if accepted else 'declined'} your request to go to {action.title}",
                source=f"EVENT_UPDATE:{action.event_id}:{source_id}",
                group_key=news_group_key(action.event_id, source_id),
                reference_id=action.event_id,
                is_grouped=False,
            )
