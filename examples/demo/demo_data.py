"""A believable small town on a server, made through its public paths alone, as its people would.

    people -> follows -> events -> posts -> likes, comments -> answers, invites -> conversations

Doing it again adds nothing. It never asks for more than a few things at once, and waits when told to.
"""

from datetime import UTC, datetime
from typing import Final

import aiohttp

from client.retrying_http import HttpRequest, RetryingHttpClient
from examples.demo.bounded_runner import BoundedRunner, ProgressCallback
from examples.demo.create_conversations import ConversationCreator, CreatedConversation
from examples.demo.create_events import CreatedEvent, EventCreator
from examples.demo.create_posts import CreatedPost, Like, PostCreator
from examples.demo.demo_plan import DemoPlan, plan_demo_data
from examples.demo.idempotency_keys import IdempotencyKeys
from examples.demo.plan_posts import PostPlan
from examples.demo.register_users import DemoUser, UserRegistrar
from examples.demo.summary import DemoCounts, DemoSummary

CONCURRENCY: Final = 8
RETRY_FOR_S: Final = 300.0
REACHABILITY_TIMEOUT_S: Final = 5.0


class DemoData:
    """`at_once` bounds the requests under way, `patience_s` how long one is said again to a busy server."""

    def __init__(self, *, concurrency: int = CONCURRENCY, retry_for_s: float = RETRY_FOR_S) -> None:
        self._concurrency = concurrency
        self._retry_for_s = retry_for_s

    async def create(
        self, url: str, *, seed: int, password: str, users: int, progress: ProgressCallback
    ) -> DemoSummary:
        """Build the town, or what is missing of it. May be cancelled, and begun again.

        Raises:
            ValueError: a town can not have so many people.
            Occupied: a username of the town is somebody else's, or has another password.
            Refused, Unanswered: the server does not want to, or is not there.
        """
        plan = plan_demo_data(users, seed, datetime.now(UTC).date())
        crew = BoundedRunner(self._concurrency, progress)
        connections = aiohttp.TCPConnector(limit=self._concurrency)
        async with aiohttp.ClientSession(connector=connections) as session:
            await RetryingHttpClient(session, url, retry_for_s=REACHABILITY_TIMEOUT_S).execute(
                HttpRequest("GET", "/healthz")
            )
            requests = RetryingHttpClient(session, url, retry_for_s=self._retry_for_s)
            keys = IdempotencyKeys(seed)
            residents = await crew.run_all(
                "people", plan.users, UserRegistrar(requests, keys, password).ensure_user
            )
            return await _DemoBuilder(plan, crew, requests, keys, residents).run()


class _DemoBuilder:
    """One building of a town whose people have arrived."""

    def __init__(
        self,
        plan: DemoPlan,
        runner: BoundedRunner,
        http: RetryingHttpClient,
        keys: IdempotencyKeys,
        users: list[DemoUser],
    ) -> None:
        self._plan = plan
        self._runner = runner
        self._users = users
        self._posts = PostCreator(http, keys, users)
        self._events = EventCreator(http, keys, users)
        self._conversations = ConversationCreator(http, keys, users)

    async def run(self) -> DemoSummary:
        each, plan = self._runner.run_all, self._plan
        follows = await each("follows", plan.follows, self._posts.follow)
        hosted = await each("events", plan.events, self._events.ensure_event)
        posts = await self._create_posts(hosted)
        likes = [Like(who, post.id) for post in posts if post.id for who in post.plan.likers]
        discussed = [post for post in posts if post.plan.comments]
        liked = await each("likes", likes, self._posts.like)
        comments = await each("comments", discussed, self._posts.ensure_comments)
        answers = await each("RSVPs", hosted, self._events.set_rsvps)
        invites = await each("invites", hosted, self._events.send_invites)
        talks = await each("conversations", plan.conversations, self._conversations.ensure_conversation)
        gathered = await each("event conversations", hosted, self._conversations.send_event_messages)
        held = [talk for talk in talks if talk is not None]
        counts = DemoCounts(
            users=len(self._users),
            follows=sum(follows),
            posts=sum(post.id is not None for post in posts),
            likes=sum(liked),
            comments=sum(comments),
            events=sum(one.event is not None for one in hosted),
            rsvps=sum(answers),
            invites=sum(invites),
            directs=sum(talk.name is None for talk in held),
            groups=sum(talk.name is not None for talk in held),
            messages=sum(talk.messages for talk in held) + sum(gathered),
        )
        return self._summarize(counts, hosted, posts, held)

    async def _create_posts(self, events: list[CreatedEvent]) -> list[CreatedPost]:
        existing_users = [user for user in self._users if user.already_existed]
        if existing_users:
            await self._runner.run_all("existing posts", existing_users, self._posts.load_existing_posts)

        async def ensure_post(post: PostPlan) -> CreatedPost:
            event = None if post.event_index is None else events[post.event_index].event
            return await self._posts.ensure_post(post, None if event is None else event.id)

        return await self._runner.run_all("posts", self._plan.posts, ensure_post)

    def _summarize(
        self,
        counts: DemoCounts,
        events: list[CreatedEvent],
        posts: list[CreatedPost],
        conversations: list[CreatedConversation],
    ) -> DemoSummary:
        overbooked_ids = [
            created.event.id for created in events if created.event is not None and created.plan.overbooked
        ]
        group_ids = [
            conversation.conversation_id for conversation in conversations if conversation.name is not None
        ]
        most_liked = max(posts, key=lambda post: len(post.plan.likers))
        return DemoSummary(
            counts=counts,
            login_usernames=tuple(user.username for user in self._plan.users if user.is_login_user),
            overbooked_event_id=next(iter(overbooked_ids), None),
            most_liked_post_id=most_liked.id,
            group_id=next(iter(group_ids), None),
        )
