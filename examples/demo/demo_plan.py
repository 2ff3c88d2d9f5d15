"""Plans all sample data from a seed, without a server."""

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
    """Return the same plan for the same seed and number of users; only event dates depend on `today`.

    Raises `ValueError` if `count` is out of range.
    """
    library = read_library()
    users = plan_users(count, seed, library)
    follow_graph = FollowGraph(users, seed)
    events = EventPlanner(users, follow_graph, library, seed, today).plan_events()
    posts = PostPlanner(users, follow_graph, library, seed).plan_posts(events)
    conversation_planner = ConversationPlanner(users, follow_graph, library, seed)
    conversations = (*conversation_planner.plan_groups(), *conversation_planner.plan_directs())
    return DemoPlan(users, tuple(follow_graph.follows), tuple(events), tuple(posts), conversations)
