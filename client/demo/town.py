"""A believable small town on a server, made through its public paths alone, as its people would.

    people -> follows -> events -> posts -> likes, comments -> answers, invites -> conversations

Doing it again adds nothing. It never asks for more than a few things at once, and waits when told to.
"""

from datetime import UTC, datetime
from typing import Final

import aiohttp

from client.demo.arriving import Arriving, Resident
from client.demo.crew import Crew, Progress
from client.demo.hosting import Hosted, Hosting
from client.demo.keys import Keys
from client.demo.plan import Plan, plan_town
from client.demo.posting import Like, Posting, Published
from client.demo.posts import PlannedPost
from client.demo.requests import Request, Requests
from client.demo.summary import Counts, Summary
from client.demo.talking import Held, Talking

AT_ONCE: Final = 8
PATIENCE_S: Final = 300.0
REACH_S: Final = 5.0


class Town:
    """`at_once` bounds the requests under way, `patience_s` how long one is said again to a busy server."""

    def __init__(self, *, at_once: int = AT_ONCE, patience_s: float = PATIENCE_S) -> None:
        self._at_once = at_once
        self._patience_s = patience_s

    async def build(self, url: str, *, seed: int, password: str, people: int, progress: Progress) -> Summary:
        """Build the town, or what is missing of it. May be cancelled, and begun again.

        Raises:
            ValueError: a town can not have so many people.
            Occupied: a username of the town is somebody else's, or has another password.
            Refused, Unanswered: the server does not want to, or is not there.
        """
        plan = plan_town(people, seed, datetime.now(UTC).date())
        crew = Crew(self._at_once, progress)
        connections = aiohttp.TCPConnector(limit=self._at_once)
        async with aiohttp.ClientSession(connector=connections) as session:
            await Requests(session, url, patience_s=REACH_S).do(Request("GET", "/healthz"))
            requests = Requests(session, url, patience_s=self._patience_s)
            keys = Keys(seed)
            residents = await crew.each("people", plan.people, Arriving(requests, keys, password).arrive)
            return await _Works(plan, crew, requests, keys, residents).do()


class _Works:
    """One building of a town whose people have arrived."""

    def __init__(
        self, plan: Plan, crew: Crew, requests: Requests, keys: Keys, residents: list[Resident]
    ) -> None:
        self._plan = plan
        self._crew = crew
        self._residents = residents
        self._posting = Posting(requests, keys, residents)
        self._hosting = Hosting(requests, keys, residents)
        self._talking = Talking(requests, keys, residents)

    async def do(self) -> Summary:
        each, plan = self._crew.each, self._plan
        follows = await each("follows", plan.follows, self._posting.follow)
        hosted = await each("events", plan.gatherings, self._hosting.host)
        posts = await self._posts(hosted)
        likes = [Like(who, post.id) for post in posts if post.id for who in post.plan.likers]
        discussed = [post for post in posts if post.plan.remarks]
        liked = await each("likes", likes, self._posting.like)
        comments = await each("comments", discussed, self._posting.discuss)
        answers = await each("answers", hosted, self._hosting.answer)
        invites = await each("invites", hosted, self._hosting.invite)
        talks = await each("conversations", plan.talks, self._talking.hold)
        gathered = await each("event talk", hosted, self._talking.gather)
        held = [talk for talk in talks if talk is not None]
        counts = Counts(
            people=len(self._residents),
            follows=sum(follows),
            posts=sum(post.id is not None for post in posts),
            likes=sum(liked),
            comments=sum(comments),
            events=sum(one.event is not None for one in hosted),
            answers=sum(answers),
            invites=sum(invites),
            directs=sum(talk.name is None for talk in held),
            groups=sum(talk.name is not None for talk in held),
            messages=sum(talk.messages for talk in held) + sum(gathered),
        )
        return self._summary(counts, hosted, posts, held)

    async def _posts(self, hosted: list[Hosted]) -> list[Published]:
        returned = [resident for resident in self._residents if resident.returned]
        if returned:
            await self._crew.each("earlier posts", returned, self._posting.recall)

        async def publish(post: PlannedPost) -> Published:
            event = None if post.gathering is None else hosted[post.gathering].event
            return await self._posting.publish(post, None if event is None else event.id)

        return await self._crew.each("posts", self._plan.posts, publish)

    def _summary(
        self, counts: Counts, hosted: list[Hosted], posts: list[Published], held: list[Held]
    ) -> Summary:
        full = [one.event.id for one in hosted if one.event is not None and one.plan.crowded]
        groups = [talk.conversation_id for talk in held if talk.name is not None]
        liked = max(posts, key=lambda post: len(post.plan.likers))
        return Summary(
            counts=counts,
            logins=tuple(person.username for person in self._plan.people if person.regular),
            full_event_id=next(iter(full), None),
            liked_post_id=liked.id,
            group_id=next(iter(groups), None),
        )
