"""The plan of the demo data, without a server."""

from collections import Counter
from datetime import UTC, date, datetime

import msgspec
import pytest

from actors.protocol.event_objects import RsvpStatus
from config.limits import BIO_CHARACTERS, GROUP_NAME_CHARACTERS, POST_CHARACTERS, TITLE_CHARACTERS
from examples.demo.demo_plan import DemoPlan, plan_demo_data

TODAY = date(2025, 6, 4)


def all_texts(plan: DemoPlan) -> list[str]:
    """Return all posts, comments and messages of a plan."""
    posts = [post.content for post in plan.posts]
    comments = [comment.content for post in plan.posts for comment in post.comments]
    dialogs = [conversation.lines for conversation in plan.conversations] + [
        event.lines for event in plan.events
    ]
    return posts + comments + [line.content for lines in dialogs for line in lines]


@pytest.mark.parametrize(("user_count", "seed"), [(12, 1), (40, 2), (120, 1), (120, 7), (300, 3)])
def test_texts_respect_length_limits(user_count: int, seed: int) -> None:
    """Texts fit the server's limits, and all slots are filled."""
    plan = plan_demo_data(user_count, seed, TODAY)

    assert all(0 < len(text) <= POST_CHARACTERS for text in all_texts(plan))
    assert all(len(user.bio or "") <= BIO_CHARACTERS for user in plan.users)
    assert all(len(conversation.name or "") <= GROUP_NAME_CHARACTERS for conversation in plan.conversations)
    assert all(len(event.title) <= TITLE_CHARACTERS for event in plan.events)
    assert not [text for text in all_texts(plan) if set(text) & set("{}")]


def test_default_plan_size() -> None:
    """120 users come with a sensible number of posts, events and conversations."""
    plan = plan_demo_data(120, 1, TODAY)

    assert len({user.username for user in plan.users}) == 120
    assert [user.username for user in plan.users[:3]] == ["ana", "ben", "cyd"]
    assert 400 <= len(plan.posts) <= 430
    assert len(plan.events) == 15
    assert sum(conversation.name is None for conversation in plan.conversations) == 25
    assert sum(conversation.name is not None for conversation in plan.conversations) == 8


def test_followers_and_likes_are_skewed() -> None:
    """The top tenth has several times the median."""
    plan = plan_demo_data(120, 1, TODAY)
    followers = sorted(Counter(follow.followed for follow in plan.follows).values())
    likes = sorted(len(post.likers) for post in plan.posts)

    assert followers[-12] >= 2 * followers[len(followers) // 2]
    assert likes[-40] >= 3 * likes[len(likes) // 2]


def test_no_user_repeats_a_post_or_likes_their_own() -> None:
    """Authors and texts are unique pairs."""
    plan = plan_demo_data(120, 1, TODAY)
    counts = Counter((post.author, post.content) for post in plan.posts)

    assert max(counts.values()) == 1
    assert not [post for post in plan.posts if post.author in post.likers]


def test_same_seed_gives_same_plan_except_dates() -> None:
    """On another day only the event dates differ."""
    first, second = plan_demo_data(40, 5, TODAY), plan_demo_data(40, 5, date(2025, 9, 20))

    def dateless(plan: DemoPlan) -> DemoPlan:
        day = datetime(2000, 1, 1, tzinfo=UTC)
        undated = tuple(msgspec.structs.replace(event, start=day, end=day) for event in plan.events)
        return msgspec.structs.replace(plan, events=undated)

    assert plan_demo_data(40, 5, TODAY) == first
    assert dateless(second) == dateless(first)
    assert second.events != first.events


def test_users_do_not_depend_on_user_count() -> None:
    """A larger plan starts with the same users."""
    assert plan_demo_data(60, 4, TODAY).users[:12] == plan_demo_data(12, 4, TODAY).users


@pytest.mark.parametrize("day", range(1, 15))
def test_events_are_in_the_future_on_their_weekday(day: int) -> None:
    """Events start within 2 to 49 days; the Sunday run is on a Sunday."""
    today = date(2025, 6, day)
    events = plan_demo_data(120, 1, today).events

    assert all(2 <= (event.start.date() - today).days <= 49 for event in events)
    assert all(event.start < event.end for event in events)
    assert {event.start.weekday() for event in events if "Sunday" in event.title} == {6}


def test_only_one_event_is_overbooked() -> None:
    """It has three users on the waitlist."""
    plan = plan_demo_data(120, 1, TODAY)
    excess = {
        event.title: sum(rsvp.status is RsvpStatus.GOING for rsvp in event.rsvps) - event.capacity
        for event in plan.events
    }

    assert [title for title, count in excess.items() if count > 0] == [plan.events[0].title]
    assert excess[plan.events[0].title] == 3


@pytest.mark.parametrize("user_count", [0, 11, 1001])
def test_user_count_out_of_range_is_rejected(user_count: int) -> None:
    """`plan_demo_data` accepts 12 to 1000 users."""
    with pytest.raises(ValueError, match="from 12 to 1000"):
        plan_demo_data(user_count, 1, TODAY)
