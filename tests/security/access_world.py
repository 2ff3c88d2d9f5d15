"""A server, a user for each role, and the objects that the rows of the access table name."""

import asyncio
import re
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from server.instance import Instance
from storage.embedded import StoreUrls
from tests.moderation import make_admin
from tests.security.access_rules import BLOCK_ROLES, PASS, Role
from tests.security.access_table import Row
from tests.server.api_client import ApiClient
from tests.server.registered_users import PASSWORD, RegisteredUser, RegisteredUsers

Json = Any
DIRECT_MESSAGES = 12
PLACEHOLDER = re.compile(r"\{(\w+)\}")
VIEWS = {
    "post": ("/v1/posts/{post}", "/v1/posts/{post}/comments"),
    "event": ("/v1/events/{event}", "/v1/events/{event}/rsvps"),
    "group": (
        "/v1/conversations/{group}",
        "/v1/conversations/{group}/participants",
        "/v1/conversations/{group}/changes",
        "/v1/conversations/{group}/messages",
    ),
    "requester": ("/v1/follow-requests",),
    "notification": ("/v1/notifications",),
    "session": ("/v1/sessions",),
    "owner": ("/v1/users/{owner}", "/v1/users/{owner}/followers", "/v1/users/{owner}/posts"),
}
"""What the owner sees of each object: a refused request must change none of it."""
UPDATED_LATER = frozenset({"posts_count", "last_used_at", "delivery_status"})
"""Fields that change after the request that causes it, and so perhaps during a later case."""


@dataclass(frozen=True)
class Objects:
    """The ids behind the placeholders of a row, and the user whose objects they are."""

    owner: RegisteredUser
    ids: dict[str, str]

    def fill(self, value: Json) -> Json:
        """Replace the placeholders; `{unique}` is new each time."""
        if isinstance(value, str):
            return PLACEHOLDER.sub(lambda match: ({"unique": f"u{uuid4().hex}"} | self.ids)[match[1]], value)
        if isinstance(value, list):
            return [self.fill(element) for element in value]
        if isinstance(value, dict):
            return {name: self.fill(one) for name, one in value.items()}
        return value

    def for_caller(self, user: RegisteredUser | None) -> "Objects":
        """Set `{caller}`, the id of the user who makes the request; the owner's for anonymous ones."""
        return self.replace(caller=(user or self.owner).id)

    def replace(self, **ids: str) -> "Objects":
        return Objects(self.owner, {**self.ids, **ids})


class AccessWorld:
    """The users of all cases. Cases may add objects; the relations between the users stay the same."""

    def __init__(self, api: ApiClient, people: RegisteredUsers, instance: Instance) -> None:
        self.api = api
        self.instance = instance
        self._people = people
        self.users: dict[Role, RegisteredUser | None] = {Role.ANONYMOUS: None}
        self.directs: dict[Role, str] = {}
        self._direct_messages: dict[Role, list[str]] = {}
        self._notifications: dict[str, str] = {}
        self._groups: dict[str, str] = {}
        self._private_ids: set[str] = set()

    async def create(self, stores: StoreUrls) -> None:
        roles = [role for role in Role if role not in {Role.ANONYMOUS, Role.REVOKED}]
        *created, self.fellow, self.other = await self._people.register(len(roles) + 2, self.instance)
        self.users |= dict(zip(roles, created, strict=True))
        admin = self.user(Role.SERVER_ADMIN)
        await make_admin(stores, admin.id)
        path = f"/v1/admin/users/{self.user(Role.MODERATOR).id}/role"
        await self.api.expect(200, admin, "PUT", path, {"role": "moderator", "reason": "x"})
        owner = self.owner
        for user in (owner, self.user(Role.BLOCKING)):
            self._notifications[user.id] = await self._create_notification(user)
        token = await self._login(owner)
        revoked = RegisteredUser(owner.id, owner.username, token)
        await self.api.expect(204, revoked, "DELETE", "/v1/sessions/current")
        self.users[Role.REVOKED] = revoked
        for role in BLOCK_ROLES:
            direct = (await self.api.direct(owner, self.user(role)))["id"]
            sent = [await self.api.send(self.user(role), direct, "x") for _ in range(DIRECT_MESSAGES)]
            self.directs[role] = direct
            self._direct_messages[role] = [message["id"] for message in sent]
        await self.api.block(owner, self.user(Role.BLOCKED))
        await self.api.block(self.user(Role.BLOCKING), owner)

    @property
    def owner(self) -> RegisteredUser:
        return self.user(Role.OWNER)

    def user(self, role: Role) -> RegisteredUser:
        user = self.users[role]
        assert user is not None, role
        return user

    async def new_user(self) -> RegisteredUser:
        return (await self._people.register(1, self.instance))[0]

    async def objects(self, row: Row, owner: RegisteredUser | None = None) -> Objects:
        """Create the objects that the row names."""
        api, owner = self.api, owner or self.owner
        named = set(PLACEHOLDER.findall(row.text))
        ids = {
            "owner": owner.id,
            "owner_name": owner.username,
            "member": self.fellow.id,
            "admin": self.user(Role.ADMIN).id,
            "other": self.other.id,
            "name_kind": "username",
        }
        if "requester" in named:
            ids["requester"] = await self._request_follow(owner)
        elif owner.id in self._private_ids:
            await self.api.set_private(owner, private=False)
            self._private_ids.discard(owner.id)
        if named & {"post", "comment", "report"}:
            ids["post"] = (await api.post(owner))["id"]
        if "report" in named:
            ids["report"] = await self._report(ids["post"])
        if named & {"action", "appeal"}:
            body = {"type": "warn", "kind": "user", "id": owner.id, "reason": "x"}
            moderator = self.user(Role.MODERATOR)
            ids["action"] = (await api.expect(201, moderator, "POST", "/v1/admin/actions", body))["id"]
        if "appeal" in named:
            body = {"action_id": ids["action"], "content": "x"}
            ids["appeal"] = (await api.expect(201, owner, "POST", "/v1/appeals", body))["id"]
        if "invite_code" in named:
            admin = self.user(Role.SERVER_ADMIN)
            code = await api.expect(201, admin, "POST", "/v1/admin/invite-codes", {"uses": 1})
            ids["invite_code"] = code["id"]
        if "tag" in named:
            ids["tag"] = f"t{uuid4().hex}"
            await api.post(owner, f"#{ids['tag']}")
        if "comment" in named:
            ids["comment"] = (await api.comment(owner, ids["post"]))["id"]
        if "event" in named:
            ids["event"] = (await api.event(owner))["id"]
        if named & {"group", "message"}:
            group = ids["group"] = await self._group(owner, is_shared=not row.changes_members)
            ids["message"] = (await api.send(owner, group, "x"))["id"]
        if "requested" in named:
            ids["requested"] = await self._request(owner)
        if "notification" in named:
            ids["notification"] = self._notifications[owner.id]
        if "session" in named:
            await self._login(owner)
            sessions = (await api.get(owner, "/v1/sessions?limit=100"))["items"]
            ids["session"] = next(session["id"] for session in sessions if not session["current"])
        return Objects(owner, ids)

    async def _report(self, post_id: str) -> str:
        """Report a post, and return the id of the report."""
        body = {"kind": "post", "id": post_id, "reason": "x"}
        await self.api.expect(202, self.fellow, "POST", "/v1/reports", body)
        path = "/v1/admin/reports?state=open"
        reports = await self.api.collect_pages(self.user(Role.MODERATOR), path, 100)
        report: str = next(one["id"] for one in reports if one["target_id"] == post_id)
        return report

    async def _request(self, owner: RegisteredUser) -> str:
        """Return a group to which another user asked the owner to come."""
        other = await self.new_user()
        await self.api.expect(200, owner, "PATCH", "/v1/users/me/privacy", {"groups": "known"})
        group: str = (await self.api.group(other, owner))["id"]
        await self.api.expect(200, owner, "PATCH", "/v1/users/me/privacy", {"groups": "everyone"})
        return group

    async def _request_follow(self, owner: RegisteredUser) -> str:
        """Make the owner's account private; return a user who asked to follow."""
        await self.api.set_private(owner, private=True)
        self._private_ids.add(owner.id)
        requester = await self.new_user()
        await self.api.follow(requester, owner)
        return requester.id

    async def _group(self, owner: RegisteredUser, *, is_shared: bool) -> str:
        """Return a group with owner, admin and members, which the former member has left."""
        if is_shared and owner.id in self._groups:
            return self._groups[owner.id]
        member, admin, former = map(self.user, (Role.MEMBER, Role.ADMIN, Role.FORMER))
        group: str = (await self.api.group(owner, self.fellow, member, admin, former))["id"]
        path = f"/v1/conversations/{group}"
        await self.api.expect(200, owner, "PATCH", path, {"admins": [owner.id, admin.id]})
        await self.api.expect(204, former, "DELETE", f"{path}/participants/{former.id}")
        if is_shared:
            self._groups[owner.id] = group
        return group

    async def _login(self, user: RegisteredUser) -> str:
        login = {"login": user.username, "password": PASSWORD}
        token: str = (await self.api.expect(201, None, "POST", "/v1/sessions", login))["token"]
        return token

    async def _create_notification(self, user: RegisteredUser) -> str:
        # Of a post that nobody else likes, so that no other user's request changes the notification.
        post = (await self.api.post(user))["id"]
        await self.api.expect(204, self.other, "PUT", f"/v1/posts/{post}/like")
        page = await self.api.wait_for(user, "/v1/notifications", lambda page: _about(page, post))
        notification: str = _about(page, post)[0]["id"]
        return notification

    def blocked_direct(self, row: Row, role: Role, objects: Objects) -> Objects:
        """Replace the group by the DIRECT of owner and role, and the message by one of the role's own."""
        messages = self._direct_messages[role]
        message = messages.pop() if row.consumes and row.blocked_direct == PASS else messages[0]
        members = {"member": self.owner.id, "admin": self.user(role).id}
        return objects.replace(group=self.directs[role], message=message, **members)

    async def view(self, objects: Objects) -> list[Json]:
        """Return the objects as their owner sees them."""
        paths = [path for name in sorted(objects.ids) for path in VIEWS.get(name, ())]
        pages = await asyncio.gather(
            *(self.api.get(objects.owner, path.format(**objects.ids)) for path in paths)
        )
        return [_without_late_fields(page) for page in pages]

    async def restore_relations(self, role: Role, user: RegisteredUser | None) -> None:
        """Undo what a row did to the relation between the user and the owner."""
        if user is None or role in {Role.OWNER, Role.REVOKED}:
            return
        await self.api.expect(204, user, "DELETE", f"/v1/users/{self.owner.id}/follow")
        method = "PUT" if role is Role.BLOCKING else "DELETE"
        await self.api.expect(204, user, method, f"/v1/users/{self.owner.id}/block")


def _is_moderation(value: Json) -> bool:
    return isinstance(value, dict) and value.get("type") == "MODERATION"


def _without_late_fields(value: Json) -> Json:
    if isinstance(value, list):
        # Other rows act on the owner as moderators, which notifies the owner later.
        return [_without_late_fields(one) for one in value if not _is_moderation(one)]
    if isinstance(value, dict):
        return {name: _without_late_fields(one) for name, one in value.items() if name not in UPDATED_LATER}
    return value


def _about(page: Json, reference_id: str) -> list[Json]:
    return [one for one in page["items"] if one["reference_id"] == reference_id]
