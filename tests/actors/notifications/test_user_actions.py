"""What holds for the notification of every action of a user, whatever its text is."""

from typing import get_args

import msgspec
import pytest

from actors.notifications.user_actions import UndoneAction, UserAction, find_source, to_template
from actors.protocol.notification_objects import TYPES_ABOUT_EVENTS, TYPES_ABOUT_POSTS
from storage.contracts.notifications import NotificationSource
from tests.actors.notifications.example_actions import example_actions


@pytest.mark.parametrize("undone_type", get_args(UndoneAction))
def test_undone_action_has_the_source_of_the_action(undone_type: type[UndoneAction]) -> None:
    """What is undone withdraws the notification of what was done, and no other."""
    (base,) = undone_type.__bases__
    done = [action for action in example_actions() if isinstance(action, base)]
    assert done
    for action in done:
        undone = undone_type(**msgspec.structs.asdict(action))
        template = to_template(action, "1@2")
        assert find_source(undone) == NotificationSource(template.recipient_id, template.source)


@pytest.mark.parametrize("action", list(example_actions()), ids=lambda action: type(action).__name__)
def test_notification_is_about_the_post_or_event_of_its_action(action: UserAction) -> None:
    """One about a post is for users who see the post, or the repost, and its type says what it is about."""
    fields = msgspec.structs.asdict(action)
    template = to_template(action, "1@2")
    about_post, about_event = "post_id" in fields, "event_id" in fields
    assert (template.type in TYPES_ABOUT_POSTS, template.type in TYPES_ABOUT_EVENTS) == (
        about_post,
        about_event,
    )
    if about_post:
        assert template.reference_id == "post_id"
        assert template.visible_post_id == ("id" if "is_quote" in fields else "post_id")
        assert template.post_author_id == fields.get("post_author_id")
    else:
        assert template.visible_post_id is None
    if about_event:
        assert template.reference_id == "event_id"
