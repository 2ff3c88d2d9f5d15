"""Section 3 of the contract, command by command, right and wrong: one answer each, and the socket lives.

Only what cannot be decoded, or has no `id` to answer to, ends it with 4500.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import msgspec
import pytest
import pytest_asyncio

from run import Instance
from storage.embedded import StoreUrls
from tests.server.api import Api
from tests.server.people import People, Person
from tests.server.serving import serving
from tests.server.socket import frames
from tests.server.socket.peer import Peer, peer

pytestmark = pytest.mark.asyncio(loop_scope="module", loop_factories=["uvloop"])
Json = Any
UNKNOWN_ID = "0123456789abcdef01234567"


@dataclass(frozen=True)
class Scene:
    """A server, a group of the first two, and one who is not in it."""

    instance: Instance
    api: Api
    ana: Person
    ben: Person
    eve: Person
    group: str
    foreign: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(stores: StoreUrls, people: People) -> AsyncIterator[Scene]:
    async with (
        serving(stores, messages_per_s=100_000, messages_burst=100_000) as instance,
        Api(instance) as api,
    ):
        ana, ben, eve = await people.some(3, instance)
        group = (await api.group(ana, ben))["id"]
        foreign = (await api.group(eve, ben))["id"]
        yield Scene(instance, api, ana, ben, eve, group, foreign)


@pytest_asyncio.fixture(loop_scope="module")
async def ana(scene: Scene) -> AsyncIterator[Peer]:
    """Ana's socket, past `ready`."""
    async with peer(scene.instance.port) as connected:
        await connected.open(scene.ana.token)
        yield connected


@pytest_asyncio.fixture(loop_scope="module")
async def stranger(scene: Scene) -> AsyncIterator[Peer]:
    """A socket before `ready`."""
    async with peer(scene.instance.port) as connected:
        await connected.open()
        yield connected


async def head(scene: Scene) -> int:
    seq: int = (await scene.api.look(scene.ana, scene.group))["last_seq"]
    return seq


async def assert_alive(connected: Peer) -> None:
    assert (await connected.ask("ping"))["type"] == "ok"


def assert_error(answer: Json, *codes: str) -> None:
    assert answer["type"] == "error", answer
    assert answer["code"] in codes, answer
    assert isinstance(answer["detail"], str)
    assert isinstance(answer["retry"], bool)


async def assert_bad_frame(connected: Peer) -> None:
    ending = await connected.ending()
    assert ending.code == 4500
    assert ending.goodbye is not None
    assert ending.goodbye["code"] == 4500
    assert ending.goodbye["resume"] is False
    assert not [message for message in ending.messages if message["type"] in {"ok", "error"}]


# --- before ready


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "ping", "id": 1},
        {"type": "message.send", "id": 1, "conversation_id": UNKNOWN_ID, "client_id": "c", "content": "x"},
        {"type": "conversation.read", "id": 1, "conversation_id": UNKNOWN_ID, "seq": 1},
        {"type": "authenticate", "id": 1},
    ],
    ids=lambda frame: frame["type"],
)
async def test_a_frame_before_ready_is_an_error_and_the_socket_lives(
    frame: Json, stranger: Peer, scene: Scene
) -> None:
    """The client is told to authenticate, and may still do so."""
    stranger.say(frame)
    assert_error(await stranger.answer_to(1), "auth.required", "request.invalid")
    ready = await stranger.ask("authenticate", token=scene.ana.token)
    assert ready["type"] == "ready"
    assert ready["user"]["id"] == scene.ana.id
    await assert_alive(stranger)


@pytest.mark.parametrize("number", [7, "seven", 0, -3, 2**53, "", "é€\U0001f600", "x" * 200])
async def test_ready_echoes_the_id_of_authenticate(number: int | str, stranger: Peer, scene: Scene) -> None:
    """`ready` is the answer to `authenticate`."""
    stranger.say({"type": "authenticate", "id": number, "token": scene.ana.token})
    ready = await stranger.message()
    assert ready["type"] == "ready"
    assert ready["id"] == number


async def test_a_wrong_token_is_told_and_ends_the_socket(stranger: Peer) -> None:
    """4501, not to come back the same way."""
    stranger.say({"type": "authenticate", "id": 1, "token": "A" * 43})
    ending = await stranger.ending()
    assert ending.code == 4501
    assert ending.goodbye is not None
    assert ending.goodbye["resume"] is False
    assert [message["type"] for message in ending.messages] == ["error"]
    assert_error(ending.messages[0], "auth.required", "auth.invalid_credentials")


async def test_what_is_sent_right_behind_authenticate_is_answered_after_ready(
    stranger: Peer, scene: Scene
) -> None:
    """Order is kept; nothing is lost while the server looks up who it is."""
    stranger.say({"type": "authenticate", "id": 1, "token": scene.ana.token})
    for number in range(2, 12):
        stranger.say({"type": "ping", "id": number})
    found = [await stranger.message() for _ in range(11)]
    assert [one["type"] for one in found] == ["ready"] + ["ok"] * 10
    assert [one["id"] for one in found] == list(range(1, 12))


async def test_a_close_right_behind_authenticate_is_answered(stranger: Peer, scene: Scene) -> None:
    """The closing handshake does not wait for the authentication, and loses its answer to nothing."""
    stranger.say({"type": "authenticate", "id": 1, "token": scene.ana.token})
    stranger.write(frames.close(1000))
    ending = await stranger.ending()
    assert ending.closed
    assert ending.code == 1000


async def test_a_second_authenticate_is_refused_and_the_socket_lives(ana: Peer, scene: Scene) -> None:
    """Who one is does not change; there is no second `ready`."""
    assert_error(await ana.ask("authenticate", token=scene.ben.token), "request.invalid")
    await assert_alive(ana)


async def test_resume_after_a_bearer_is_answered_by_resync(ana: Peer, scene: Scene) -> None:
    """An upgrade with the header may still ask to resume."""
    resume = {"session_id": "gone", "epoch": "gone", "position": 0, "conversations": {scene.group: 1}}
    ana.say({"type": "authenticate", "id": 1, "token": scene.ana.token, "resume": resume})
    resync = await ana.next_of("resync", "error")
    assert resync["type"] == "resync"
    assert resync["reason"] in {"expired", "epoch", "too_far"}
    assert resync["epoch"]
    assert isinstance(resync["position"], int)
    await assert_alive(ana)


async def test_resume_with_authenticate_gives_ready_then_resync(stranger: Peer, scene: Scene) -> None:
    """`ready` first; then what became of the resume."""
    resume = {"session_id": "gone", "epoch": "gone", "position": 12, "conversations": {}}
    stranger.say({"type": "authenticate", "id": 1, "token": scene.ana.token, "resume": resume})
    ready, resync = await stranger.message(), await stranger.message()
    assert [ready["type"], resync["type"]] == ["ready", "resync"]
    assert (resync["epoch"], resync["position"]) == (ready["epoch"], ready["position"])


# --- ids and undecodable frames


@pytest.mark.parametrize("number", [1, 0, -1, 2**63, "one", "", "x" * 200, "\u20ac\U0001f600", '"quoted"\\'])
async def test_any_integer_or_string_is_an_id(number: int | str, ana: Peer) -> None:
    """It comes back as it was sent, with its kind."""
    ana.say({"type": "ping", "id": number})
    answer = await ana.message()
    assert answer["type"] == "ok"
    assert answer["id"] == number
    assert type(answer["id"]) is type(number)


UNDECODABLE = [
    b"",
    b" ",
    b"hello",
    b"{",
    b'{"type":"ping","id":1',
    b'{"type":"ping","id":1}}',
    b'{"type":"ping","id":1}{"type":"ping","id":2}',
    b"{'type':'ping','id':1}",
    b'{"type":"ping","id":1,}',
    b'{"type":"ping","id":01}',
    b"null",
    b"1",
    b'"ping"',
    b"[]",
    b'[{"type":"ping","id":1}]',
    b"[" * 30_000,
    b"[" * 30_000 + b"]" * 30_000,
    b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    b'{"type":"ping"}',
    b'{"type":"ping","id":null}',
    b'{"type":"ping","id":1.5}',
    b'{"type":"ping","id":true}',
    b'{"type":"ping","id":[1]}',
    b'{"type":"ping","id":{"n":1}}',
    b'{"type":"nonsense"}',
    b"{}",
    b'\xef\xbb\xbf{"type":"ping","id":1}',
    b'{"type":"ping","id":NaN}',
]


@pytest.mark.parametrize("payload", UNDECODABLE, ids=lambda payload: repr(payload[:40]))
async def test_what_has_no_id_ends_the_socket(payload: bytes, ana: Peer) -> None:
    """There is nobody to answer to: 4500."""
    ana.write(frames.text(payload))
    await assert_bad_frame(ana)


@pytest.mark.parametrize(
    "payload",
    [
        b'{"type":"nonsense","id":1}',
        b'{"type":"","id":1}',
        b'{"type":"PING","id":1}',
        b'{"type":"hello","id":1}',
        b'{"type":"ok","id":1,"result":{}}',
    ],
)
async def test_an_unknown_type_is_an_error(payload: bytes, ana: Peer) -> None:
    """`frame.unknown_type`; a newer client learns it and goes on."""
    ana.write(frames.text(payload))
    assert_error(await ana.answer_to(1), "frame.unknown_type")
    await assert_alive(ana)


@pytest.mark.parametrize(
    "payload", [b'{"id":1}', b'{"id":1,"type":null}', b'{"id":1,"type":5}', b'{"id":1,"type":["ping"]}']
)
async def test_an_object_with_an_id_and_no_good_type_is_an_error(payload: bytes, ana: Peer) -> None:
    """It has an id, so it gets an answer."""
    ana.write(frames.text(payload))
    assert_error(await ana.answer_to(1), "frame.unknown_type", "request.invalid")
    await assert_alive(ana)


async def test_unknown_fields_are_ignored(ana: Peer) -> None:
    """Whatever they hold."""
    answer = await ana.ask("ping", colour="green", nested={"a": [1, {"b": None}]}, content=5)
    assert answer["type"] == "ok"


async def test_deep_nesting_in_an_unknown_field_harms_nobody(ana: Peer) -> None:
    """Answered or 4500; the server lives."""
    deep = b'{"type":"ping","id":1,"x":' + b"[" * 20_000 + b"]" * 20_000 + b"}"
    ana.write(frames.text(deep))
    found = await ana.frame()
    if found.opcode == frames.TEXT:
        assert msgspec.json.decode(found.payload)["type"] in {"ok", "error", "goodbye"}


async def test_duplicate_keys_have_one_meaning(ana: Peer) -> None:
    """One answer, to one of the two ids."""
    ana.write(frames.text(b'{"type":"ping","id":1,"id":2}'))
    answer = await ana.message()
    assert answer["type"] == "ok"
    assert answer["id"] in {1, 2}
    ana.say({"type": "ping", "id": 3})
    assert (await ana.message())["id"] == 3


# --- ping


async def test_ping_tells_the_time_and_the_place_in_the_stream(ana: Peer) -> None:
    """`{server_time, position}`."""
    result = (await ana.ask("ping"))["result"]
    assert result.keys() == {"server_time", "position"}
    assert result["server_time"].endswith("Z")
    assert len(result["server_time"]) == len("2023-11-14T22:13:20.123Z")
    assert isinstance(result["position"], int)


# --- message.send


async def test_a_message_is_stored_and_told(ana: Peer, scene: Scene) -> None:
    """`ok` with its place; every member gets it, the sender's own socket too, with the next seq."""
    async with peer(scene.instance.port) as ben:
        await ben.open(scene.ben.token)
        before = await head(scene)
        sent = {"conversation_id": scene.group, "client_id": uuid4().hex, "content": "  hello \u20ac  "}
        ana.say({"type": "message.send", "id": "s", **sent, "mentions": [scene.ben.id]})
        answer, own = None, None
        while answer is None or own is None:
            found = await ana.next_of("ok", "message.created")
            if found["type"] == "ok":
                answer = found
            else:
                own = found
        result = answer["result"]
        assert result.keys() == {"message_id", "seq", "created_at", "duplicate"}
        assert result["seq"] == before + 1
        assert result["duplicate"] is False
        theirs = await ben.next_of("message.created")
        for told in (own, theirs):
            assert told["conversation_id"] == scene.group
            assert told["seq"] == result["seq"]
            message = told["message"]
            assert message["id"] == result["message_id"]
            assert message["seq"] == message["changed_seq"] == result["seq"]
            assert message["created_at"] == result["created_at"]
            assert message["sender_id"] == scene.ana.id
            assert message["client_id"] == sent["client_id"]
            assert message["content"] == "hello \u20ac"
            assert message["message_type"] == "TEXT"
            assert message["mentions"] == [scene.ben.id]
            assert message["reply_to"] is None
            assert message["edited_at"] is None
            assert message["deleted_at"] is None


async def send(connected: Peer, conversation_id: str, content: Json = "words", **more: Json) -> Json:
    client_id = more.pop("client_id", None) or uuid4().hex
    return await connected.ask(
        "message.send", conversation_id=conversation_id, client_id=client_id, content=content, **more
    )


@pytest.mark.parametrize(
    "content",
    ["x", "x" * 4000, "\U0001f600" * 4000, "  " + "y" * 4000 + "\n", "\u0000", "a\u0000b", "\ufffd\ufeff"],
    ids=["one", "4000", "4000 emoji", "4000 trimmed", "only nul", "nul inside", "odd"],
)
async def test_content_within_the_bounds_is_stored_as_it_is(content: str, ana: Peer, scene: Scene) -> None:
    """Characters are code points, after trimming; what is taken is shown unchanged."""
    answer = await send(ana, scene.group, content)
    if "\u0000" in content and answer["type"] == "error":
        assert_error(answer, "request.invalid")
        return
    assert answer["type"] == "ok", answer
    path = f"/v1/conversations/{scene.group}/messages?after={answer['result']['seq'] - 1}&limit=1"
    stored = (await scene.api.get(scene.ben, path))["items"]
    assert [one["content"] for one in stored] == [content.strip()]


@pytest.mark.parametrize(
    "content",
    [
        "",
        " ",
        " \t\r\n\u00a0\u2003 ",
        "x" * 4001,
        "\U0001f600" * 4001,
        "x" * 60_000,
        None,
        5,
        ["x"],
        {"a": 1},
        True,
    ],
    ids=lambda content: repr(content)[:20],
)
async def test_content_out_of_bounds_is_refused(content: Json, ana: Peer, scene: Scene) -> None:
    """`request.invalid`, nothing stored."""
    before = await head(scene)
    answer = await send(ana, scene.group, content)
    assert_error(answer, "request.invalid")
    assert answer["retry"] is False
    assert await head(scene) == before
    await assert_alive(ana)


@pytest.mark.parametrize("escape", [b"\\ud800", b"\\udc00", b"\\ud83d", b"\\udc00\\ud800", b"a\\ud800b"])
async def test_a_lone_surrogate_is_refused(escape: bytes, ana: Peer, scene: Scene) -> None:
    """It is no character: an error to its id, or a frame that cannot be decoded; nothing stored."""
    before = await head(scene)
    ana.write(
        frames.text(
            b'{"type":"message.send","id":1,"conversation_id":"'
            + scene.group.encode()
            + b'","client_id":"surrogate","content":"'
            + escape
            + b'"}'
        )
    )
    found = await ana.next_of("ok", "error", "goodbye")
    assert found["type"] != "ok"
    assert found["code"] in {"request.invalid", 4500}
    assert await head(scene) == before


MISSING = ["conversation_id", "client_id", "content"]


@pytest.mark.parametrize("field", MISSING)
@pytest.mark.parametrize("value", [..., None, 5, ["x"], {"x": 1}, True], ids=repr)
async def test_a_send_with_a_missing_or_wrong_field_is_refused(
    field: str, value: Json, ana: Peer, scene: Scene
) -> None:
    """`request.invalid` to its id, nothing stored."""
    before = await head(scene)
    sent: dict[str, Json] = {"conversation_id": scene.group, "client_id": uuid4().hex, "content": "x"}
    if value is ...:
        del sent[field]
    else:
        sent[field] = value
    assert_error(await ana.ask("message.send", **sent), "request.invalid")
    assert await head(scene) == before
    await assert_alive(ana)


@pytest.mark.parametrize("client_id", ["", "x" * 201])
async def test_a_client_id_has_1_to_200_characters(client_id: str, ana: Peer, scene: Scene) -> None:
    """Else `request.invalid`."""
    sent = {"conversation_id": scene.group, "client_id": client_id, "content": "x"}
    assert_error(await ana.ask("message.send", **sent), "request.invalid")


@pytest.mark.parametrize(
    "mentions",
    ["x", [5], [None], ["nobody"], ["0123456789abcdef01234567"], [""], {"a": 1}, [str(uuid4())] * 2 + ["no"]],
    ids=lambda mentions: repr(mentions)[:30],
)
async def test_mentions_are_user_ids(mentions: Json, ana: Peer, scene: Scene) -> None:
    """Anything else is `request.invalid`, nothing stored."""
    before = await head(scene)
    assert_error(await send(ana, scene.group, mentions=mentions), "request.invalid")
    assert await head(scene) == before
    await assert_alive(ana)


async def test_unknown_and_foreign_and_malformed_conversations_look_the_same(ana: Peer, scene: Scene) -> None:
    """Nobody learns from the answer which conversations there are."""
    wrong = [
        scene.foreign,
        UNKNOWN_ID,
        "",
        "x",
        "0" * 23,
        "G" * 24,
        "0" * 25,
        scene.group.upper() + " ",
        "../x",
        "$ne",
    ]
    answers = []
    for conversation_id in wrong:
        answer = await send(ana, conversation_id)
        answer.pop("id")
        answers.append(answer)
        read = await ana.ask("conversation.read", conversation_id=conversation_id, seq=1)
        read.pop("id")
        answers.append(read)
    assert_error(answers[0], "conversation.not_found")
    assert all(answer == answers[0] for answer in answers), answers
    await assert_alive(ana)


async def test_a_reply_is_to_a_message_of_the_same_conversation(ana: Peer, scene: Scene) -> None:
    """Another conversation's message, an unknown one and nonsense are refused alike, nothing stored."""
    here = (await scene.api.send(scene.ben, scene.group, "here"))["id"]
    there = (await scene.api.send(scene.ben, scene.foreign, "there"))["id"]
    before = await head(scene)
    codes = set()
    for reply_to in (there, UNKNOWN_ID, "nonsense", ""):
        answer = await send(ana, scene.group, reply_to=reply_to)
        assert_error(answer, "message.not_found", "request.invalid")
        codes.add(answer["code"])
    assert len(codes) == 1
    for reply_to in (5, ["x"], True):
        assert_error(await send(ana, scene.group, reply_to=reply_to), "request.invalid")
    assert await head(scene) == before
    answer = await send(ana, scene.group, reply_to=here)
    assert answer["type"] == "ok", answer
    assert (await send(ana, scene.group, reply_to=None))["type"] == "ok"


# --- retries


async def test_a_repeat_answers_the_first_message(ana: Peer, scene: Scene) -> None:
    """Same client_id and content: `duplicate: true`, one message; over HTTP and from another socket too."""
    client_id = uuid4().hex
    mentions, reply_to = [scene.ben.id], (await scene.api.send(scene.ben, scene.group, "first"))["id"]
    sent = {"client_id": client_id, "mentions": mentions, "reply_to": reply_to}
    first = (await send(ana, scene.group, "once", **sent))["result"]
    again = (await send(ana, scene.group, "once", **sent))["result"]
    assert first["duplicate"] is False
    assert again == {**first, "duplicate": True}
    async with peer(scene.instance.port) as other:
        await other.open(scene.ana.token)
        assert (await send(other, scene.group, " once\n", **sent))["result"] == again
    status, told, _ = await scene.api.ask(
        scene.ana, "POST", f"/v1/conversations/{scene.group}/messages", {"content": "once", **sent}
    )
    assert status == 200
    assert (told["id"], told["seq"]) == (first["message_id"], first["seq"])
    assert await head(scene) == first["seq"]


async def test_a_flight_of_repeats_is_one_message(ana: Peer, scene: Scene) -> None:
    """Twenty at once: one stored, nineteen duplicates of it."""
    before = await head(scene)
    sent = {"conversation_id": scene.group, "client_id": uuid4().hex, "content": "at once"}
    for number in range(20):
        ana.say({"type": "message.send", "id": number, **sent})
    results = [(await ana.next_of("ok", "error"))["result"] for _ in range(20)]
    assert sum(not result["duplicate"] for result in results) == 1
    assert {result["seq"] for result in results} == {before + 1}
    assert len({result["message_id"] for result in results}) == 1
    assert await head(scene) == before + 1


async def test_a_repeat_with_something_else_is_a_conflict(ana: Peer, scene: Scene) -> None:
    """Other content, mentions or reply_to under the same client_id: `idempotency.conflict`, nothing stored."""
    client_id = uuid4().hex
    target = (await scene.api.send(scene.ben, scene.group, "target"))["id"]
    first = (await send(ana, scene.group, "once", client_id=client_id))["result"]
    others: list[dict[str, Json]] = [
        {"content": "twice"},
        {"content": "ONCE"},
        {"content": "once", "mentions": [scene.ben.id]},
        {"content": "once", "reply_to": target},
    ]
    for other in others:
        answer = await send(ana, scene.group, client_id=client_id, **other)
        assert_error(answer, "idempotency.conflict")
        assert answer["retry"] is False
    assert await head(scene) == first["seq"]
    assert (await send(ana, scene.group, "once", client_id=client_id))["result"]["duplicate"] is True


async def test_a_client_id_belongs_to_sender_and_conversation(ana: Peer, scene: Scene) -> None:
    """The same one elsewhere, or from somebody else, is another message."""
    client_id = uuid4().hex
    second = (await scene.api.group(scene.ana, scene.ben))["id"]
    assert (await send(ana, scene.group, "mine", client_id=client_id))["result"]["duplicate"] is False
    assert (await send(ana, second, "elsewhere", client_id=client_id))["result"]["duplicate"] is False
    async with peer(scene.instance.port) as ben:
        await ben.open(scene.ben.token)
        assert (await send(ben, scene.group, "his", client_id=client_id))["result"]["duplicate"] is False


async def test_one_socket_sends_in_order(ana: Peer, scene: Scene) -> None:
    """A burst without waiting for answers: seqs in the order of sending, answers too."""
    before = await head(scene)
    for number in range(50):
        ana.say(
            {
                "type": "message.send",
                "id": number,
                "conversation_id": scene.group,
                "client_id": uuid4().hex,
                "content": f"number {number}",
            }
        )
    found = [await ana.next_of("ok", "error") for _ in range(50)]
    assert [one["id"] for one in found] == list(range(50))
    assert [one["result"]["seq"] for one in found] == list(range(before + 1, before + 51))
    path = f"/v1/conversations/{scene.group}/messages?after={before}&limit=100"
    stored = (await scene.api.get(scene.ben, path))["items"]
    assert [one["content"] for one in stored] == [f"number {number}" for number in range(50)]


async def test_a_removed_member_sends_no_more(scene: Scene) -> None:
    """`conversation.not_found` from the moment on, and `conversation.left` is the last they hear of it."""
    group = (await scene.api.group(scene.ana, scene.ben, scene.eve))["id"]
    async with peer(scene.instance.port) as eve:
        await eve.open(scene.eve.token)
        assert (await send(eve, group, "still here"))["type"] == "ok"
        await scene.api.expect(
            204, scene.ana, "DELETE", f"/v1/conversations/{group}/participants/{scene.eve.id}"
        )
        refused = await send(eve, group, "and gone")
        assert_error(refused, "conversation.not_found")
        read = await eve.ask("conversation.read", conversation_id=group, seq=1)
        assert_error(read, "conversation.not_found")
        await assert_alive(eve)
        await scene.api.send(scene.ben, group, "not for her")
        if not any(one["type"] == "conversation.left" for one in eve.aside):
            eve.aside.append(await eve.next_of("conversation.left"))
        await send(eve, scene.foreign, "a mark")
        while (await eve.next_of("message.created"))["message"]["content"] != "a mark":
            pass
        of_it = [one for one in eve.aside if one.get("conversation_id") == group]
    assert of_it[-1]["type"] == "conversation.left"
    assert "not for her" not in str(of_it)


# --- conversation.read


async def test_reading_goes_forward_and_never_past_the_head(ana: Peer, scene: Scene) -> None:
    """`{read_seq, unread_count}`: beyond the head is the head, backwards changes nothing."""
    group = (await scene.api.group(scene.ben, scene.ana))["id"]
    for number in range(5):
        await scene.api.send(scene.ben, group, f"number {number}")
    last = (await scene.api.look(scene.ana, group))["last_seq"]

    async def read(seq: Json) -> Json:
        return await ana.ask("conversation.read", conversation_id=group, seq=seq)

    assert (await read(last - 2))["result"] == {"read_seq": last - 2, "unread_count": 2}
    assert (await read(last - 4))["result"] == {"read_seq": last - 2, "unread_count": 2}
    assert (await read(0))["result"] == {"read_seq": last - 2, "unread_count": 2}
    assert (await read(last + 1000))["result"] == {"read_seq": last, "unread_count": 0}
    await scene.api.send(scene.ben, group, "one more")
    shown = await scene.api.look(scene.ana, group)
    assert (shown["read_seq"], shown["unread_count"]) == (last, 1)


@pytest.mark.parametrize("seq", [..., None, -1, 1.5, "1", True, [1], 10**30], ids=repr)
async def test_a_read_mark_is_a_whole_number(seq: Json, ana: Peer, scene: Scene) -> None:
    """Anything else is `request.invalid`."""
    fields = {} if seq is ... else {"seq": seq}
    assert_error(await ana.ask("conversation.read", conversation_id=scene.group, **fields), "request.invalid")
    await assert_alive(ana)


async def test_a_read_mark_is_told_to_ones_other_sockets_and_to_the_others(ana: Peer, scene: Scene) -> None:
    """`conversation.marked` with the next position to oneself, the receipt to the others."""
    group = (await scene.api.group(scene.ben, scene.ana))["id"]
    seq = (await scene.api.send(scene.ben, group, "read me"))["seq"]
    async with peer(scene.instance.port) as device, peer(scene.instance.port) as ben:
        await device.open(scene.ana.token)
        await ben.open(scene.ben.token)
        before = (await device.ask("ping"))["result"]["position"]
        assert (await ana.ask("conversation.read", conversation_id=group, seq=seq))["type"] == "ok"
        marked = await device.next_of("conversation.marked")
        assert marked == {
            "type": "conversation.marked",
            "position": before + 1,
            "conversation_id": group,
            "read_seq": seq,
            "unread_count": 0,
        }
        receipt = await ben.next_of("conversation.read")
        assert receipt["conversation_id"] == group
        assert receipt["user_id"] == scene.ana.id
        assert receipt["seq"] == seq
        assert receipt["read_at"].endswith("Z")


async def test_who_leaves_while_it_opens_and_returns_hears_everything(scene: Scene) -> None:
    """A reconnect right behind a lost connection does not inherit what the first had begun."""
    for _ in range(5):
        async with peer(scene.instance.port) as hasty:
            await hasty.upgrade(scene.eve.token)
        async with peer(scene.instance.port) as back:
            await back.open(scene.eve.token)
            content = uuid4().hex
            await scene.api.send(scene.ben, scene.foreign, content)
            while (await back.next_of("message.created"))["message"]["content"] != content:
                pass
            assert (await send(back, scene.foreign))["type"] == "ok"
