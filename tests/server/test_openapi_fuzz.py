"""Sends generated requests to the server and checks every response against the published document.

The same cases every run. Requests that would end the run's own token are excluded.
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

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers

# The server uses the random module of the same process while cases are generated.
pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")
Json = Any
Operation = tuple[str, str]
# In addition to the cases that cover each schema, about 25 per operation.
EXAMPLES = 15
REQUEST_LINE_BYTES = 8190
# An event stream does not end, and a websocket has no response.
STREAMING = {("GET", "/v1/stream"), ("GET", "/v1/ws")}
# Each of these revokes its token, so each request uses a new one.
TOKEN_ENDING = [
    ("DELETE", "/v1/users/me"),
    ("DELETE", "/v1/sessions/current"),
    ("DELETE", "/v1/sessions/{id}"),
    ("PUT", "/v1/users/me/password"),
]
CHECKS: Json = {
    # Schemas cannot express relations of fields, texts that are not blank, or valid cursors.
    "positive_data_acceptance": {"enabled": False},
    # An invalid body may also be too large, which is detected first.
    "negative_data_rejection": {"expected-statuses": [400, 401, 403, 404, 405, 409, 413, 422, 429]},
}


@dataclass(frozen=True)
class Mismatch:
    """A response that the document does not allow."""

    operation: str
    check: str
    message: str
    request: str
    answer: str


def without_default_responses(document: Json) -> Json:
    """Return the document without `default` responses, so that only listed statuses are allowed."""
    for methods in document["paths"].values():
        for operation in methods.values():
            operation["responses"].pop("default", None)
    return document


def find_mismatches(document: Json, wanted: set[Operation], root: str, token: str) -> list[Mismatch]:
    """Send all requests and return the mismatches. Blocks, so it runs in a thread."""
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
            # The document has no examples, and stateful sequences have tests of their own.
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
    mismatches: list[Mismatch] = []
    for event in engine.from_schema(schema).execute():
        match event:
            case events.ScenarioFinished(recorder=recorder):
                for case_id, checks in recorder.checks.items():
                    asked = recorder.interactions.get(case_id)
                    mismatches += [
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
    return [fault for fault in mismatches if not is_excusable(fault)]


def is_excusable(mismatch: Mismatch) -> bool:
    """Whether a mismatch is due to a rule that a schema cannot express."""
    uri = mismatch.request.split(" ")[1]
    # aiohttp itself rejects a longer request line, before the server's code runs.
    return len(uri) > REQUEST_LINE_BYTES


async def describe_mismatches(
    api: ApiClient, person: RegisteredUser, document: Json, wanted: set[Operation]
) -> str:
    mismatches = await asyncio.to_thread(find_mismatches, document, wanted, api._root, person.token)
    return "\n\n".join(
        f"{fault.operation}: {fault.check}\n{fault.message}\n{fault.request[:1000]}\n{fault.answer[:1000]}"
        for fault in mismatches
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
async def test_every_response_matches_the_document(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Status, type, headers and body; schema violations, missing tokens and other methods are rejected."""
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
async def test_token_ending_routes_match_the_document(
    operation: Operation, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Each request uses a separate token."""
    (ana,) = await people.register(1, instance)
    document = await api.get(None, "/openapi.json")
    assert await describe_mismatches(api, ana, document, {operation}) == ""
