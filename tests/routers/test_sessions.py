"""Signing in, staying signed in, and being kept out."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.container import Container
from tests.parts import PASSWORD, SeededTenant, client_of, open_test_container
from tests.waiting import eventually

COOKIE = "touchpoint_refresh"


def credentials(**changed: str) -> dict[str, str]:
    return {"tenant": "acme", "email": "li@example.test", "password": PASSWORD, **changed}


async def sign_in(client: httpx.AsyncClient, **changed: str) -> httpx.Response:
    return await client.post("/v1/sessions", json=credentials(**changed))


class TestSignIn:
    async def test_right_password(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        answer = await sign_in(client)
        assert answer.status_code == 201
        assert answer.json()["expires_in_seconds"] == 600
        cookie = answer.headers["set-cookie"]
        assert all(word in cookie for word in ("HttpOnly", "SameSite=strict", "Path=/v1/sessions", "Secure"))
        assert answer.headers["cache-control"] == "no-store"

    async def test_email_in_other_letters(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        assert (await sign_in(client, email="LI@Example.Test")).status_code == 201

    @pytest.mark.parametrize(
        "wrong",
        [
            {"tenant": "nobody"},
            {"email": "nobody@example.test"},
            {"password": "wrong"},
            {"password": "x" * 2000},
        ],
    )
    async def test_wrong_ones_look_alike(
        self, client: httpx.AsyncClient, acme: SeededTenant, wrong: dict[str, str]
    ) -> None:
        answer = await sign_in(client, **wrong)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json() == {
            "type": "/problems/unauthenticated",
            "title": "Sign in first",
            "status": 401,
            "detail": "Tenant, e-mail or password is wrong.",
        }

    async def test_disabled_agent(
        self, client: httpx.AsyncClient, container: Container, acme: SeededTenant
    ) -> None:
        async with container.database.transaction(acme.id) as session:
            await session.execute(
                text("UPDATE agent SET disabled_at = now() WHERE email = 'li@example.test'")
            )
        assert (await sign_in(client)).status_code == 401

    async def test_missing_field_is_named(self, client: httpx.AsyncClient) -> None:
        answer = await client.post("/v1/sessions", json={"tenant": "acme", "email": "x"})
        assert answer.status_code == 422
        assert [e["pointer"] for e in answer.json()["errors"]] == ["/password"]


class TestThrottle:
    async def test_an_account_locks_whatever_the_password(
        self, client: httpx.AsyncClient, acme: SeededTenant
    ) -> None:
        wrong = [(await sign_in(client, password="wrong")).status_code for _ in range(5)]
        assert wrong == [401] * 5
        locked = await sign_in(client)
        assert locked.status_code == 429
        assert 1 <= int(locked.headers["retry-after"]) <= 31

    async def test_an_unknown_account_locks_alike(self, client: httpx.AsyncClient) -> None:
        answers = [await sign_in(client, tenant="nobody") for _ in range(6)]
        assert [a.status_code for a in answers] == [401] * 5 + [429]

    async def test_guesses_in_parallel_are_no_way_around(
        self, client: httpx.AsyncClient, acme: SeededTenant
    ) -> None:
        answers = await asyncio.gather(*(sign_in(client, password=f"guess {n}") for n in range(12)))
        assert sorted(a.status_code for a in answers) == [401] * 5 + [429] * 7

    async def test_success_forgives(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        for _ in range(3):
            for _ in range(2):
                await sign_in(client, password="wrong")
            assert (await sign_in(client)).status_code == 201

    async def test_the_lock_ends(
        self, client: httpx.AsyncClient, container: Container, acme: SeededTenant
    ) -> None:
        for _ in range(6):
            await sign_in(client, password="wrong")
        async with container.database.transaction() as session:
            await session.execute(text("UPDATE login_failure SET locked_until = now() - interval '1 second'"))
        assert (await sign_in(client)).status_code == 201


class TestRefresh:
    async def test_the_cookie_brings_a_new_token_and_a_new_cookie(
        self, client: httpx.AsyncClient, acme: SeededTenant
    ) -> None:
        await sign_in(client)
        first = client.cookies[COOKIE]
        answer = await client.post("/v1/sessions/refresh")
        assert answer.status_code == 200 and client.cookies[COOKIE] != first
        token = answer.json()["access_token"]
        assert (await client.post("/v1/sessions/refresh")).status_code == 200
        assert token

    async def test_reuse_ends_the_family(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        await sign_in(client)
        stolen = client.cookies[COOKIE]
        await client.post("/v1/sessions/refresh")
        latest = client.cookies[COOKIE]
        assert (await refresh_with(client, stolen)).status_code == 401
        assert (await refresh_with(client, latest)).status_code == 401

    async def test_without_or_with_a_made_up_cookie(self, client: httpx.AsyncClient) -> None:
        assert (await client.post("/v1/sessions/refresh")).status_code == 401
        assert (await refresh_with(client, "made-up")).status_code == 401

    async def test_signed_out(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        token = (await sign_in(client)).json()["access_token"]
        cookie = client.cookies[COOKIE]
        client.cookies.clear()
        headers = {"authorization": f"Bearer {token}"}
        assert (await client.delete("/v1/sessions/current", headers=headers)).status_code == 204
        assert (await refresh_with(client, cookie)).status_code == 401


class TestEndedSession:
    """Its access token would be good for ten minutes."""

    async def test_signed_out_opens_nothing_any_more(
        self, client: httpx.AsyncClient, acme: SeededTenant
    ) -> None:
        bearer = await signed_in(client)
        assert (await client.get("/v1/me", headers=bearer)).status_code == 200
        await client.delete("/v1/sessions/current", headers=bearer)
        refused = await client.get("/v1/me", headers=bearer)
        assert (refused.status_code, refused.json()["type"]) == (401, "/problems/unauthenticated")

    async def test_another_session_of_the_same_agent_goes_on(
        self, client: httpx.AsyncClient, acme: SeededTenant
    ) -> None:
        one, two = await signed_in(client), await signed_in(client)
        client.cookies.clear()
        await client.delete("/v1/sessions/current", headers=one)
        assert (await client.get("/v1/me", headers=two)).status_code == 200

    async def test_a_cookie_used_twice_ends_its_tokens_too(
        self, client: httpx.AsyncClient, acme: SeededTenant
    ) -> None:
        bearer = await signed_in(client)
        stolen = client.cookies[COOKIE]
        await client.post("/v1/sessions/refresh")
        await refresh_with(client, stolen)
        assert (await client.get("/v1/me", headers=bearer)).status_code == 401

    async def test_ended_at_another_process(
        self, client: httpx.AsyncClient, container: Container, acme: SeededTenant, tmp_path: Path
    ) -> None:
        heard: list[str] = []
        container.notifications.hear("test", heard.append)
        container.keep_running(container.notifications.run(), "notifications")
        bearer = await signed_in(client)
        async with open_test_container(container.database.url, tmp_path) as elsewhere:
            elsewhere.keep_running(elsewhere.notifications.run(), "notifications")

            async def connected() -> bool:
                await elsewhere.notifications.tell("test", "here")
                return "here" in heard

            await eventually(connected)
            async with client_of(elsewhere) as other:
                await other.delete("/v1/sessions/current", headers=bearer)

        async def refused() -> bool:
            return (await client.get("/v1/me", headers=bearer)).status_code == 401

        await eventually(refused)

    async def test_ended_while_a_process_was_not_there(
        self, client: httpx.AsyncClient, container: Container, acme: SeededTenant, tmp_path: Path
    ) -> None:
        bearer = await signed_in(client)
        await client.delete("/v1/sessions/current", headers=bearer)
        async with open_test_container(container.database.url, tmp_path) as elsewhere:
            await elsewhere.ended_sessions.refresh()
            async with client_of(elsewhere) as other:
                assert (await other.get("/v1/me", headers=bearer)).status_code == 401


async def signed_in(client: httpx.AsyncClient) -> dict[str, str]:
    return {"authorization": f"Bearer {(await sign_in(client)).json()['access_token']}"}


async def refresh_with(client: httpx.AsyncClient, cookie: str) -> Any:
    client.cookies.clear()
    return await client.post("/v1/sessions/refresh", headers={"cookie": f"{COOKIE}={cookie}"})
