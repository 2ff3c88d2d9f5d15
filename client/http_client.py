"""Typed client for one server's HTTP API: a method for each endpoint that it covers."""

import aiohttp

from client.account_requests import AccountRequests
from client.conversation_requests import ConversationRequests
from client.event_requests import EventRequests
from client.post_requests import PostRequests
from client.social_requests import SocialRequests


class HttpClient(AccountRequests, SocialRequests, ConversationRequests):
    """`posts` has the requests about posts, `events` those about events. Errors as in `HttpTransport`."""

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        session: aiohttp.ClientSession | None = None,
        timeout_s: float = 10.0,
    ) -> None:
        super().__init__(url, token, session=session, timeout_s=timeout_s)
        self.posts = PostRequests(self)
        self.events = EventRequests(self)
