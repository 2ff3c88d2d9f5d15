"""What is thought up of a town before a server is asked."""

from collections import Counter
from datetime import UTC, date, datetime

import msgspec
import pytest

from actors.protocol.social_objects import RsvpStatus
from config.limits import BIO_CHARACTERS, GROUP_NAME_CHARACTERS, POST_CHARACTERS, TITLE_CHARACTERS
from examples.demo.demo_plan import DemoPlan, plan_demo_data

TODAY = date(2025, 6, 4)


def all_texts(plan: DemoPlan) -> list[str]:
    """All that is said in a town."""
    posts = [post.content for post in plan.posts]
    remarks = [remark.content for post in plan.posts for remark in post.comments]
    talks = [talk.lines for talk in plan.conversations] + [gathering.lines for gathering in plan.events]
    return posts + remarks + [line.content for lines in talks for line in lines]


@pytest.mark.parametrize(("people", "seed"), [(12, 1), (40, 2), (120, 1), (120, 7), (300, 3)])
def test_texts_respect_length_limits(people: int, seed: int) -> None:
    """None is too long, and no slot is left open."""
    plan = plan_demo_data(people, seed, TODAY)

    assert all(0 < len(text) <= POST_CHARACTERS for text in all_texts(plan))
    assert all(len(person.bio or "") <= BIO_CHARACTERS for person in plan.users)
    assert all(len(talk.name or "") <= GROUP_NAME_CHARACTERS for talk in plan.conversations)
    assert all(len(one.title) <= TITLE_CHARACTERS for one in plan.events)
    assert not [text for text in all_texts(plan) if set(text) & set("{}")]


def test_default_plan_size() -> None:
    """A hundred and twenty people, and enough of everything."""
    plan = plan_demo_data(120, 1, TODAY)

    assert len({person.username for person in plan.users}) == 120
    assert [person.username for person in plan.users[:3]] == ["ana", "ben", "cyd"]
    assert 400 <= len(plan.posts) <= 430
    assert len(plan.events) == 15
    assert sum(talk.name is None for talk in plan.conversations) == 25
    assert sum(talk.name is not None for talk in plan.conversations) == 8


def test_followers_and_likes_are_skewed() -> None:
    """The upper tenth has several times what the middle has."""
    plan = plan_demo_data(120, 1, TODAY)
    followers = sorted(Counter(follow.followed for follow in plan.follows).values())
    likes = sorted(len(post.likers) for post in plan.posts)

    assert followers[-12] >= 2 * followers[len(followers) // 2]
    assert likes[-40] >= 3 * likes[len(likes) // 2]


def test_no_user_repeats_a_post_or_likes_their_own() -> None:
    plan = plan_demo_data(120, 1, TODAY)
    said = Counter((post.author, post.content) for post in plan.posts)

    assert max(said.values()) == 1
    assert not [post for post in plan.posts if post.author in post.likers]


def test_same_seed_gives_same_plan_except_dates() -> None:
    """Building again on another day finds everything as it was said."""
    one, other = plan_demo_data(40, 5, TODAY), plan_demo_data(40, 5, date(2025, 9, 20))

    def dateless(plan: DemoPlan) -> DemoPlan:
        day = datetime(2000, 1, 1, tzinfo=UTC)
        undated = tuple(msgspec.structs.replace(one, start=day, end=day) for one in plan.events)
        return msgspec.structs.replace(plan, events=undated)

    assert plan_demo_data(40, 5, TODAY) == one
    assert dateless(other) == dateless(one)
    assert other.events != one.events


def test_users_do_not_depend_on_user_count() -> None:
    assert plan_demo_data(60, 4, TODAY).users[:12] == plan_demo_data(12, 4, TODAY).users


@pytest.mark.parametrize("day", range(1, 15))
def test_events_are_in_the_future_on_their_weekday(day: int) -> None:
    """The Sunday run is on a Sunday, not today, and nothing is months away."""
    today = date(2025, 6, day)
    found = plan_demo_data(120, 1, today).events

    assert all(2 <= (one.start.date() - today).days <= 49 for one in found)
    assert all(one.start < one.end for one in found)
    assert {one.start.weekday() for one in found if "Sunday" in one.title} == {6}


def test_only_one_event_is_overbooked() -> None:
    plan = plan_demo_data(120, 1, TODAY)
    over = {
        one.title: sum(answer.status is RsvpStatus.GOING for answer in one.rsvps) - one.capacity
        for one in plan.events
    }

    assert [title for title, more in over.items() if more > 0] == [plan.events[0].title]
    assert over[plan.events[0].title] == 3


@pytest.mark.parametrize("people", [0, 11, 1001])
def test_user_count_out_of_range_is_rejected(people: int) -> None:
    with pytest.raises(ValueError, match="12 to 1000"):
        plan_demo_data(people, 1, TODAY)
