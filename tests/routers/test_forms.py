"""Forms from tenants' own web pages."""

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.clock import SystemClock
from app.container import Container
from app.database import Database
from app.doors.throttle import Throttle
from app.events import FormSubmitted
from app.main import create_app
from tests.parts import MemoryLog, SeededTenant
from tests.routers.test_attachments import PNG

FORM = {"name": "王芳", "email": "wang@Example.com", "subject": "Broken", "text": "It does not work."}


class StandingClock(SystemClock):
    def monotonic(self) -> float:
        return 0.0


async def submit(client: httpx.AsyncClient, tenant: SeededTenant, **request: Any) -> httpx.Response:
    return await client.post(f"/forms/{tenant.endpoints['contact-form'].id}", **request)


def submitted(container: Container) -> list[FormSubmitted]:
    assert isinstance(container.bus, MemoryLog)
    events = [envelope.event() for envelope in container.bus.published]
    return [event for event in events if isinstance(event, FormSubmitted)]


class TestAccepted:
    async def test_json(self, client: httpx.AsyncClient, container: Container, acme: SeededTenant) -> None:
        answer = await submit(client, acme, json={**FORM, "fields": {"order": "A-1"}})
        assert answer.status_code == 202
        (event,) = submitted(container)
        assert event.external_id == answer.json()["reference"]
        assert (event.name, event.email, event.fields) == ("王芳", "wang@example.com", {"order": "A-1"})

    async def test_form_encoded(
        self, client: httpx.AsyncClient, container: Container, acme: SeededTenant
    ) -> None:
        assert (await submit(client, acme, data={**FORM, "order": "A-1"})).status_code == 202
        assert submitted(container)[0].fields == {"order": "A-1"}

    async def test_a_page_may_read_that_a_file_is_too_large(
        self, client: httpx.AsyncClient, container: Container, acme: SeededTenant
    ) -> None:
        container.settings = container.settings.model_copy(update={"file_max_bytes": 10})
        headers = {"origin": "https://shop.example"}
        answer = await submit(client, acme, data=FORM, files={"files": ("p.png", PNG)}, headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")
        assert "access-control-allow-origin" in answer.headers

    async def test_multipart_with_files(
        self, client: httpx.AsyncClient, container: Container, acme: SeededTenant
    ) -> None:
        answer = await submit(client, acme, data=FORM, files={"photo": ("p.png", PNG), "empty": ("", b"")})
        assert answer.status_code == 202
        (file,) = submitted(container)[0].attachments
        assert (file.name, file.content_type, file.size) == ("p.png", "image/png", len(PNG))


class TestIdempotencyKey:
    async def test_the_same_key_is_one_request(
        self, client: httpx.AsyncClient, container: Container, acme: SeededTenant
    ) -> None:
        headers = {"idempotency-key": "k1"}
        first = await submit(client, acme, json=FORM, headers=headers)
        again = await submit(client, acme, json=FORM, headers=headers)
        assert first.json() == again.json()
        assert len({event.external_id for event in submitted(container)}) == 1

    async def test_another_body(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        headers = {"idempotency-key": "k1"}
        await submit(client, acme, json=FORM, headers=headers)
        answer = await submit(client, acme, json={**FORM, "text": "Other."}, headers=headers)
        assert answer.status_code == 422
        assert answer.json()["type"] == "/problems/idempotency-key-reused"


class TestRefused:
    @pytest.mark.parametrize(
        ("request_", "pointer"),
        [
            ({"json": {"text": "x"}}, "/subject"),
            ({"json": {**FORM, "email": "nobody"}}, "/email"),
            ({"content": b"{"}, ""),
            ({"content": b'{"subject": "\\ud800", "text": "x"}'}, ""),
        ],
    )
    async def test_told_and_kept(
        self,
        client: httpx.AsyncClient,
        database_url: str,
        acme: SeededTenant,
        request_: dict[str, Any],
        pointer: str,
    ) -> None:
        answer = await submit(client, acme, **request_)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == pointer
        async with Database(database_url, pooled=False).read() as session:
            assert len((await session.execute(text("SELECT 1 FROM dead_letter"))).all()) == 1

    async def test_unknown_endpoint(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        assert (await client.post(f"/forms/{acme.endpoints['hotline'].id}", json=FORM)).status_code == 404
        assert (await client.post("/forms/nonsense", json=FORM)).status_code == 404

    async def test_nothing_can_store(
        self, client: httpx.AsyncClient, container: Container, acme: SeededTenant
    ) -> None:
        assert isinstance(container.bus, MemoryLog)
        container.bus.away = True
        answer = await submit(client, acme, json=FORM)
        assert answer.status_code == 503 and "retry-after" in answer.headers

    async def test_too_much_waits_already(
        self, client: httpx.AsyncClient, container: Container, acme: SeededTenant
    ) -> None:
        container.pressure.unread = container.settings.unread_inbound_max + 1
        answer = await submit(client, acme, json=FORM)
        assert answer.status_code == 503 and "retry-after" in answer.headers

    async def test_too_large(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        answer = await submit(client, acme, json={**FORM, "text": "x" * 300_000})
        assert answer.status_code == 413

    async def test_rubbish_without_end(
        self, client: httpx.AsyncClient, container: Container, acme: SeededTenant
    ) -> None:
        container.rubbish = Throttle(StandingClock(), burst=3, per_second=1)
        answers = [await submit(client, acme, content=b"{") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [422, 422, 422, 429]
        assert answers[-1].headers["retry-after"] == "1"


class TestPages:
    async def test_a_page_may_post_and_read_the_answer(
        self, client: httpx.AsyncClient, acme: SeededTenant
    ) -> None:
        url = f"/forms/{acme.endpoints['contact-form'].id}"
        headers = {"origin": "https://shop.example", "access-control-request-method": "POST"}
        asked = await client.options(url, headers=headers)
        assert asked.status_code == 204
        assert asked.headers["access-control-allow-origin"] == "https://shop.example"
        for body in (FORM, {}):
            answer = await client.post(url, json=body, headers=headers)
            assert answer.headers["access-control-allow-origin"] == "https://shop.example"


class TestGivenUp:
    async def test_a_sender_who_goes_away_is_no_fault_of_ours(
        self, container: Container, acme: SeededTenant
    ) -> None:
        """After an outage the requests that nobody waits for any more are many: each must cost little."""
        path = f"/forms/{acme.endpoints['contact-form'].id}"
        scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": []}
        statuses: list[int] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            statuses.append(message.get("status", 0))

        await create_app(container)(scope, receive, send)
        assert statuses[0] == 400
