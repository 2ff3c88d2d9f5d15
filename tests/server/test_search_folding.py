"""Names are found as people type them, on every surface that searches: users, events, members, tags."""

import unicodedata
from secrets import token_hex
from urllib.parse import quote

import pytest

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUsers

NFD = unicodedata.normalize("NFD", "José")
NAMES = [
    ("İpek", "İpek"),
    ("İpek", "ipek"),
    ("İpek", "İPEK"),
    ("ΟΔΥΣΣΕΥΣ", "οδυσσευς"),
    ("οδυσσευς", "ΟΔΥΣΣΕΥΣ"),
    ("Straße", "STRASSE"),
    (NFD, "josé"),
    ("José", NFD.upper()),
    ("「花見」大会", "花見"),
    ("karting", "kart"),
    ("Bert Newcomer", "Newcomer"),
    ("می\u200cخواهم", "می\u200cخواهم"),
    ("ශ්\u200dරී", "ශ්\u200dරී"),
    ("\U0001f468\u200d\U0001f469\u200d\U0001f467 Smith", "\U0001f468\u200d\U0001f469\u200d\U0001f467"),
    ("A\u00a0Newcomer", "A\u00a0Newcomer"),
    ("花\u3000見る", "花\u3000見る"),
    ("\U0001fae9 party", "\U0001fae9"),
]


@pytest.mark.parametrize(("name", "query"), NAMES)
async def test_name_is_found_as_people_type_it(
    api: ApiClient, instance: Instance, people: RegisteredUsers, name: str, query: str
) -> None:
    """Users, events and members of a conversation, by the same folding. The mark keeps other tests out."""
    ana, ben = await people.register(2, instance)
    mark = token_hex(4)
    await api.expect(200, ben, "PATCH", "/v1/users/me", {"display_name": f"{name} {mark}"})
    event = await api.event(ana, title=f"{name} {mark}")
    group = await api.group(ana, ben)
    for path, wanted in (
        (f"/v1/users?q={quote(f'{query} {mark}')}", ben.id),
        (f"/v1/events?q={quote(f'{query} {mark}')}", event["id"]),
        (f"/v1/conversations/{group['id']}/participants?q={quote(query)}", ben.id),
    ):
        assert [item["id"] for item in (await api.get(ana, path))["items"]] == [wanted], path


@pytest.mark.parametrize(
    ("tag", "spelling"),
    [("İpek", "ipek"), ("ΟΔΥΣΣΕΥΣ", "οδυσσευς"), ("Straße", "STRASSE"), (NFD, "JOSÉ"), ("花見", "花見")],
)
async def test_tag_is_found_in_any_spelling(
    api: ApiClient, instance: Instance, people: RegisteredUsers, tag: str, spelling: str
) -> None:
    """With the folding of names."""
    (ana,) = await people.register(1, instance)
    post = await api.post(ana, f"see #{tag}")
    assert post["tags"] == [tag]
    page = await api.get(ana, f"/v1/tags/{quote(spelling)}/posts")
    assert post["id"] in [item["id"] for item in page["items"]]
