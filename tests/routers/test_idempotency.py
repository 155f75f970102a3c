"""`Idempotency-Key`: one effect and one answer, however often it is sent."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.container import Container
from tests.parts import SeededTenant

WISH: dict[str, Any] = {"name": "shop", "scopes": ["work"]}


async def create(
    client: httpx.AsyncClient, tenant: SeededTenant, key: str = "k", who: str = "wang", **body: Any
) -> httpx.Response:
    headers = {**tenant.bearer(who), "idempotency-key": key}
    return await client.post("/v1/api-keys", json={**WISH, **body}, headers=headers)


async def count(container: Container, tenant: SeededTenant) -> int:
    async with container.database.read(tenant.id) as session:
        return int((await session.execute(text("SELECT count(*) FROM api_key"))).scalar_one())


class TestTheSameKey:
    async def test_gives_the_stored_answer(
        self, client: httpx.AsyncClient, container: Container, acme: SeededTenant
    ) -> None:
        first, again = await create(client, acme), await create(client, acme)
        assert first.status_code == again.status_code == 201
        assert first.content == again.content
        assert again.headers["content-type"] == "application/json"
        assert await count(container, acme) == 1

    async def test_at_the_same_time(
        self, client: httpx.AsyncClient, container: Container, acme: SeededTenant
    ) -> None:
        answers = await asyncio.gather(*(create(client, acme) for _ in range(5)))
        assert {answer.content for answer in answers} == {answers[0].content}
        assert await count(container, acme) == 1

    async def test_with_another_body(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        await create(client, acme)
        answer = await create(client, acme, name="other")
        assert answer.status_code == 422
        assert answer.json()["type"] == "/problems/idempotency-key-reused"

    async def test_of_another_caller_or_tenant_is_another_key(
        self, client: httpx.AsyncClient, container: Container, acme: SeededTenant, other: SeededTenant
    ) -> None:
        first = await create(client, acme)
        assert (await create(client, other)).content != first.content
        assert await count(container, acme) == await count(container, other) == 1

    async def test_a_refusal_is_kept_too(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        first = await create(client, acme, scopes=["nothing"])
        again = await create(client, acme, scopes=["nothing"])
        assert first.status_code == again.status_code == 422
        assert first.content == again.content
        assert (await create(client, acme)).json()["type"] == "/problems/idempotency-key-reused"

    async def test_forbidden_is_not_kept(
        self, client: httpx.AsyncClient, container: Container, acme: SeededTenant
    ) -> None:
        assert (await create(client, acme, who="li")).status_code == 403
        async with container.database.read(acme.id) as session:
            kept = await session.execute(text("SELECT 1 FROM idempotent_answer"))
        assert kept.all() == []

    async def test_after_a_day_it_is_new(
        self, client: httpx.AsyncClient, container: Container, acme: SeededTenant
    ) -> None:
        await create(client, acme)
        async with container.database.transaction(acme.id) as session:
            await session.execute(
                text("UPDATE idempotent_answer SET created_at = now() - interval '25 hours'")
            )
        assert (await create(client, acme, name="other")).status_code == 201
        assert await count(container, acme) == 2

    async def test_the_answer_lies_sealed(
        self, client: httpx.AsyncClient, container: Container, acme: SeededTenant
    ) -> None:
        secret = (await create(client, acme)).json()["key"]
        async with container.database.read(acme.id) as session:
            (row,) = (await session.execute(text("SELECT answer FROM idempotent_answer"))).all()
        assert secret.encode() not in row.answer


class TestInFlight:
    @pytest.mark.timeout(60)
    async def test_still_running_after_five_seconds(
        self, client: httpx.AsyncClient, container: Container, acme: SeededTenant
    ) -> None:
        insert = text(
            "INSERT INTO idempotent_answer (tenant_id, caller, route, key, body_hash) "
            "VALUES (:t, :c, 'POST /v1/api-keys', 'k', 'x')"
        )
        async with container.database.transaction(acme.id) as session:
            caller = f"agent/{acme.agents['wang'].id}"
            await session.execute(insert, {"t": acme.id, "c": caller})
            answer = await create(client, acme)
            assert answer.status_code == 409 and answer.json()["type"] == "/problems/in-progress"
            await session.execute(text("DELETE FROM idempotent_answer"))


@pytest.mark.parametrize("key", ["", "x" * 256, "é"])
async def test_unusable_keys(client: httpx.AsyncClient, acme: SeededTenant, key: str) -> None:
    headers = {
        "authorization": acme.bearer("wang")["authorization"].encode(),
        "idempotency-key": key.encode(),
    }
    answer = await client.post("/v1/api-keys", json=WISH, headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 400
