"""What is thought up of a town before a server is asked."""

from collections import Counter
from datetime import UTC, date, datetime

import msgspec
import pytest

from actors.protocol.social_objects import RsvpStatus
from client.demo.plan import Plan, plan_town
from config.limits import BIO_CHARACTERS, GROUP_NAME_CHARACTERS, POST_CHARACTERS, TITLE_CHARACTERS

TODAY = date(2025, 6, 4)


def texts(plan: Plan) -> list[str]:
    """All that is said in a town."""
    posts = [post.content for post in plan.posts]
    remarks = [remark.content for post in plan.posts for remark in post.remarks]
    talks = [talk.lines for talk in plan.talks] + [gathering.lines for gathering in plan.gatherings]
    return posts + remarks + [line.content for lines in talks for line in lines]


@pytest.mark.parametrize(("people", "seed"), [(12, 1), (40, 2), (120, 1), (120, 7), (300, 3)])
def test_every_text_keeps_the_limits_of_the_contract(people: int, seed: int) -> None:
    """None is too long, and no slot is left open."""
    plan = plan_town(people, seed, TODAY)

    assert all(0 < len(text) <= POST_CHARACTERS for text in texts(plan))
    assert all(len(person.bio or "") <= BIO_CHARACTERS for person in plan.people)
    assert all(len(talk.name or "") <= GROUP_NAME_CHARACTERS for talk in plan.talks)
    assert all(len(one.title) <= TITLE_CHARACTERS for one in plan.gatherings)
    assert not [text for text in texts(plan) if set(text) & set("{}")]


def test_the_full_town_is_as_large_as_promised() -> None:
    """A hundred and twenty people, and enough of everything."""
    plan = plan_town(120, 1, TODAY)

    assert len({person.username for person in plan.people}) == 120
    assert [person.username for person in plan.people[:3]] == ["ana", "ben", "cyd"]
    assert 400 <= len(plan.posts) <= 430
    assert len(plan.gatherings) == 15
    assert sum(talk.name is None for talk in plan.talks) == 25
    assert sum(talk.name is not None for talk in plan.talks) == 8


def test_a_few_are_popular_and_few_posts_are_liked_by_many() -> None:
    """The upper tenth has several times what the middle has."""
    plan = plan_town(120, 1, TODAY)
    followers = sorted(Counter(follow.whom for follow in plan.follows).values())
    likes = sorted(len(post.likers) for post in plan.posts)

    assert followers[-12] >= 2 * followers[len(followers) // 2]
    assert likes[-40] >= 3 * likes[len(likes) // 2]


def test_nobody_says_the_same_twice_or_likes_their_own_post() -> None:
    plan = plan_town(120, 1, TODAY)
    said = Counter((post.author, post.content) for post in plan.posts)

    assert max(said.values()) == 1
    assert not [post for post in plan.posts if post.author in post.likers]


def test_the_same_seed_is_the_same_town_and_only_dates_follow_the_day() -> None:
    """Building again on another day finds everything as it was said."""
    one, other = plan_town(40, 5, TODAY), plan_town(40, 5, date(2025, 9, 20))

    def dateless(plan: Plan) -> Plan:
        day = datetime(2000, 1, 1, tzinfo=UTC)
        undated = tuple(msgspec.structs.replace(one, start=day, end=day) for one in plan.gatherings)
        return msgspec.structs.replace(plan, gatherings=undated)

    assert plan_town(40, 5, TODAY) == one
    assert dateless(other) == dateless(one)
    assert other.gatherings != one.gatherings


def test_people_are_the_same_in_a_town_of_any_size() -> None:
    assert plan_town(60, 4, TODAY).people[:12] == plan_town(12, 4, TODAY).people


@pytest.mark.parametrize("day", range(1, 15))
def test_events_lie_ahead_on_their_day_of_the_week(day: int) -> None:
    """The Sunday run is on a Sunday, not today, and nothing is months away."""
    today = date(2025, 6, day)
    found = plan_town(120, 1, today).gatherings

    assert all(2 <= (one.start.date() - today).days <= 49 for one in found)
    assert all(one.start < one.end for one in found)
    assert {one.start.weekday() for one in found if "Sunday" in one.title} == {6}


def test_one_event_has_a_line_and_no_other_has_more_than_its_places() -> None:
    plan = plan_town(120, 1, TODAY)
    over = {
        one.title: sum(answer.status is RsvpStatus.GOING for answer in one.answers) - one.capacity
        for one in plan.gatherings
    }

    assert [title for title, more in over.items() if more > 0] == [plan.gatherings[0].title]
    assert over[plan.gatherings[0].title] == 3


@pytest.mark.parametrize("people", [0, 11, 1001])
def test_there_are_no_towns_of_a_handful_nor_cities(people: int) -> None:
    with pytest.raises(ValueError, match="12 to 1000"):
        plan_town(people, 1, TODAY)
