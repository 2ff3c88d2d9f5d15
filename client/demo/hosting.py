"""Events are made, people invited, and answers given; an event that is there already is not made again."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from actors.protocol.social_objects import Event, Rsvp, RsvpStatus
from client.answers import Page
from client.demo.arriving import Resident
from client.demo.gatherings import Gathering
from client.demo.keys import Keys
from client.demo.requests import Request, Requests


class NewEvent(msgspec.Struct, frozen=True):
    title: str
    description: str
    category: str
    start_datetime: datetime
    end_datetime: datetime
    capacity: int


class NewAnswer(msgspec.Struct, frozen=True):
    status: RsvpStatus
    waitlist: bool = True


class Invites(msgspec.Struct, frozen=True):
    user_ids: list[str]


class Hosted(msgspec.Struct, frozen=True):
    """A gathering as the server has it; None where it was called off since."""

    plan: Gathering
    event: Event | None


class Hosting:
    """`residents` stand at the numbers of their people."""

    def __init__(self, requests: Requests, keys: Keys, residents: Sequence[Resident]) -> None:
        self._requests = requests
        self._keys = keys
        self._residents = residents

    async def host(self, plan: Gathering) -> Hosted:
        """See that there is the event. One of an earlier day stands as it is, though it may be over."""
        host = self._residents[plan.creator]
        query = (("category", plan.category), ("q", plan.title), ("limit", "100"))
        page = await self._requests.ask(Page[Event], Request("GET", "/v1/events", host.token, query=query))
        for event in page.items:
            if event.creator.id == host.id and event.title == plan.title:
                return Hosted(plan, event)
        body = NewEvent(plan.title, plan.description, plan.category, plan.start, plan.end, plan.capacity)
        key = self._keys.key("event", plan.title, plan.start.isoformat())
        request = Request("POST", "/v1/events", host.token, body, key)
        return Hosted(plan, await self._requests.attempt(Event, request))

    async def answer(self, hosted: Hosted) -> int:
        """Answer one after another, as places go to who comes first; answers how many answers stand."""
        answered = 0
        for answer in hosted.plan.answers if hosted.event else ():
            assert hosted.event is not None
            path = f"/v1/events/{hosted.event.id}/rsvp"
            token = self._residents[answer.who].token
            request = Request("PUT", path, token, NewAnswer(answer.status))
            answered += await self._requests.attempt(Rsvp, request) is not None
        return answered

    async def invite(self, hosted: Hosted) -> int:
        """Invite whom the host wants there; answers how many."""
        invited = [self._residents[number].id for number in hosted.plan.invited]
        if hosted.event is None or not invited:
            return 0
        host = self._residents[hosted.plan.creator]
        key = self._keys.key("invites", hosted.event.id, *invited)
        path = f"/v1/events/{hosted.event.id}/invites"
        done = await self._requests.do(Request("POST", path, host.token, Invites(invited), key))
        return len(invited) if done else 0
