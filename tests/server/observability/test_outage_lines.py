"""What an operator reads in the log while a store is away, and afterwards."""

import asyncio
from secrets import token_hex
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from storage import outages
from storage.embedded import StoreUrls
from tests.server.api_client import ApiClient
from tests.server.captured_log import captured_log
from tests.server.registered_users import RegisteredUsers
from tests.server.running_instance import running_instance
from tests.tcp_proxy import TcpProxy
from tests.until import until

STORE = "postgres posts"


async def test_outage_under_requests_is_two_lines(
    stores: StoreUrls, people: RegisteredUsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One when the store is away and one when it is back, however many requests and jobs need it."""
    database = urlsplit(stores.postgres_by_service["posts"])
    folder = parse_qs(database.query)["host"][0]
    async with TcpProxy(f"unix://{folder}/.s.PGSQL.5432") as proxy:
        account = database.netloc.rpartition("@")[0]
        url = f"postgresql://{account}@{proxy.address}{database.path}"
        databases = {**stores.postgres_by_service, "posts": url}
        urls = msgspec.structs.replace(stores, postgres_by_service=databases)
        async with running_instance(urls) as instance, ApiClient(instance) as api:
            (ana,) = await people.register(1, instance)
            post = f"/v1/posts/{(await api.post(ana))['id']}"
            with captured_log() as log:
                proxy.cut_all()
                for _ in range(3):
                    answers = await asyncio.gather(
                        api.request(ana, "GET", post),
                        api.request(ana, "GET", f"/v1/users/{ana.id}/posts"),
                        api.request(ana, "PUT", f"{post}/like"),
                        api.request(
                            ana, "POST", "/v1/posts", {"content": "again"}, Idempotency_Key=token_hex(8)
                        ),
                    )
                    assert [status for status, _, _ in answers] == [503] * len(answers)
                proxy.accepting = True
                await api.wait_for(ana, post, lambda _: True, timeout_s=20.0)
                monkeypatch.setattr(outages, "QUIET_S", 2.0)
                await until(lambda: not outages.get_outage(STORE).statistics().unavailable)
            lines = log.records("warning", "error", "critical")
            assert [(line["event"], line.get("store")) for line in lines] == [
                ("store unavailable", STORE),
                ("store available again", STORE),
            ]
            assert lines[1]["failed_calls"] >= 12
