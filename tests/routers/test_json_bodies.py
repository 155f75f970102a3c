"""Bodies that are no JSON, or JSON that nobody asked for: a documented answer on every route, never a 5xx."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from fastapi.params import Body, File

from routers import all_routers
from tests.parts import SeededTenant

OWN = [
    b"",
    b"{",
    b"\xff\xfe",
    b'{"a": NaN}',
    b'{"a": 1e400}',
    b'{"a": "\\ud800"}',
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"name": "\\u0000"}',
    b'{"version": 99999999999999999999999999}',
    b"null",
    b"[]",
    b'"text"',
    b"0",
]


def json_routes() -> Iterator[tuple[str, str]]:
    """(method, path with an id that nobody has) of each route that reads JSON; the doors outside too."""
    for router in all_routers():
        for route in router.routes:
            field = getattr(route, "body_field", None)
            if field is None or isinstance(field.field_info, File):
                continue
            assert isinstance(field.field_info, Body)
            for method in route.methods:
                yield method, _with_ids(route.path)


def _with_ids(path: str) -> str:
    parts = path.split("/")
    return "/".join(str(uuid4()) if part.startswith("{") else part for part in parts)


async def answers(
    client: httpx.AsyncClient, tenant: SeededTenant, bodies: list[bytes]
) -> list[httpx.Response]:
    """Of every route to each of `bodies`."""
    headers = {**tenant.bearer("wang"), "content-type": "application/json"}
    at_once = asyncio.Semaphore(16)

    async def send(method: str, path: str, body: bytes) -> httpx.Response:
        async with at_once:
            return await client.request(method, path, content=body, headers=headers)

    doors = [("POST", f"/forms/{tenant.endpoints['contact-form'].id}")]
    places = [*json_routes(), *doors]
    return list(await asyncio.gather(*(send(*place, body) for place in places for body in bodies)))


def assert_documented(answer: httpx.Response) -> None:
    shown = f"{answer.request.method} {answer.request.url.path} {answer.request.content[:60]!r}"
    assert answer.status_code < 500, f"{shown}: {answer.status_code} {answer.text}"
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json", shown
        assert answer.json()["type"].startswith("/problems/"), shown


async def test_own_collection(client: httpx.AsyncClient, acme: SeededTenant) -> None:
    for answer in await answers(client, acme, OWN):
        assert_documented(answer)


@pytest.mark.timeout(600)
async def test_json_test_suite(client: httpx.AsyncClient, acme: SeededTenant, shared_data: Path) -> None:
    files = sorted((shared_data / "json").glob("*.json"))
    assert len(files) > 300
    for answer in await answers(client, acme, [file.read_bytes() for file in files]):
        assert_documented(answer)


async def test_malformed_ones_are_400(
    client: httpx.AsyncClient, acme: SeededTenant, shared_data: Path
) -> None:
    for file in sorted((shared_data / "json").glob("n_*.json")):
        if content := file.read_bytes():
            headers = {"content-type": "application/json"}
            answer = await client.post("/v1/sessions", content=content, headers=headers)
            assert answer.status_code == 400, file.name


async def test_wellformed_ones_are_read(
    client: httpx.AsyncClient, acme: SeededTenant, shared_data: Path
) -> None:
    for file in sorted((shared_data / "json").glob("y_*.json")):
        headers = {"content-type": "application/json"}
        answer = await client.post("/v1/sessions", content=file.read_bytes(), headers=headers)
        assert answer.status_code == 422, file.name


class TestBodiesThatAreTooLarge:
    async def test_by_their_length(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        answer = await client.post("/v1/sessions", content=b" " * (256 * 1024 + 1))
        assert answer.status_code == 413 and answer.json()["type"] == "/problems/too-large"

    async def test_while_they_come_in(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        async def endless() -> object:
            while True:
                yield b" " * 65536

        headers = {"content-type": "application/json"}
        answer = await client.post("/v1/sessions", content=endless(), headers=headers)  # type: ignore[arg-type]
        assert answer.status_code == 413


class TestOddRequests:
    @pytest.mark.parametrize(
        "path", ["/v1/directory?q=%00", "/v1/interactions/%00", "/v1/\x00".replace("\x00", "%00")]
    )
    async def test_nul(self, client: httpx.AsyncClient, acme: SeededTenant, path: str) -> None:
        answer = await client.get(path, headers=acme.bearer("li"))
        assert answer.status_code in (400, 404)

    async def test_an_id_that_is_none(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        answer = await client.get("/v1/interactions/none", headers=acme.bearer("li"))
        assert answer.status_code == 404 and answer.json()["type"] == "/problems/not-found"

    async def test_a_wrong_query(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        answer = await client.get("/v1/api-keys?limit=100000", headers=acme.bearer("wang"))
        assert answer.status_code == 422 and answer.json()["errors"][0]["pointer"] == "/limit"

    async def test_no_such_path(self, client: httpx.AsyncClient) -> None:
        for path in ("/v1/nothing", "/nothing"):
            answer = await client.get(path)
            assert answer.status_code == 404 and answer.json()["type"] == "/problems/not-found"
        assert (await client.get("/v1/sessions")).status_code == 405
