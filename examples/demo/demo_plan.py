"""A whole town thought up from its seed, before anything of it is done. Never asks a server."""

from datetime import date

import msgspec

from examples.demo.plan_conversations import ConversationPlan, ConversationPlanner
from examples.demo.plan_events import EventPlan, EventPlanner
from examples.demo.plan_follows import Follow, FollowGraph
from examples.demo.plan_posts import PostPlan, PostPlanner
from examples.demo.plan_users import UserPlan, plan_users
from examples.demo.topic import read_library


class DemoPlan(msgspec.Struct, frozen=True):
    users: tuple[UserPlan, ...]
    follows: tuple[Follow, ...]
    events: tuple[EventPlan, ...]
    posts: tuple[PostPlan, ...]
    conversations: tuple[ConversationPlan, ...]


def plan_demo_data(count: int, seed: int, today: date) -> DemoPlan:
    """The same for the same seed and number of people; only the dates of gatherings follow `today`.

    Raises `ValueError` where a town can not have so many people.
    """
    library = read_library()
    people = plan_users(count, seed, library)
    ties = FollowGraph(people, seed)
    gatherings = EventPlanner(people, ties, library, seed, today).plan_events()
    posts = PostPlanner(people, ties, library, seed).plan_posts(gatherings)
    playwright = ConversationPlanner(people, ties, library, seed)
    talks = (*playwright.plan_groups(), *playwright.plan_directs())
    return DemoPlan(people, tuple(ties.follows), tuple(gatherings), tuple(posts), talks)
