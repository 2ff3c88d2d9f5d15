"""The published contract against the server: whatever its schemas allow or forbid, the answer is as they say.

The same cases every time. Never asks for what ends the run's own token.
"""

import asyncio
import os
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events

from run import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers

# The server draws random numbers in the same process while cases are made.
pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")
Json = Any
Operation = tuple[str, str]
# Beside the cases that cover each schema, which are some 25 an operation.
EXAMPLES = 15
REQUEST_LINE_BYTES = 8190
# A stream does not end, and a websocket is no answer.
STREAMING = {("GET", "/v1/stream"), ("GET", "/v1/ws")}
# Each of these ends the token that asks, so each is asked with a token of its own.
TOKEN_ENDING = [
    ("DELETE", "/v1/users/me"),
    ("DELETE", "/v1/sessions/current"),
    ("DELETE", "/v1/sessions/{id}"),
    ("PUT", "/v1/users/me/password"),
]
CHECKS: Json = {
    # That one field fits another, that words are not blank, that a cursor was given out: no schema tells.
    "positive_data_acceptance": {"enabled": False},
    # What is wrong may be too large as well, which is found first.
    "negative_data_rejection": {"expected-statuses": [400, 401, 403, 404, 405, 409, 413, 422, 429]},
}


@dataclass(frozen=True)
class Mismatch:
    """An answer that the document does not foresee."""

    operation: str
    check: str
    message: str
    request: str
    answer: str


def without_default_responses(document: Json) -> Json:
    """The document without its `default` answers: only the statuses that are named are foreseen."""
    for methods in document["paths"].values():
        for operation in methods.values():
            operation["responses"].pop("default", None)
    return document


def find_mismatches(document: Json, wanted: set[Operation], root: str, token: str) -> list[Mismatch]:
    """Ask everything, and tell what was not as it says. Blocks: it is for a thread."""
    config = SchemathesisConfig.from_dict(
        {
            "seed": 1,
            "base-url": root,
            "headers": {"Authorization": f"Bearer {token}"},
            "checks": CHECKS,
            "generation": {
                "deterministic": True,
                "max-examples": EXAMPLES,
                "no-shrink": True,
                "database": "none",
            },
            # There are no examples in the document; what follows from what is told by the tests beside this.
            "phases": {
                "examples": {"enabled": False},
                "coverage": {"unexpected-methods": ["POST", "DELETE"]},
                "stateful": {"enabled": False},
            },
        }
    )
    schema = schemathesis.openapi.from_dict(without_default_responses(document), config=config).include(
        lambda context: (context.operation.method.upper(), context.operation.path) in wanted
    )
    found: list[Mismatch] = []
    for event in engine.from_schema(schema).execute():
        match event:
            case events.ScenarioFinished(recorder=recorder):
                for case_id, checks in recorder.checks.items():
                    asked = recorder.interactions.get(case_id)
                    found += [
                        Mismatch(
                            recorder.label,
                            check.name,
                            check.failure_info.failure.message,
                            f"{asked.request.method} {asked.request.uri} {asked.request.encoded_body}",
                            ""
                            if asked.response is None
                            else f"{asked.response.status_code} {asked.response.text}",
                        )
                        for check in checks
                        if check.failure_info is not None and asked is not None
                    ]
            case events.NonFatalError(value=error) | events.FatalError(exception=error):
                raise error
            case _:
                pass
    return [fault for fault in found if not is_excusable(fault)]


def is_excusable(mismatch: Mismatch) -> bool:
    """What no schema can say."""
    uri = mismatch.request.split(" ")[1]
    # The HTTP library refuses a longer line itself, before anything of the house has read it.
    return len(uri) > REQUEST_LINE_BYTES


async def describe_mismatches(
    api: ApiClient, person: RegisteredUser, document: Json, wanted: set[Operation]
) -> str:
    found = await asyncio.to_thread(find_mismatches, document, wanted, api._root, person.token)
    return "\n\n".join(
        f"{fault.operation}: {fault.check}\n{fault.message}\n{fault.request[:1000]}\n{fault.answer[:1000]}"
        for fault in found
    )


def operations(document: Json) -> set[Operation]:
    return {
        (method.upper(), path)
        for path, methods in document["paths"].items()
        for method in methods
        if method in {"get", "put", "post", "patch", "delete"}
    }


@pytest.mark.timeout(400)
@pytest.mark.skipif("CONVENE_TEST_LONG" not in os.environ, reason="a long one: make test-long")
async def test_every_answer_is_as_published(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Status, type, headers and body; what violates a schema, has no token or another method is refused."""
    ana, ben = await people.register(2, instance)
    await api.follow(ben, ana)
    post, group = await api.post(ana), await api.group(ana, ben)
    await api.comment(ben, post["id"])
    await api.rsvp(ben, (await api.event(ana))["id"])
    await api.send(ana, group["id"], "hello")
    document = await api.get(None, "/openapi.json")
    assert (
        await describe_mismatches(api, ana, document, operations(document) - STREAMING - set(TOKEN_ENDING))
        == ""
    )


@pytest.mark.parametrize("operation", TOKEN_ENDING, ids=" ".join)
async def test_what_ends_a_token_answers_as_published(
    operation: Operation, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Each with a token of its own, which it may end."""
    (ana,) = await people.register(1, instance)
    document = await api.get(None, "/openapi.json")
    assert await describe_mismatches(api, ana, document, {operation}) == ""
