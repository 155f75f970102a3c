"""The directory in memory: told of changes, and still there while the database is not."""

from pathlib import Path

import httpx
from sqlalchemy import text

from app.container import open_container
from app.embedded import EmbeddedPostgres
from app.migrate import migrate
from app.settings import Settings
from app.setup.apply import apply
from app.setup.document import load
from tests.parts import client_of, open_test_container, seed
from tests.waiting import eventually

SETUP = """
tenant: {{key: acme}}
teams: [{{key: support}}]
queues: [{{key: billing, teams: [{{key: support}}]}}]
endpoints:
  - {{key: {key}, adapter: form, queue: billing}}
"""


async def apply_with(settings: Settings, folder: Path, key: str) -> dict[str, str]:
    file = folder / "SETUP.yaml"
    file.write_text(SETUP.format(key=key))
    return (await apply(settings, load(file))).endpoints[key]


async def test_apply_is_heard_at_once(database_url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url=database_url)
    await apply_with(settings, tmp_path, "first")
    async with open_container(settings) as container:
        assert [endpoint.key for endpoint in container.endpoints.all()] == ["first"]

        async def heard() -> bool:
            await container.notifications.tell("touchpoint_setup")  # until it listens
            return [endpoint.key for endpoint in container.endpoints.all()] == ["second"]

        await apply_with(settings, tmp_path, "second")
        await eventually(heard)


async def test_a_broken_configuration_leaves_the_others(database_url: str, tmp_path: Path) -> None:
    async with open_test_container(database_url, tmp_path) as container:
        acme = await seed(container, "acme")
        async with container.database.transaction(acme.id) as session:
            await session.execute(
                text("UPDATE endpoint SET config = '\\x00', version = 2 WHERE key = 'hotline'")
            )
        await container.endpoints.refresh()
        assert {endpoint.key for endpoint in container.endpoints.all()} == {"site-chat", "contact-form"}


async def test_secrets_are_in_no_representation(database_url: str, tmp_path: Path) -> None:
    async with open_test_container(database_url, tmp_path) as container:
        await seed(container, "acme")
        for endpoint in container.endpoints.all():
            assert "whsec_" not in repr(endpoint)


async def test_while_the_database_is_away(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "server")
    url = await server.start()
    try:
        await migrate(url)
        async with open_test_container(url, tmp_path) as container, client_of(container) as client:
            acme = await seed(container, "acme")
            await server.stop()
            form = f"/forms/{acme.endpoints['contact-form'].id}"
            accepted = await client.post(form, json={"subject": "Still", "text": "open"})
            assert accepted.status_code == 202  # the log of this test needs no database
            refused = await client.get("/v1/me", headers=acme.bearer("li"))
            assert refused.status_code == 503 and "retry-after" in refused.headers
            await _not_ready(client)
            await server.start()
            again = await eventually(lambda: _answer(client, acme.bearer("li")))
            assert again.status_code == 200
    finally:
        await server.stop()


async def _not_ready(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).status_code == 200
    answer = await client.get("/readyz")
    assert answer.status_code == 503 and answer.json()["type"] == "/problems/unavailable"


async def _answer(client: httpx.AsyncClient, headers: dict[str, str]) -> httpx.Response | None:
    answer = await client.get("/v1/me", headers=headers)
    return answer if answer.status_code == 200 else None
