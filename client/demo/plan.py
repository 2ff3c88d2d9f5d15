"""A whole town thought up from its seed, before anything of it is done. Never asks a server."""

from datetime import date

import msgspec

from client.demo.follows import Follow, FollowGraph
from client.demo.gatherings import EventPlanner, EventPlan
from client.demo.people import UserPlan, plan_users
from client.demo.posts import PostPlanner, PostPlan
from client.demo.talks import ConversationPlanner, ConversationPlan
from client.demo.topic import read_library


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
