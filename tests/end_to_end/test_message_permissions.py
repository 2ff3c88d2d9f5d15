"""Permissions and limits of message changes, across instances."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from actors.protocol.results import ChangeResult
from client.client import Client
from client.errors import RequestRejected
from tests.end_to_end.conftest import Pair
from tests.end_to_end.registered_user import RegisteredUser

EMOJIS = 20
"""The maximum number of different reactions per message."""


async def test_authors_edit_and_admins_delete(pair: Pair) -> None:
    """Others get `permission.denied`; a repeated change returns the first result and consumes no seq."""
    first_instance, second_instance = pair
    ana, ben, cleo = [await RegisteredUser.register(name, first_instance) for name in ("ana", "ben", "cleo")]
    group = await ana.create_group(first_instance, [ben, cleo])
    async with (
        Client([second_instance.url], ana.token) as admin,
        Client([first_instance.url], ben.token) as author,
        Client([second_instance.url], ben.token) as author_second,
        Client([second_instance.url], cleo.token) as member,
    ):
        sent = await author.send(group, "helo")
        edited = await author.edit(group, sent.message_id, "hello")
        assert edited == await author_second.edit(group, sent.message_id, "hello")
        forbidden: list[Callable[[], Awaitable[ChangeResult]]] = [
            lambda: admin.edit(group, sent.message_id, "mine"),
            lambda: member.edit(group, sent.message_id, "mine"),
            lambda: member.delete(group, sent.message_id),
        ]
        for change in forbidden:
            with pytest.raises(RequestRejected) as error:
                await change()
            assert error.value.code == "permission.denied"
        liked = await member.react(group, sent.message_id, "👍")
        assert liked == await member.react(group, sent.message_id, "👍")
        deleted = await admin.delete(group, sent.message_id)
        assert deleted == await author.delete(group, sent.message_id)
        with pytest.raises(RequestRejected) as error:
            await author.edit(group, sent.message_id, "still here")
        assert error.value.code == "message.deleted"
        assert [edited.seq, liked.seq, deleted.seq] == [2, 3, 4]
        assert (await author.send(group, "and on")).seq == 5


async def test_concurrent_reactions_respect_the_limit(pair: Pair) -> None:
    """Of concurrent reactions on both instances exactly twenty are accepted, each with its own seq."""
    first_instance, second_instance = pair
    ana, ben = (
        await RegisteredUser.register("ana", first_instance),
        await RegisteredUser.register("ben", second_instance),
    )
    group = await ana.create_group(first_instance, [ben])
    async with (
        Client([first_instance.url], ana.token) as ana_client,
        Client([second_instance.url], ben.token) as ben_client,
    ):
        sent = await ana_client.send(group, "hello")
        reactions = [
            client.react(group, sent.message_id, chr(0x1F600 + 2 * n + offset))
            for n in range(EMOJIS * 3 // 4)
            for offset, client in enumerate((ana_client, ben_client))
        ]
        results = await asyncio.gather(*reactions, return_exceptions=True)
        seqs = [result.seq for result in results if not isinstance(result, BaseException)]
        assert sorted(seqs) == list(range(2, EMOJIS + 2))
        codes = {getattr(result, "code", result) for result in results if isinstance(result, BaseException)}
        assert codes == {"request.invalid"}
    message = (await ben.read_history(second_instance, group))[0]
    assert (len(message.reactions), message.changed_seq) == (EMOJIS, EMOJIS + 1)
