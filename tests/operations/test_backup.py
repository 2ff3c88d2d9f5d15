"""Backup while users write, and restore into empty stores."""

import asyncio
import json
import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest
from bson import ObjectId
from pymongo import AsyncMongoClient

from actors.operations.backup import STORE_ORDER
from server.operator_services import OperatorServices
from storage.postgres.roles import SERVICES
from tests.end_to_end.chat_user import ChatUser
from tests.end_to_end.oracle import Oracle
from tests.end_to_end.polling import wait_at_most, wait_until
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.user_api import UserApi, wait_until_equal
from tests.operations.installation import Installation, wait_until_doctor_passes

pytestmark = pytest.mark.timeout(480)
MESSAGES_BEFORE = 60
MESSAGES_AFTER = 30
LOAD_TIMEOUT_S = 60.0
WRITE_PAUSE_S = 0.02
"""Between the writes of each kind, so that they leave time to the backup."""

TABLE_COUNT = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
OUTBOX_HEAD = "SELECT last_value FROM outbox_id_seq"
OUTBOX_MAX = "SELECT max(id) FROM outbox"


async def edit_until(user: ChatUser, conversation_id: str, message_id: str, stop: asyncio.Event) -> int:
    """Edit one message over and over; return the number of the last edit that was acknowledged."""
    number = 0
    while not stop.is_set():
        await user.client.edit(conversation_id, message_id, f"edit {number + 1}")
        number += 1
        await wait_at_most(stop, WRITE_PAUSE_S)
    return number


async def post_until(api: UserApi, stop: asyncio.Event) -> list[str]:
    posts: list[str] = []
    while not stop.is_set():
        posts.append(await api.post(f"post {len(posts)}"))
        await wait_at_most(stop, WRITE_PAUSE_S)
    return posts


async def test_backup_under_load_restores_everything_acknowledged_before(
    source: Installation, target: Installation, tmp_path: Path
) -> None:
    """After the restore every earlier message, post and account is there, checks pass, numbers continue."""
    first = source.instance
    ana, ben = [await RegisteredUser.register(name, first) for name in ("ana", "ben")]
    conversation_id = await ana.create_group(first, [ben])
    oracle = Oracle(conversation_id)
    folder = tmp_path / "backup"
    stop = asyncio.Event()
    async with UserApi(ana, first) as ana_api, UserApi(ben, first) as ben_api:
        await ben_api.follow(ana.id)
        event = await ana_api.create_event("Picnic", 5)
        early_posts = [await ana_api.post(f"early {number}") for number in range(5)]
        async with ChatUser(ana, oracle, [first]) as sender, ChatUser(ben, oracle, [first]) as editor:
            edited = await editor.send("edit 0")
            load = [
                asyncio.create_task(sender.send_until(stop, pause_s=WRITE_PAUSE_S)),
                asyncio.create_task(edit_until(editor, conversation_id, edited.message_id, stop)),
                asyncio.create_task(post_until(ana_api, stop)),
            ]
            await wait_until(
                lambda: sender.acknowledged >= MESSAGES_BEFORE, LOAD_TIMEOUT_S, "too few messages"
            )
            acknowledged = {(result.seq, result.message_id) for result in oracle.results()}

            status, output = await source.run_process("backup", str(folder))

            assert status == 0, output
            count = sender.acknowledged
            await wait_until(
                lambda: sender.acknowledged >= count + MESSAGES_AFTER, LOAD_TIMEOUT_S, "the load stopped"
            )
            stop.set()
            await asyncio.gather(*load)
    await first.stop()

    status, output = await target.run_process("restore", str(folder))
    assert status == 0, output
    # Numbers that were taken are not taken again.
    for service in SERVICES:
        assert await target.fetch_value(service, OUTBOX_HEAD) >= await target.fetch_value(service, OUTBOX_MAX)
    await target.instance.start()
    history = await ben.read_history(target.instance, conversation_id)
    restored = {(message.seq, message.id) for message in history}
    assert len(acknowledged) >= MESSAGES_BEFORE
    assert acknowledged <= restored
    head = (await ana.conversation(target.instance, conversation_id)).last_seq
    async with ChatUser(ana, Oracle(conversation_id), [target.instance]) as sender:
        assert (await sender.send()).seq == head + 1
    await assert_last_edit_is_shown(target, conversation_id, edited.message_id, ben)
    async with UserApi(ana, target.instance) as ana_api, UserApi(ben, target.instance) as ben_api:
        posts = [post["id"] for post in await ana_api.list_all(f"/v1/users/{ana.id}/posts")]
        assert set(early_posts) <= set(posts)
        assert (await ana_api.get(f"/v1/events/{event['id']}"))["title"] == "Picnic"
        new_post = await ana_api.post("after the restore")
        await wait_until_equal(ben_api.feed, [new_post, *posts], LOAD_TIMEOUT_S)
    await wait_until_doctor_passes(target)


async def assert_last_edit_is_shown(
    target: Installation, conversation_id: str, message_id: str, user: RegisteredUser
) -> None:
    """Check that the message shows the last edit that is in the restored log."""
    messages = await user.read_history(target.instance, conversation_id)
    (edited,) = [message for message in messages if message.id == message_id]
    changes = await read_changes(target.urls.mongo, message_id)
    assert len(changes) > 10
    assert edited.content == changes[-1]


async def read_changes(url: str, message_id: str) -> list[str]:
    """Return the contents that changes in the log gave a message, in order."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(url)
    try:
        database = client.get_default_database()
        changes = await database["messages"].find({"message_id": ObjectId(message_id)}).to_list()
    finally:
        await client.close()
    return [change["effect"]["content"] for change in sorted(changes, key=lambda change: change["seq"])]


async def test_restore_refuses_stores_with_data_or_instances(source: Installation, tmp_path: Path) -> None:
    """Data is only replaced with `--overwrite`, and never while an instance runs."""
    folder = tmp_path / "backup"
    await RegisteredUser.register("ana", source.instance)
    assert (await source.run("backup", str(folder)))[0] == 0

    status, output = await source.run_process("restore", str(folder), "--overwrite")
    assert status == 1
    assert "Stop all instances first." in output
    await RegisteredUser.register("ben", source.instance)
    await source.instance.stop()
    status, output = await source.run("restore", str(folder))
    assert status == 1
    assert "Use --overwrite to replace them." in output
    assert await source.fetch_value("users", "SELECT count(*) FROM users") == 2
    status, output = await source.run("restore", str(folder), "--overwrite")
    assert status == 0, output
    assert await source.fetch_value("users", "SELECT count(*) FROM users") == 1


async def test_restore_of_one_store_leaves_the_others(
    filled_installation: Installation, target: Installation, tmp_path: Path
) -> None:
    """`--only` restores the named store; an unknown name is refused."""
    folder = tmp_path / "backup"
    assert (await filled_installation.run("backup", str(folder)))[0] == 0

    status, output = await target.run("restore", str(folder), "--only", "users")

    assert status == 0, output
    assert await target.fetch_value("users", "SELECT count(*) FROM users") == 1
    assert await target.fetch_value("posts", TABLE_COUNT) == 0
    assert (await target.run("restore", str(folder), "--only", "nothing"))[0] == 1


async def test_backup_is_private_and_checked_before_a_restore(
    filled_installation: Installation, target: Installation, tmp_path: Path
) -> None:
    """Only the owner can read the files; a damaged, incomplete or newer backup changes nothing."""
    folder = tmp_path / "backup"
    assert (await filled_installation.run("backup", str(folder)))[0] == 0
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    status, output = await filled_installation.run("backup", str(folder))
    assert (status, "is not empty" in output) == (1, True), output

    manifest = json.loads((folder / "manifest.json").read_text())
    assert {part["name"]: part["rows"] for part in manifest["stores"]["users"]["parts"]}["users"] == 1
    newer = msgspec.json.decode(msgspec.json.encode(manifest))
    newer["stores"]["users"]["migrations"]["users/9999_from_the_future"] = "2:0"
    (folder / "manifest.json").write_text(json.dumps(newer))
    assert "users/9999_from_the_future" in (await target.run("restore", str(folder)))[1]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    users_file = folder / "users" / "users.gz"
    content = users_file.read_bytes()
    users_file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    status, output = await target.run("restore", str(folder))
    assert (status, "its checksum differs" in output) == (1, True), output
    users_file.write_bytes(content)
    (folder / "manifest.json").unlink()
    status, output = await target.run("restore", str(folder))
    assert (status, "no complete backup" in output) == (1, True), output
    assert await target.fetch_value("users", TABLE_COUNT) == 0


async def test_consumers_are_read_before_their_producers(operations: OperatorServices) -> None:
    """What a consumer has not applied yet is in the outbox of its producer, which is read later."""
    consumers = operations.doctor.inputs.consumers

    assert len(consumers) > 10
    early = {
        consumer
        for consumer, (producer, cursor_service) in consumers.items()
        if STORE_ORDER.index(cursor_service) > STORE_ORDER.index(producer)
    }
    assert early == set()
