"""The Python client's part for moderators, against a server."""

from datetime import UTC, datetime, timedelta

import pytest

from client.errors import RequestRejected
from client.http_client import HttpClient
from client.moderation_client import ModerationClient
from server.instance import Instance
from storage.embedded import StoreUrls
from tests.moderation import make_admin
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers

pytestmark = pytest.mark.asyncio(loop_scope="module")


def client_of(instance: Instance, user: RegisteredUser) -> HttpClient:
    client = HttpClient(f"http://127.0.0.1:{instance.port}")
    client.token = user.token
    return client


async def test_client_of_moderators(
    api: ApiClient, instance: Instance, people: RegisteredUsers, stores: StoreUrls
) -> None:
    """Each method calls its route, and decodes what it returns."""
    admin, ana, ben = await people.register(3, instance)
    await make_admin(stores, admin.id)
    async with client_of(instance, admin) as admin_http, client_of(instance, ana) as ana_http:
        moderation, own = ModerationClient(admin_http), ModerationClient(ana_http)
        assert (await admin_http.me()).role == "admin"
        post = await api.post(ana, "not nice")
        body = {"kind": "post", "id": post["id"], "reason": "rude"}
        await api.expect(202, ben, "POST", "/v1/reports", body)
        report = (await moderation.reports("open")).items[-1]
        assert (await moderation.report(report.id)).is_hidden is False
        await moderation.assign_report(report.id, admin.id)
        assert report.id in [one.id for one in (await moderation.reports(assigned_to=admin.id)).items]
        assert report.id not in [one.id for one in (await moderation.reports(unassigned=True)).items]
        hidden = await moderation.act("hide", "post", post["id"], "rude", report_id=report.id)
        await moderation.resolve_report(report.id, "hidden")
        assert [one.id for one in (await moderation.audit(ana.id)).items] == [hidden.id]
        (action,) = (await own.own_actions()).items
        appeal = await own.appeal(action.id, "why?")
        assert appeal.id in [one.id for one in (await moderation.appeals()).items]
        await moderation.answer_appeal(appeal.id, "a mistake", accepted=True)
        assert appeal.id in [one.id for one in (await moderation.appeals(open_only=False)).items]
        end = datetime.now(UTC) + timedelta(days=1)
        await moderation.act("silence", "user", ana.id, "rude", expires_at=end, idempotency_key="k")
        assert (await moderation.user(ana.id)).silenced_until is not None
        assert ana.id in [one.id for one in (await moderation.users()).items]
        await moderation.set_role(ben.id, "moderator", "kind")
        assert ben.id in [one.id for one in (await moderation.users(with_role=True)).items]
        await moderation.set_role(ben.id, None, "left")
        code = await moderation.create_invite_code(2)
        assert code in (await moderation.invite_codes()).items
        await moderation.delete_invite_code(code.id)
        await moderation.block_name("email_domain", "client.example")
        blocked = (await moderation.blocked_names("email_domain")).items
        assert "client.example" in [one.value for one in blocked]
        await moderation.unblock_name("email_domain", "client.example")
        # Other tests may have left some.
        assert ana.id not in [one.id for one in (await moderation.registrations()).items]
        for decide in (moderation.approve_registration, moderation.decline_registration):
            with pytest.raises(RequestRejected) as refused:
                await decide("unknown")
            assert refused.value.code == "registration.not_found"
        with pytest.raises(RequestRejected) as refused:
            await own.reports()
        assert refused.value.code == "permission.denied"
