"""The routes of `/ops`: pages for operators, and the same answers as JSON under `/ops/v1`.

Every page is one request to all instances, with a deadline; instances that do not answer are named.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

import msgspec
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from actors.diagnostics.delivery_explainer import DeliveryExplainer
from actors.diagnostics.explanation import Explanation
from actors.diagnostics.operator_channel import OperatorChannel
from actors.diagnostics.queries import (
    ActorsQuery,
    BlackBoxQuery,
    InstanceActors,
    InstanceBox,
    InstanceOverview,
    OverviewQuery,
)
from actors.protocol.errors import ApiError, invalid_field
from config.limits import USERNAME_CHARACTERS_MAX
from server.http.problem import (
    REQUEST_ID,
    authentication_required,
    get_request_id,
    retry_after_header,
    to_api_error,
)
from server.http.request_decoding import read_body
from server.http.response import compute_etag, matches_if_none_match
from server.ops.access import LOGIN_PATH, OperatorAccess
from server.ops.html import HEADERS, Content, element, form, format_time, link, page, table, text_field
from server.ops.overview import INSTANCE_COLUMNS, Overview, instance_row
from server.ops.tables import EVENT_COLUMNS, actor_tree, describe_explanation, describe_silence, event_row
from storage.contracts.identifiers import is_id, is_user_id

FORM_BYTES_MAX: Final = 4096
FORM_READ_S: Final = 10.0
TEXT_CHARACTERS_MAX: Final = 64
SEQ_DIGITS_MAX: Final = 15
API_PREFIX: Final = "/ops/v1/"
BOX_KINDS: Final = {"sessions": "session", "conversations": "conversation"}

FindUser = Callable[[str], Awaitable[str]]
"""(username) -> user id. Raises `user.not_found`."""


class OperatorEndpoints:
    def __init__(
        self,
        access: OperatorAccess,
        channel: OperatorChannel,
        explainer: DeliveryExplainer,
        overview: Overview,
        find_user: FindUser,
    ) -> None:
        self._access = access
        self._channel = channel
        self._explainer = explainer
        self._overview = overview
        self._find_user = find_user
        self._style = Path(__file__).with_name("style.css").read_bytes()

    def create_application(self) -> web.Application:
        """Return the application to mount at `/ops`."""
        app = web.Application(middlewares=[self._authorise])
        app.router.add_get("", self._show_overview)
        app.router.add_get("/style.css", self._show_style)
        app.router.add_get("/actors", self._show_actors)
        app.router.add_get("/explain", self._show_explanation)
        app.router.add_get("/{kind:sessions|conversations}/{key}", self._show_black_box)
        app.router.add_get("/login", self._show_login)
        app.router.add_post("/login", self._log_in)
        app.router.add_post("/logout", self._log_out)
        app.router.add_get("/v1/overview", self._get_overview)
        app.router.add_get("/v1/actors", self._get_actors)
        app.router.add_get("/v1/explain", self._get_explanation)
        app.router.add_get("/v1/{kind:sessions|conversations}/{key}", self._get_black_box)
        return app

    @web.middleware
    async def _authorise(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        is_page = not request.path.startswith(API_PREFIX)
        try:
            if self._access.is_allowed(request):
                return await handler(request)
        except (web.HTTPSuccessful, web.HTTPRedirection):
            raise
        except Exception as error:
            if not is_page:
                raise
            return self._error_page(request, error)
        if is_page:
            raise web.HTTPSeeOther(LOGIN_PATH)
        raise authentication_required()

    def _error_page(self, request: web.Request, error: Exception) -> web.Response:
        request_id = request.get(REQUEST_ID) or get_request_id(request)
        api_error = to_api_error(error, request_id, f"{request.method} /ops")
        parts = [element("p", api_error.detail), element("p", f"{api_error.code}, request {request_id}")]
        response = page(api_error.title, parts, status=api_error.status)
        response.headers.update(retry_after_header(api_error))
        return response

    # --- pages

    def _page(self, title: str, parts: list[Content]) -> web.Response:
        return page(title, parts, has_logout=self._access.has_login)

    async def _show_overview(self, _request: web.Request) -> web.Response:
        answers = await self._channel.ask(OverviewQuery())
        rows = [instance_row(answer) for answer in answers.answers if isinstance(answer, InstanceOverview)]
        return self._page(
            "Instances",
            [
                *describe_silence(answers),
                table("All instances", INSTANCE_COLUMNS, rows),
                element("h2", f"This instance: {answers.answers[0].instance}"),
                *await self._overview.sections(),
            ],
        )

    async def _show_actors(self, request: web.Request) -> web.Response:
        query = _actors_query(request)
        answers = await self._channel.ask(query)
        parts: list[Content] = [
            form(
                "/ops/actors",
                [text_field("search", "Part of the id of a user, a session or a conversation", query.text)],
                "Search",
            ),
            *describe_silence(answers),
        ]
        for answer in answers.answers:
            if isinstance(answer, InstanceActors):
                parts += actor_tree(answer, query.text)
        return self._page("Live actors", parts)

    async def _show_black_box(self, request: web.Request) -> web.Response:
        query = _black_box_query(request)
        answers = await self._channel.ask(query)
        wanted = request.query.get("instance", "")
        parts = describe_silence(answers)
        for answer in answers.answers:
            if isinstance(answer, InstanceBox) and answer.found and wanted in {"", answer.instance}:
                ended = format_time(answer.closed_at_s) or "in use"
                facts = f"User {answer.user_id}. " if answer.user_id else ""
                facts += (
                    f"Begun {format_time(answer.opened_at_s)}, ended: {ended}. The newest event is first."
                )
                parts += [
                    element("p", facts),
                    table(
                        f"Instance {answer.instance}", EVENT_COLUMNS, map(event_row, reversed(answer.events))
                    ),
                ]
        if not any(isinstance(answer, InstanceBox) and answer.found for answer in answers.answers):
            parts.append(element("p", "No instance that answered has a black box of this name (any more)."))
        return self._page(f"Black box of {query.kind} {query.key}", parts)

    async def _show_explanation(self, request: web.Request) -> web.Response:
        query = request.query
        fields = [
            text_field("user", "User (id or name)", query.get("user", "")),
            text_field("conversation", "Conversation", query.get("conversation", "")),
            text_field("seq", "Message (seq)", query.get("seq", "")),
        ]
        parts: list[Content] = [form("/ops/explain", fields, "Explain")]
        if query:
            parts += describe_explanation(await self._explain(request))
        return self._page("Why did a user not get a message?", parts)

    async def _show_style(self, request: web.Request) -> web.Response:
        headers = {hdrs.ETAG: compute_etag(self._style), hdrs.CACHE_CONTROL: "no-cache"}
        if matches_if_none_match(request, headers[hdrs.ETAG]):
            return web.Response(status=304, headers=headers)
        return web.Response(body=self._style, content_type="text/css", headers=headers)

    async def _show_login(self, _request: web.Request) -> web.Response:
        return self._login_page()

    def _login_page(self, message: str = "", status: int = 200) -> web.Response:
        if not self._access.has_login:
            return page("No login is needed", [element("p", link("/ops", "Overview"))])
        fields = [text_field("token", "Token (CONVENE_OPS_TOKEN)", kind="password")]
        parts = [element("p", message, role="alert")] if message else []
        return page("Log in", [*parts, form(LOGIN_PATH, fields, "Log in", "post")], status=status)

    async def _log_in(self, request: web.Request) -> web.Response:
        async with asyncio.timeout(FORM_READ_S):
            body = await read_body(request, FORM_BYTES_MAX)
        fields = parse_qs(body.decode(errors="replace"))
        if not self._access.is_token(request, "".join(fields.get("token", ())).strip()):
            return self._login_page("This is not the token of this server.", 403)
        response = web.Response(status=303, headers={**HEADERS, hdrs.LOCATION: "/ops"})
        self._access.log_in(request, response)
        return response

    async def _log_out(self, _request: web.Request) -> web.Response:
        response = web.Response(status=303, headers={**HEADERS, hdrs.LOCATION: LOGIN_PATH})
        self._access.log_out(response)
        return response

    # --- JSON

    async def _get_overview(self, _request: web.Request) -> web.Response:
        return _json(await self._channel.ask(OverviewQuery()))

    async def _get_actors(self, request: web.Request) -> web.Response:
        return _json(await self._channel.ask(_actors_query(request)))

    async def _get_black_box(self, request: web.Request) -> web.Response:
        return _json(await self._channel.ask(_black_box_query(request)))

    async def _get_explanation(self, request: web.Request) -> web.Response:
        return _json(await self._explain(request))

    async def _explain(self, request: web.Request) -> Explanation:
        """Explain what the query asks for. Raises `ApiError` and `Unavailable`."""
        user = request.query.get("user", "").strip()
        conversation_id, seq = (
            request.query.get("conversation", "").strip(),
            request.query.get("seq", "").strip(),
        )
        if not 1 <= len(user) <= USERNAME_CHARACTERS_MAX:
            raise invalid_field("user", "`user` must be a user's id or username.")
        if not is_id(conversation_id):
            raise invalid_field("conversation", "`conversation` must be a conversation's id.")
        if not (seq.isascii() and seq.isdigit() and len(seq) <= SEQ_DIGITS_MAX and int(seq)):
            raise invalid_field("seq", "`seq` must be a positive number.")
        user_id = user if is_user_id(user) else await self._find_user(user)
        return await self._explainer.explain(user_id, conversation_id, int(seq))


def _actors_query(request: web.Request) -> ActorsQuery:
    text, after = request.query.get("search", "").strip(), request.query.get("after", "")
    if max(len(text), len(after)) > TEXT_CHARACTERS_MAX:
        raise invalid_field("search", f"`search` must have at most {TEXT_CHARACTERS_MAX} characters.")
    return ActorsQuery(text, after)


def _black_box_query(request: web.Request) -> BlackBoxQuery:
    key = request.match_info["key"]
    if len(key) > TEXT_CHARACTERS_MAX:
        raise ApiError("route.not_found", "There is no such session or conversation.")
    return BlackBoxQuery(BOX_KINDS[request.match_info["kind"]], key)


def _json(result: msgspec.Struct) -> web.Response:
    headers = {hdrs.CACHE_CONTROL: "no-store"}
    return web.Response(body=msgspec.json.encode(result), content_type="application/json", headers=headers)
