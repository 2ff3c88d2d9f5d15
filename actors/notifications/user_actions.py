"""What one user did to another: the notification, and its source when the action is undone."""

from actors.domain_events.event_types import (
    CommentCreated,
    CommentDeleted,
    CommentLiked,
    CommentUnliked,
    DomainEvent,
    EventInvited,
    FollowCreated,
    FollowDeleted,
    FollowRequestCreated,
    FollowRequestDeleted,
    HostAdded,
    MentionCreated,
    MentionDeleted,
    PostLiked,
    PostReposted,
    PostUnliked,
    PostUnreposted,
    ReplyCreated,
    ReplyDeleted,
    RsvpAccepted,
    RsvpDeclined,
)
from actors.notifications import event_templates, notification_templates
from actors.notifications.notification_recipients import BatchContext
from storage.contracts.notifications import NewNotification, NotificationSource

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


def build_notification(action: UserAction, source_id: str, context: BatchContext) -> NewNotification | None:
    """Return None if the action was undone, or the recipient does not see it.

    `source_id` identifies the domain event.
    """
    pair = find_sender_and_recipient(action)
    sender = context.get_sender(*pair) if pair is not None and action in context.existing else None
    post = find_recipient_and_post(action)
    if sender is None or (post is not None and post not in context.visible_posts):
        return None
    if find_post_author_and_recipient(action) in context.unwanted_pairs:
        return None
    match action:
        case FollowCreated(following_id=user_id):
            return notification_templates.followed(user_id, sender)
        case FollowRequestCreated(requested_id=user_id):
            return notification_templates.follow_requested(user_id, sender)
        case PostLiked(recipient_id=user_id, post_id=post_id):
            return notification_templates.liked(user_id, sender, post_id)
        case CommentCreated(recipient_id=user_id, post_id=post_id, id=comment_id):
            return notification_templates.commented(user_id, sender, post_id, comment_id)
        case ReplyCreated(recipient_id=user_id, post_id=post_id, parent_id=parent_id, id=reply_id):
            return notification_templates.replied(user_id, sender, post_id, parent_id, reply_id)
        case CommentLiked(recipient_id=user_id, post_id=post_id, comment_id=comment_id):
            return notification_templates.comment_liked(user_id, sender, post_id, comment_id)
        case PostReposted(recipient_id=user_id, post_id=post_id, id=repost_id, is_quote=is_quote):
            return notification_templates.reposted(user_id, sender, post_id, repost_id, is_quote=is_quote)
        case MentionCreated(mentioned_user_id=user_id):
            return notification_templates.mentioned_in_text(
                user_id, sender, action.post_id, action.comment_id
            )
        case EventInvited(user_id=user_id, event_id=event_id, title=title):
            return event_templates.invited(user_id, sender, event_id, title)
        case HostAdded(user_id=user_id, event_id=event_id, title=title):
            return event_templates.host_added(user_id, sender, event_id, title, source_id)
        case RsvpAccepted(user_id=user_id, event_id=event_id, title=title):
            return event_templates.rsvp_accepted(user_id, sender, event_id, title, source_id)
        case RsvpDeclined(user_id=user_id, event_id=event_id, title=title):
            return event_templates.rsvp_declined(user_id, sender, event_id, title, source_id)


def find_source(undone: UndoneAction) -> NotificationSource:
    """Return the source of the notification of what was undone."""
    match undone:
        case FollowDeleted(follower_id=follower_id, following_id=user_id):
            return NotificationSource(user_id, notification_templates.follow_source(follower_id))
        case FollowRequestDeleted(requester_id=requester_id, requested_id=user_id):
            return NotificationSource(user_id, notification_templates.follow_request_source(requester_id))
        case PostUnliked(post_id=post_id, recipient_id=user_id, actor_id=liker_id):
            return NotificationSource(user_id, notification_templates.like_source(post_id, liker_id))
        case (
            CommentDeleted(post_id=post_id, recipient_id=user_id, id=comment_id)
            | ReplyDeleted(post_id=post_id, recipient_id=user_id, id=comment_id)
        ):
            return NotificationSource(user_id, notification_templates.comment_source(post_id, comment_id))
        case CommentUnliked(comment_id=comment_id, recipient_id=user_id, actor_id=liker_id):
            return NotificationSource(
                user_id, notification_templates.comment_like_source(comment_id, liker_id)
            )
        case PostUnreposted(id=repost_id, recipient_id=user_id):
            return NotificationSource(user_id, notification_templates.repost_source(repost_id))
        case MentionDeleted(post_id=post_id, comment_id=mention_comment_id, mentioned_user_id=user_id):
            source = notification_templates.text_mention_source(post_id, mention_comment_id)
            return NotificationSource(user_id, source)


def find_sender_and_recipient(domain_event: DomainEvent) -> tuple[str, str] | None:
    """Return the sender and recipient of an event, if it has both."""
    match domain_event:
        case FollowCreated(follower_id=sender_id, following_id=recipient_id):
            return sender_id, recipient_id
        case FollowRequestCreated(requester_id=sender_id, requested_id=recipient_id):
            return sender_id, recipient_id
        case PostLiked() | CommentCreated() | ReplyCreated() | CommentLiked() | PostReposted():
            return domain_event.actor_id, domain_event.recipient_id
        case MentionCreated(author_id=sender_id, mentioned_user_id=recipient_id):
            return sender_id, recipient_id
        case EventInvited(inviter_id=sender_id, user_id=recipient_id):
            return sender_id, recipient_id
        case HostAdded(creator_id=sender_id, user_id=recipient_id):
            return sender_id, recipient_id
        case RsvpAccepted(host_id=sender_id, user_id=recipient_id):
            return sender_id, recipient_id
        case RsvpDeclined(host_id=sender_id, user_id=recipient_id):
            return sender_id, recipient_id
        case _:
            return None


def find_post_author_and_recipient(domain_event: DomainEvent) -> tuple[str, str] | None:
    """Return the author of the post and the recipient, of an event about a comment on another's post."""
    match domain_event:
        case ReplyCreated() | CommentLiked() if domain_event.post_author_id != domain_event.recipient_id:
            return domain_event.post_author_id, domain_event.recipient_id
        case MentionCreated() if domain_event.comment_id is not None:
            return domain_event.post_author_id, domain_event.mentioned_user_id
        case _:
            return None


def find_recipient_and_post(domain_event: DomainEvent) -> tuple[str, str] | None:
    """Return the recipient of an event about a post, and the post; the recipient must be able to see it."""
    match domain_event:
        case PostLiked() | CommentCreated() | ReplyCreated() | CommentLiked():
            return domain_event.recipient_id, domain_event.post_id
        case PostReposted():
            return domain_event.recipient_id, domain_event.id
        case MentionCreated():
            return domain_event.mentioned_user_id, domain_event.post_id
        case _:
            return None
