"""Creates a consistent set of sample data on a server through its public API.

    users -> follows, mutes -> events -> posts -> likes, comments -> RSVPs, invites -> conversations
    -> requests, follow requests, reports

Running it again adds nothing. Concurrency is bounded, and rate limits of the server are respected.
"""

from datetime import UTC, datetime
from typing import Final

import aiohttp

from client.retrying_http import HttpRequest, RetryingHttpClient
from examples.demo.bounded_runner import BoundedRunner, ProgressCallback
from examples.demo.create_conversations import ConversationCreator, CreatedConversation
from examples.demo.create_events import CreatedEvent, EventCreator
from examples.demo.create_follow_requests import FollowRequestCreator, plan_follow_requests
from examples.demo.create_mutes import MuteCreator, plan_mutes
from examples.demo.create_posts import CreatedPost, Like, PostCreator
from examples.demo.create_reports import ReportCreator, plan_reports
from examples.demo.create_reposts import RepostCreator, plan_reposts, plan_tag_follows
from examples.demo.create_requests import RequestCreator, plan_requests
from examples.demo.demo_plan import DemoPlan, plan_demo_data
from examples.demo.idempotency_keys import IdempotencyKeys
from examples.demo.plan_posts import PostPlan
from examples.demo.register_users import DemoUser, UserRegistrar
from examples.demo.summary import DemoCounts, DemoSummary

CONCURRENCY: Final = 8
RETRY_FOR_S: Final = 300.0
REACHABILITY_TIMEOUT_S: Final = 5.0


class DemoData:
    """At most `concurrency` requests are in flight; each is retried for up to `retry_for_s`."""

    def __init__(self, *, concurrency: int = CONCURRENCY, retry_for_s: float = RETRY_FOR_S) -> None:
        self._concurrency = concurrency
        self._retry_for_s = retry_for_s

    async def create(
        self, url: str, *, seed: int, password: str, users: int, progress: ProgressCallback
    ) -> DemoSummary:
        """Create what is missing of the sample data. May be cancelled and run again.

        Raises:
            ValueError: `users` is out of range.
            UsernameTaken: a username belongs to another user or has another password.
            RequestRejected, RequestTimeout: the server rejected a request or did not respond.
        """
        plan = plan_demo_data(users, seed, datetime.now(UTC).date())
        runner = BoundedRunner(self._concurrency, progress)
        connector = aiohttp.TCPConnector(limit=self._concurrency)
        async with aiohttp.ClientSession(connector=connector) as session:
            await RetryingHttpClient(session, url, retry_for_s=REACHABILITY_TIMEOUT_S).execute(
                HttpRequest("GET", "/healthz")
            )
            http = RetryingHttpClient(session, url, retry_for_s=self._retry_for_s)
            keys = IdempotencyKeys(seed)
            demo_users = await runner.run_all(
                "users", plan.users, UserRegistrar(http, keys, password).ensure_user
            )
            return await _DemoBuilder(plan, runner, http, keys, demo_users).run()


class _DemoBuilder:
    """Creates the data of one run, after its users."""

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
        self._mutes = MuteCreator(http, users)
        self._posts = PostCreator(http, keys, users)
        self._reposts = RepostCreator(http, keys, users)
        self._events = EventCreator(http, keys, users)
        self._conversations = ConversationCreator(http, keys, users)
        self._requests = RequestCreator(http, keys, users)
        self._follow_requests = FollowRequestCreator(http, users)
        self._reports = ReportCreator(http, users)

    async def run(self) -> DemoSummary:
        run_all, plan = self._runner.run_all, self._plan
        follows = await run_all("follows", plan.follows, self._posts.follow)
        mutes = await run_all("mutes", plan_mutes(plan.users, plan.follows), self._mutes.mute)
        events = await run_all("events", plan.events, self._events.ensure_event)
        posts = await self._create_posts(events)
        likes = [Like(user_index, post.id) for post in posts if post.id for user_index in post.plan.likers]
        commented_posts = [post for post in posts if post.plan.comments]
        like_results = await run_all("likes", likes, self._posts.like)
        comments = await run_all("comments", commented_posts, self._posts.ensure_comments)
        reposts = await run_all("reposts", plan_reposts(plan.users, posts), self._reposts.ensure_repost)
        tags = await run_all("followed tags", plan_tag_follows(plan.users), self._reposts.follow_tag)
        rsvps = await run_all("RSVPs", events, self._events.set_rsvps)
        await run_all("co-hosts", events, self._events.add_cohosts)
        invites = await run_all("invites", events, self._events.send_invites)
        conversations = await run_all(
            "conversations", plan.conversations, self._conversations.ensure_conversation
        )
        event_messages = await run_all("event conversations", events, self._conversations.send_event_messages)
        requests = await run_all(
            "requests",
            plan_requests(plan.users, plan.follows, plan.conversations),
            self._requests.ensure_request,
        )
        follow_requests = await run_all(
            "follow requests",
            plan_follow_requests(plan.users, plan.follows),
            self._follow_requests.ensure_request,
        )
        reports = await run_all("reports", plan_reports(plan.users, posts), self._reports.ensure_report)
        created = [conversation for conversation in conversations if conversation is not None]
        counts = DemoCounts(
            users=len(self._users),
            follows=sum(follows),
            mutes=sum(mutes),
            posts=sum(post.id is not None for post in posts),
            likes=sum(like_results),
            comments=sum(comments),
            reposts=sum(reposts),
            followed_tags=sum(tags),
            events=sum(event.event is not None for event in events),
            rsvps=sum(rsvps),
            invites=sum(invites),
            directs=sum(conversation.name is None for conversation in created),
            groups=sum(conversation.name is not None for conversation in created),
            messages=sum(conversation.messages for conversation in created) + sum(event_messages),
            requests=sum(requests),
            follow_requests=sum(follow_requests),
            reports=sum(reports),
        )
        return self._summarize(counts, events, posts, created)

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
            first_login_user_id=next(user.id for user in self._users if user.plan.is_login_user),
            login_usernames=tuple(user.username for user in self._plan.users if user.is_login_user),
            overbooked_event_id=next(iter(overbooked_ids), None),
            most_liked_post_id=most_liked.id,
            group_id=next(iter(group_ids), None),
        )
