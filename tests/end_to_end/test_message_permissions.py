"""Who may change a message, and how often, asked at one instance of what was said at the other."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from actors.protocol.server_frames import ChangeResult
from client.client import Client
from client.errors import RequestRejected
from tests.end_to_end.conftest import Pair
from tests.end_to_end.registered_user import RegisteredUser

EMOJIS = 20
"""As many different ones as a message has at most."""


async def test_authors_edit_and_admins_delete(pair: Pair) -> None:
    """Nobody else; and what changes nothing takes no seq, wherever it is asked for again."""
    here, there = pair
    ana, ben, cleo = [await RegisteredUser.register(name, here) for name in ("ana", "ben", "cleo")]
    group = await ana.create_group(here, [ben, cleo])
    async with (
        Client([there.url], ana.token) as admin,
        Client([here.url], ben.token) as author,
        Client([there.url], ben.token) as authors_phone,
        Client([there.url], cleo.token) as member,
    ):
        sent = await author.send(group, "helo")
        edited = await author.edit(group, sent.message_id, "hello")
        assert edited == await authors_phone.edit(group, sent.message_id, "hello")
        forbidden: list[Callable[[], Awaitable[ChangeResult]]] = [
            lambda: admin.edit(group, sent.message_id, "mine"),
            lambda: member.edit(group, sent.message_id, "mine"),
            lambda: member.delete(group, sent.message_id),
        ]
        for ask in forbidden:
            with pytest.raises(RequestRejected) as error:
                await ask()
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
    """At both instances at once: twenty different ones are taken, each with a seq, and no more."""
    here, there = pair
    ana, ben = await RegisteredUser.register("ana", here), await RegisteredUser.register("ben", there)
    group = await ana.create_group(here, [ben])
    async with Client([here.url], ana.token) as anas, Client([there.url], ben.token) as bens:
        sent = await anas.send(group, "hello")
        wishes = [
            client.react(group, sent.message_id, chr(0x1F600 + 2 * n + own))
            for n in range(EMOJIS * 3 // 4)
            for own, client in enumerate((anas, bens))
        ]
        answers = await asyncio.gather(*wishes, return_exceptions=True)
        taken = [one.seq for one in answers if not isinstance(one, BaseException)]
        assert sorted(taken) == list(range(2, EMOJIS + 2))
        codes = {getattr(one, "code", one) for one in answers if isinstance(one, BaseException)}
        assert codes == {"request.invalid"}
    shown = (await ben.read_history(there, group))[0]
    assert (len(shown.reactions), shown.changed_seq) == (EMOJIS, EMOJIS + 1)
