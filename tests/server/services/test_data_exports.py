"""Data exports over HTTP: what is parsed back is what was written by the API."""

import asyncio
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from actors.protocol.objects import DataExportState
from client.http_client import HttpClient
from server.instance import Instance
from storage.embedded import StoreUrls
from storage.mongo.messaging import MongoMessaging
from tests.server.api_client import ApiClient
from tests.server.registered_users import PASSWORD, RegisteredUser, RegisteredUsers
from tests.server.services.test_notifications import wait_for_notifications

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
EXPORT = "/v1/users/me/export"
WAIT_S = 60.0


async def wait_for_export(api: ApiClient, user: RegisteredUser) -> Json:
    return await api.wait_for(user, EXPORT, lambda export: export["state"] == "ready", timeout_s=WAIT_S)


async def download(api: ApiClient, export: Json) -> dict[str, Json]:
    """Return the files of the archive, by name."""
    status, data, headers = await api.request_bytes(None, "GET", export["url"])
    assert status == 200
    assert headers["content-type"] == "application/zip"
    assert headers["cache-control"] == "no-store"
    assert int(headers["content-length"]) == len(data) == export["bytes"]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: json.loads(archive.read(name)) for name in archive.namelist()}


def field(objects: Json, name: str) -> list[Json]:
    return [one[name] for one in objects]


async def test_archive_has_what_was_written(
    api: ApiClient, second_api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Of every kind, and nothing that others wrote."""
    ana, ben, eve = await people.register(3, instance)
    posts = [await api.post(ana, f"Post {number} ☂") for number in range(3)]
    await api.expect(200, ana, "PATCH", f"/v1/posts/{posts[0]['id']}", {"content": "Post 0, edited"})
    others_post = await api.post(ben, "A secret of Ben's")
    comment = await api.comment(ana, others_post["id"], "A comment of Ana's")
    await api.comment(ben, posts[0]["id"], "A comment of Ben's")
    await api.expect(204, ana, "PUT", f"/v1/posts/{others_post['id']}/like")
    await api.expect(204, ana, "PUT", f"/v1/posts/{others_post['id']}/bookmark")
    await api.expect(204, ana, "PUT", f"/v1/comments/{comment['id']}/like")
    await api.expect(204, ana, "PUT", "/v1/tags/Chess/follow")
    await api.follow(ana, ben)
    await api.follow(ben, ana)
    await api.block(ana, eve)
    event = await api.event(ana, title="Ana's event", description="In the park")
    others_event = await api.event(ben, title="Ben's event", description="A secret description")
    await api.rsvp(ana, others_event["id"], "MAYBE")
    direct = await api.direct(ana, ben)
    group = await api.group(ana, ben, name="The group")
    sent = [await api.send(ana, place["id"], f"Hello {place['type']}") for place in (direct, group)]
    await api.send(ben, direct["id"], "A reply of Ben's")
    report = {"kind": "post", "id": others_post["id"], "reason": "Not nice"}
    await api.expect(202, ana, "POST", "/v1/reports", report)
    quiet = {"from": "22:00", "to": "07:00", "timezone": "Europe/Berlin"}
    await api.expect(
        200,
        ana,
        "PUT",
        "/v1/users/me/notification-preferences",
        {"channels": {"LIKE": "nothing"}, "quiet_hours": quiet},
    )
    await wait_for_notifications(api, ana, 2)
    await api.expect(204, ana, "PUT", f"/v1/users/{ben.id}/mute", {})
    status, pending, _ = await api.request(ana, "GET", EXPORT)
    assert status in {200, 202}
    export = await wait_for_export(second_api, ana)
    assert export["id"] == pending["id"]
    files = await download(second_api, export)

    text = json.dumps(files)
    for secret in ("secret", "of Ben's\"", ben.token, PASSWORD):
        assert secret not in text, secret
    assert files["about.json"][0]["user_id"] == ana.id
    assert [f"{name}.json" for name in files["about.json"][0]["files"]] == [*files][1:]
    (profile,) = files["profile.json"]
    me = await api.get(ana, "/v1/users/me")
    assert {name: profile[name] for name in ("id", "email", "username", "created_at")} == {
        name: me[name] for name in ("id", "email", "username", "created_at")
    }
    (session,) = files["sessions.json"]
    assert session["id"] == (await api.get(ana, "/v1/sessions"))["items"][0]["id"]
    written = await api.collect_pages(ana, f"/v1/users/{ana.id}/posts", 100)
    assert {(one["id"], one["content"], one["created_at"]) for one in files["posts.json"]} == {
        (one["id"], one["content"], one["created_at"]) for one in written
    }
    assert field(files["post_revisions.json"], "content") == [posts[0]["content"]]
    assert [(one["id"], one["content"], one["post_author"]) for one in files["comments.json"]] == [
        (comment["id"], "A comment of Ana's", ben.username)
    ]
    assert field(files["likes.json"], "post_id") == [others_post["id"]]
    assert field(files["bookmarks.json"], "post_id") == [others_post["id"]]
    assert field(files["comment_likes.json"], "comment_id") == [comment["id"]]
    assert field(files["followed_tags.json"], "tag") == ["Chess"]
    for name in ("following", "followers", "mutes"):
        assert field(files[f"{name}.json"], "username") == [ben.username], name
    assert field(files["blocks.json"], "username") == [eve.username]
    assert [(one["id"], one["title"], one["description"]) for one in files["events.json"]] == [
        (event["id"], "Ana's event", "In the park")
    ]
    assert field(files["rsvps.json"], "event_id") == [others_event["id"]]
    assert field(files["rsvps.json"], "status") == ["MAYBE"]
    conversations = {one["id"]: one for one in files["conversations.json"]}
    assert conversations[direct["id"]]["with"] == [ben.username]
    assert conversations[group["id"]]["name"] == "The group"
    assert {(one["id"], one["conversation_id"], one["content"]) for one in files["messages.json"]} == {
        (one["id"], one["conversation_id"], one["content"]) for one in sent
    }
    assert [(one["kind"], one["target_id"], one["reason"]) for one in files["reports.json"]] == [
        ("post", others_post["id"], "Not nice")
    ]
    listed = {one["id"]: one["type"] for one in (await api.get(ana, "/v1/notifications"))["items"]}
    exported = {one["id"]: one["type"] for one in files["notifications.json"]}
    assert exported.items() <= listed.items()
    assert {"FOLLOW", "COMMENT"} <= set(exported.values())
    assert files["notification_preferences.json"] == [
        {
            "type": "LIKE",
            "channel": "nothing",
            "quiet_from": "22:00",
            "quiet_to": "07:00",
            "quiet_timezone": "Europe/Berlin",
        }
    ]


async def test_messages_of_former_conversations_are_in_it(
    api: ApiClient, instance: Instance, stores: StoreUrls, people: RegisteredUsers
) -> None:
    """One who left a group has still written in it."""
    ana, ben = await people.register(2, instance)
    group = await api.group(ben, ana)
    message = await api.send(ana, group["id"], "Before I left")
    await api.expect(204, ana, "DELETE", f"/v1/conversations/{group['id']}/participants/{ana.id}")
    messaging = await MongoMessaging.open(stores.mongo)
    async with asyncio.timeout(WAIT_S):
        # It is saved within some seconds who wrote last.
        while ana.id not in await messaging.last_sent_seqs(group["id"]):  # noqa: ASYNC110 - in a store
            await asyncio.sleep(0.05)
    messaging.close()
    await api.request(ana, "GET", EXPORT)
    files = await download(api, await wait_for_export(api, ana))
    assert field(files["messages.json"], "id") == [message["id"]]
    assert files["conversations.json"] == []


async def test_user_is_notified_and_gets_a_link(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """The notification names the export and holds no link; the link needs no login."""
    (ana,) = await people.register(1, instance)
    await api.expect_error("export.not_found", 404, ana, "GET", f"{EXPORT}?start=false")
    await api.expect(202, ana, "POST", EXPORT)
    (notification,) = await wait_for_notifications(api, ana, 1)
    export = await api.get(ana, f"{EXPORT}?start=false")
    assert (notification["type"], notification["reference_id"]) == ("EXPORT_READY", export["id"])
    assert export["url"] not in json.dumps(notification)
    expires_at = datetime.fromisoformat(export["expires_at"])
    assert timedelta(days=6) < expires_at - datetime.now(UTC) <= timedelta(days=7)
    _, _, headers = await api.request_bytes(None, "HEAD", export["url"])
    assert headers["content-length"] == str(export["bytes"])
    assert f"convene-{ana.username}-" in headers["content-disposition"]
    await api.expect_error("export.not_found", 404, ana, "GET", export["url"][:-1] + "x")


async def test_one_export_a_day(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """Asking for the state does not count; a second request does."""
    (ana,) = await people.register(1, instance)
    first = await api.expect(202, ana, "POST", EXPORT, Idempotency_Key="one")
    ready = await wait_for_export(api, ana)
    repeated = await api.expect(202, ana, "POST", EXPORT, Idempotency_Key="one")
    assert (repeated["id"], repeated["state"]) == (first["id"], "pending")
    assert (await wait_for_export(api, ana))["id"] == ready["id"] == first["id"]
    problem = await api.expect_error("rate.limited", 429, ana, "POST", EXPORT)
    assert 23 * 3_600_000 < problem["retry_after_ms"] <= 24 * 3_600_000


async def test_deleted_account_has_no_archive(
    api: ApiClient, second_api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Its link ends at once."""
    (ana,) = await people.register(1, instance)
    await api.expect(202, ana, "POST", EXPORT)
    export = await wait_for_export(api, ana)
    await api.expect(204, ana, "DELETE", "/v1/users/me", {"current_password": PASSWORD})
    for asked in (api, second_api):
        await asked.expect_error("export.not_found", 404, None, "GET", export["url"])


async def test_python_client_downloads_the_archive(instance: Instance, people: RegisteredUsers) -> None:
    """Bit by bit."""
    (ana,) = await people.register(1, instance)
    async with HttpClient(f"http://127.0.0.1:{instance.port}", ana.token) as client:
        export = await client.request_export()
        assert (await client.export()).id == export.id
        async with asyncio.timeout(WAIT_S):
            while export.state is DataExportState.PENDING:
                await asyncio.sleep(0.05)
                export = await client.export(start=False)
        data = b"".join([part async for part in client.download_export(export)])
    assert len(data) == export.bytes
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert json.loads(archive.read("profile.json"))[0]["username"] == ana.username


async def test_link_ends_with_its_session(
    api: ApiClient, second_api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """A new password ends the links of all other sessions, on every instance, but not of the caller's."""
    (ana,) = await people.register(1, instance)
    login = {"login": ana.username, "password": PASSWORD}
    token = (await api.expect(201, None, "POST", "/v1/sessions", login))["token"]
    other_session = RegisteredUser(ana.id, ana.username, token)
    export = await wait_for_export(api, ana)
    stolen = await api.get(other_session, EXPORT)
    await download(second_api, stolen)
    passwords = {"current_password": PASSWORD, "new_password": "another good one"}
    await api.expect(204, ana, "PUT", "/v1/users/me/password", passwords)
    for each in (api, second_api):
        await each.expect_error("export.not_found", 404, None, "GET", stolen["url"])
    await download(second_api, export)
    await api.expect(204, ana, "DELETE", "/v1/sessions/current")
    await second_api.expect_error("export.not_found", 404, None, "GET", export["url"])
