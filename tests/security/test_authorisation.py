"""Every route and every socket command by role, with the ids of others, and in a DIRECT with a block.

The cases are generated from `access_table.py`. A role that is refused must have changed nothing.
"""

import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from secrets import token_hex
from typing import Any, cast, get_args
from unittest.mock import MagicMock
from uuid import uuid4

import msgspec
import pytest
import pytest_asyncio
from aiohttp import web

from actors.protocol.commands import Command
from server.api_docs.endpoints import VIEWER_PATH
from server.api_docs.untyped_endpoints import UNTYPED_OPERATIONS
from server.composition.components import ServerComponents
from server.composition.routes import create_routes
from server.http.route import Route
from storage.embedded import StoreUrls
from tests.security.access_rules import BLOCK_ROLES, HIDDEN, MEMBERS, PASS, Outcome, Role
from tests.security.access_table import COMMANDS, ROUTES, Row
from tests.security.access_world import PLACEHOLDER, AccessWorld, Objects
from tests.server.api_client import ApiClient
from tests.server.conftest import StartInstance
from tests.server.registered_users import RegisteredUser, RegisteredUsers
from tests.server.running_instance import running_instance
from tests.server.text_fields import FIELD_KINDS, Kind
from tests.server.websocket.peer import Peer, connect_peer

Json = Any
Act = Callable[[Role, Objects], Awaitable[Outcome]]
TRIED_ELSEWHERE = {("authenticate", "resume")}
"""Fields whose ids are tried by `test_resume_by_role`."""
STATIC_PATHS = frozenset({"/", "/web/{}", VIEWER_PATH})
"""Files that are the same for everyone."""
PARAMETER = re.compile(r"\{\w+[^}]*\}")
FOREIGN_NOUNS = {
    "owner": "user",
    "owner_name": "user",
    "other": "user",
    "admin": "user",
    "member": "user",
    "group": "conversation",
}
"""The noun of the error for a placeholder, where it is not the placeholder's own name."""
FOREIGN_PLACEHOLDERS = {
    *FOREIGN_NOUNS,
    *("post", "comment", "event", "message", "notification", "session", "tag", "action"),
    *("requester", "requested"),
}
FOREIGN_NOUNS |= {"requester": "follow_request", "requested": "conversation_request"}
WITHOUT_FOREIGN = {
    "caller": "the own id",
    "unique": "a new text",
    "name_kind": "a kind",
    "report": "moderators only, who may handle all",
    "appeal": "moderators only, who may handle all",
    "invite_code": "admins only; belongs to the server",
}
"""Placeholders that cannot name what the owner may not see, and why."""
GROUP_USERS = {"other", "admin", "member"}


# --- completeness, without a store


def route_table() -> tuple[Route, ...]:
    return create_routes(cast("ServerComponents", MagicMock()))


def test_every_route_has_a_row() -> None:
    """A new route needs a row that states who may call it."""
    typed = {(route.method, PARAMETER.sub("{}", route.path)): route.path for route in route_table()}
    untyped = {("GET", PARAMETER.sub("{}", path)): path for path in UNTYPED_OPERATIONS}
    missing = (typed | untyped).keys() - {row.operation for row in ROUTES}
    lines = [f'    Row("{method} {(typed | untyped)[method, path]}", ANY_USER),' for method, path in missing]
    assert not missing, "\n".join(["add to ROUTES in tests/security/access_table.py:", *sorted(lines)])
    assert {row.operation for row in ROUTES} - (typed | untyped).keys() == set(), "rows without a route"


def test_every_command_has_a_row() -> None:
    """A new socket command needs a row that states who may send it."""
    tags = {str(kind.__struct_config__.tag) for kind in get_args(Command)}
    lines = [f'    Row("{tag}", ANY_USER, {{}}),' for tag in sorted(tags - {row.target for row in COMMANDS})]
    assert not lines, "\n".join(["add to COMMANDS in tests/security/access_table.py:", *lines])
    assert {row.target for row in COMMANDS} - tags == set(), "rows without a command"


def test_every_id_field_names_an_object() -> None:
    """Every field that holds an id is filled with a placeholder in some row, so that it is tested."""
    structs: dict[object, set[Any]] = {str(kind.__struct_config__.tag): {kind} for kind in get_args(Command)}
    structs |= {
        (route.method, PARAMETER.sub("{}", route.path)): {route.body, route.query} - {None}
        for route in route_table()
    }
    rows: dict[object, list[Row]] = {}
    for row in ROUTES:
        rows.setdefault(row.operation, []).append(row)
    for row in COMMANDS:
        rows.setdefault(row.target, []).append(row)
    missing = [
        (target, field)
        for target, kinds in structs.items()
        for struct in kinds
        for field in id_fields(struct)
        if (target, field) not in TRIED_ELSEWHERE
        and not any(holds_placeholder(row, field) for row in rows.get(target, []))
    ]
    assert missing == []


def id_fields(struct: Any) -> Iterator[str]:
    """Return the names of the fields that hold ids of objects, at any depth.

    `test_text_fields.py` holds that every string of a request has a kind.
    """
    assert isinstance(struct, type), "a union needs a case here"
    for name, kind in FIELD_KINDS.items():
        owner, _, field = name.partition(".")
        if kind is Kind.ID and owner == struct.__name__:
            yield re.split(r"[.\[{]", field)[0]


def holds_placeholder(row: Row, field: str) -> bool:
    if isinstance(row.body, dict) and field in row.body:
        return bool(PLACEHOLDER.search(str(row.body[field])))
    return re.search(rf"[?&]{field}=\{{", row.target) is not None


def test_every_placeholder_is_tried_with_the_id_of_another() -> None:
    """Or it is stated why it cannot be; an expectation for one that is never tried would be no test."""
    rows = (*ROUTES, *COMMANDS)
    named = {name for row in rows for name in PLACEHOLDER.findall(row.text)}
    assert named == {*FOREIGN_PLACEHOLDERS, *WITHOUT_FOREIGN}
    assert [row.target for row in rows if not {*row.foreign, *row.unknown} <= FOREIGN_PLACEHOLDERS] == []


def test_rows_with_a_conversation_cover_blocks() -> None:
    """Every row that names a conversation states its outcome in a DIRECT with a block."""
    lacking = [
        row.target for row in (*ROUTES, *COMMANDS) if "{group}" in row.text and row.blocked_direct is None
    ]
    assert lacking == []


# --- the cases, on one server


async def test_the_server_serves_no_other_routes(
    start_instance: StartInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a running server serves has a row, or is a file that is the same for everyone."""
    served: set[tuple[str, str]] = set()
    add_route = web.Resource.add_route

    def record(resource: web.Resource, method: str, *rest: Any, **options: Any) -> Any:
        served.add((method, PARAMETER.sub("{}", resource.canonical)))
        return add_route(resource, method, *rest, **options)

    monkeypatch.setattr(web.Resource, "add_route", record)
    await start_instance()
    served = {(method, path) for method, path in served if method != "HEAD" and path not in STATIC_PATHS}
    assert served == {row.operation for row in ROUTES}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(stores: StoreUrls, people: RegisteredUsers) -> AsyncIterator[AccessWorld]:
    limits: dict[str, Any] = {
        "messages_burst": 100_000,
        "logins_burst": 100_000,
        "frames_burst": 100_000.0,
        # The sockets are silent while other cases run.
        "heartbeat_ms": 3_600_000,
    }
    async with running_instance(stores, **limits) as instance, ApiClient(instance) as api:
        world = AccessWorld(api, people, instance)
        await world.create(stores)
        yield world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sockets(world: AccessWorld) -> AsyncIterator[dict[Role, Peer]]:
    """An authenticated socket for each role that can have one."""
    async with contextlib.AsyncExitStack() as stack:
        peers: dict[Role, Peer] = {}
        for role in Role:
            if role not in {Role.ANONYMOUS, Role.REVOKED}:
                peers[role] = await stack.enter_async_context(connect_peer(world.instance.port))
                await peers[role].open(world.user(role).token)
                # After the upgrade the first frame may still authenticate.
                await peers[role].request("ping")
        yield peers


def row_id(row: Row) -> str:
    return row.target if row.body is None else f"{row.target} {msgspec.json.encode(row.body).decode()}"


by_route = pytest.mark.parametrize("row", ROUTES, ids=row_id)
by_command = pytest.mark.parametrize("row", COMMANDS, ids=row_id)
on_one_loop = pytest.mark.asyncio(loop_scope="module")


@by_route
@on_one_loop
async def test_route_by_role(row: Row, world: AccessWorld) -> None:
    """Each role gets what the table states; those refused changed nothing."""

    async def act(role: Role, objects: Objects) -> Outcome:
        user = world.users[role]
        if row.account and row.rule[role] == PASS:
            user = await world.new_user()
        outcome = await request(world, user, row, objects)
        if row.relates:
            await world.restore_relations(role, user)
        return outcome

    await check_roles(row, world, act)


@by_command
@on_one_loop
async def test_command_by_role(row: Row, world: AccessWorld, sockets: dict[Role, Peer]) -> None:
    """Each role gets what the table states; those refused changed nothing."""

    async def act(role: Role, objects: Objects) -> Outcome:
        if role not in sockets:
            return await command_before_ready(world, role, row, objects)
        return await command(sockets[role], row, objects)

    await check_roles(row, world, act)


@by_route
@on_one_loop
async def test_route_with_the_id_of_another(row: Row, world: AccessWorld) -> None:
    """An id that the owner may not use is refused in every place, and its object is unchanged."""
    await check_foreign_ids(row, world, lambda objects: request(world, world.owner, row, objects))


@by_command
@on_one_loop
async def test_command_with_the_id_of_another(
    row: Row, world: AccessWorld, sockets: dict[Role, Peer]
) -> None:
    """An id that the owner may not use is refused in every field, and its object is unchanged."""
    await check_foreign_ids(row, world, lambda objects: command(sockets[Role.OWNER], row, objects))


@pytest.mark.parametrize("row", [row for row in ROUTES if row.blocked_direct is not None], ids=row_id)
@on_one_loop
async def test_route_in_a_direct_with_a_block(row: Row, world: AccessWorld) -> None:
    """Both sides of a block get what the table states."""
    await check_blocked_directs(
        row, world, lambda role, objects: request(world, world.users[role], row, objects)
    )


@pytest.mark.parametrize("row", [row for row in COMMANDS if row.blocked_direct is not None], ids=row_id)
@on_one_loop
async def test_command_in_a_direct_with_a_block(
    row: Row, world: AccessWorld, sockets: dict[Role, Peer]
) -> None:
    """Both sides of a block get what the table states."""
    await check_blocked_directs(row, world, lambda role, objects: command(sockets[role], row, objects))


@on_one_loop
async def test_resume_by_role(world: AccessWorld, sockets: dict[Role, Peer]) -> None:
    """A client that resumes a conversation that its user is not in learns only that it has left it."""
    objects = await world.objects(Row("message.send", MEMBERS, {"conversation_id": "{group}"}))
    group, outcomes = objects.ids["group"], {}
    for role in sockets:
        async with connect_peer(world.instance.port) as peer:
            await peer.upgrade(world.user(role).token)
            assert (await peer.message())["type"] == "hello"
            ready = await peer.message()
            resume = {name: ready[name] for name in ("session_id", "epoch", "position")}
            peer.send({"type": "authenticate", "id": 1, "resume": {**resume, "conversations": {group: 0}}})
            await peer.next_of("resumed")
            named = {frame["type"] for frame in peer.skipped if group in str(frame)}
        outcomes[role] = "conversation.not_found" if named <= {"conversation.left"} else PASS
    assert outcomes == {role: MEMBERS[role] for role in sockets}


async def check_roles(row: Row, world: AccessWorld, act: Act) -> None:
    """Try every role, those that must be refused first. Reports all roles that differ from the table."""
    objects = await world.objects(row)
    before = await world.view(objects)
    wrong: dict[Role, Outcome] = {}
    for role in sorted(Role, key=lambda role: row.rule[role] == PASS):
        if row.rule[role] == PASS and row.consumes:
            objects = await world.objects(row)
        outcome = await act(role, objects)
        if outcome != row.rule[role]:
            wrong[role] = outcome
        elif outcome != PASS:
            assert await world.view(objects) == before, (role, "was refused but changed something")
    assert not wrong, {role: f"{outcome}, not {row.rule[role]}" for role, outcome in wrong.items()}


async def check_foreign_ids(
    row: Row, world: AccessWorld, act: Callable[[Objects], Awaitable[Outcome]]
) -> None:
    """Replace each placeholder in turn by an object of a user who blocks the owner, and by one that is none.

    The outcomes are equal: otherwise the owner could learn what exists, and so who blocks.
    """
    named = set(PLACEHOLDER.findall(row.text)) & FOREIGN_PLACEHOLDERS
    if not named:
        return
    hidden = world.user(Role.BLOCKING)
    foreign = await world.objects(row, hidden)
    before = await world.view(foreign)
    wrong: dict[str, Outcome] = {}
    for name in sorted(named):
        objects = await world.objects(row)
        expected = row.foreign.get(name, f"{FOREIGN_NOUNS.get(name, name)}.not_found")
        ids = {name: hidden.id if name in GROUP_USERS else foreign.ids[name]}
        if name == "owner_name":
            ids["owner"] = hidden.id
        outcome = await act(objects.replace(**ids))
        if row.relates:
            for method, kind in (("DELETE", "follow"), ("DELETE", "block")):
                await world.api.expect(204, world.owner, method, f"/v1/users/{hidden.id}/{kind}")
        if outcome != expected:
            wrong[name] = f"{outcome}, not {expected}"
        unknown = {name: unknown_id(name)}
        if name == "owner_name":
            unknown["owner"] = unknown_id("owner")
        outcome = await act((await world.objects(row)).replace(**unknown))
        if outcome != row.unknown.get(name, expected):
            wrong[f"{name} that does not exist"] = f"{outcome}, not {row.unknown.get(name, expected)}"
    assert not wrong, wrong
    assert await world.view(foreign) == before, "changed an object of another user"


def unknown_id(name: str) -> str:
    """Return an id in the form of the placeholder's that belongs to nothing."""
    if name in {"owner_name", "tag"}:
        return f"u{uuid4().hex}"
    return token_hex(12) if name in {"group", "message", "requested"} else str(uuid4())


async def check_blocked_directs(row: Row, world: AccessWorld, act: Act) -> None:
    """Try the row in the DIRECT between the owner and either side of a block."""
    outcomes = {}
    for role in BLOCK_ROLES:
        objects = world.blocked_direct(row, role, await world.objects(row))
        # As both sides see it: read marks are shown to their owner only.
        views = [Objects(side, {"group": objects.ids["group"]}) for side in (world.owner, world.user(role))]
        before = [await world.view(each) for each in views]
        outcomes[role] = await act(role, objects)
        if outcomes[role] != PASS:
            after = [await world.view(each) for each in views]
            assert after == before, (role, "was refused but changed something")
    assert outcomes == dict.fromkeys(BLOCK_ROLES, row.blocked_direct)


async def request(world: AccessWorld, user: RegisteredUser | None, row: Row, objects: Objects) -> Outcome:
    """Make the request and return its outcome."""
    objects = objects.for_caller(user)
    method, path = objects.fill(row.target).split(" ", 1)
    body = None if row.body is None else msgspec.json.encode(objects.fill(row.body))
    status, answer, headers = await world.api.request_bytes(user, method, path, body)
    if status < 400:
        return HIDDEN if row.lists_owner and objects.ids["owner"].encode() not in answer else PASS
    assert headers["content-type"].startswith("application/problem+json")
    return str(msgspec.json.decode(answer)["code"])


async def command(peer: Peer, row: Row, objects: Objects) -> Outcome:
    """Send the command on an authenticated socket and return its outcome."""
    return outcome_of(await peer.request(row.target, **(objects.fill(row.body) or {})))


async def command_before_ready(world: AccessWorld, role: Role, row: Row, objects: Objects) -> Outcome:
    """Send the command on a socket that is not authenticated, or right after a revoked token."""
    async with connect_peer(world.instance.port) as peer:
        await peer.open()
        if role is Role.REVOKED:
            peer.send({"type": "authenticate", "id": "token", "token": world.user(role).token})
        peer.send({"type": row.target, "id": "asked", **(objects.fill(row.body) or {})})
        if role is Role.REVOKED:
            ending = await peer.read_until_closed()
            assert ending.code == 4501
            assert not [frame for frame in ending.messages if frame["type"] in {"ok", "ready"}]
            return "auth.required"
        return outcome_of(await peer.reply_to("asked"))


def outcome_of(frame: Json) -> Outcome:
    return str(frame["code"]) if frame["type"] == "error" else PASS
