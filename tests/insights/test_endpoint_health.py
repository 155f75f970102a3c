"""How channel accounts are: silence against the usual pace, failures, refusals, and a test of the way in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from sqlalchemy import text

from app.clock import new_id
from app.container import Container
from app.database import WORKER_ROLE, Database
from app.main import create_app
from channels.email.parser import MailParser
from interactions.intake.intake import Intake
from interactions.intake.mail_reader import MailReader
from models import Endpoint
from tests.parts import MemoryLog, SeededTenant, client_of, open_test_container, seed
from tests.serving import serving


class Board:
    """A supervisor's view of one tenant, and the rows behind it."""

    def __init__(self, container: Container, client: httpx.AsyncClient, tenant: SeededTenant) -> None:
        self.container, self.client, self.tenant = container, client, tenant
        self.now = datetime.now(UTC)

    def id(self, key: str) -> UUID:
        return self.tenant.endpoints[key].id

    async def execute(self, statement: str, **values: Any) -> None:
        database = Database(self.container.settings.database_url or "", WORKER_ROLE, pool_size=1)
        async with database.transaction(self.tenant.id) as session:
            await session.execute(text(statement), {"tenant": self.tenant.id, **values})
        await database.close()

    async def came(self, key: str, *ago: timedelta, late: float = 0) -> None:
        """Messages that came so long ago, and stood on the timeline `late` seconds later."""
        for one in ago:
            await self.execute(
                "INSERT INTO touch (tenant_id, id, endpoint_id, at, created_at, direction, kind, channel, "
                "text, payload, attachments, author, delivery_hops, version) "
                "VALUES (:tenant, :id, :endpoint, :at, :created, 'inbound', 'message', 'messaging', 'x', "
                "'{}', '[]', '{}', '[]', 1)",
                id=new_id(),
                endpoint=self.id(key),
                at=self.now - one,
                created=self.now - one + timedelta(seconds=late),
            )

    async def sent(self, key: str, *outcomes: str, reason: str | None = None) -> None:
        for outcome in outcomes:
            await self.execute(
                "INSERT INTO exchange (id, tenant_id, endpoint_id, direction, at, method, url, outcome, "
                "reason, request, response) VALUES "
                "(:id, :tenant, :endpoint, 'out', clock_timestamp(), 'POST', 'u', :outcome, :reason, '', '')",
                id=new_id(),
                endpoint=self.id(key),
                outcome=outcome,
                reason=reason,
            )

    async def item(self, key: str) -> dict[str, Any]:
        answer = await self.client.get("/v1/endpoints/health", headers=self.tenant.bearer("han"))
        assert answer.status_code == 200, answer.text
        (found,) = [item for item in answer.json()["items"] if item["endpoint"] == key]
        return dict(found)

    async def mailbox(self) -> UUID:
        """An endpoint that is listened to."""
        config = {
            "address": "help@acme.test",
            "smtp": {"host": "127.0.0.1", "port": 25},
            "imap": {"host": "127.0.0.1", "password": "x"},
        }
        sealed = self.container.cipher.seal(self.tenant.id, orjson.dumps(config))
        mailbox = Endpoint(
            id=new_id(), tenant_id=self.tenant.id, key="mailbox", adapter="email", config=sealed
        )
        mailbox.channel, mailbox.queue = "email", "billing"
        async with self.container.database.transaction(self.tenant.id) as session:
            session.add(mailbox)
        await self.container.endpoints.refresh()
        return mailbox.id

    async def test(self, key: str) -> httpx.Response:
        return await self.client.post(f"/v1/endpoints/{key}/test", headers=self.tenant.bearer("han"))


@pytest.fixture
async def board(database_url: str, tmp_path: Path) -> AsyncIterator[Board]:
    async with open_test_container(database_url, tmp_path) as container, client_of(container) as client:
        yield Board(container, client, await seed(container, "acme"))


WEEK = timedelta(days=7)
HOUR = timedelta(hours=1)


class TestSilence:
    async def test_of_who_usually_hears_much_at_this_time_is_an_alarm(self, board: Board) -> None:
        for week in (1, 2, 3, 4):
            await board.came("hotline", *(week * WEEK + minute * HOUR / 60 for minute in range(2, 12)))
        await board.came("hotline", timedelta(minutes=30), 4 * WEEK + 2 * HOUR)
        item = await board.item("hotline")
        assert item["expected_events"] == 10
        assert item["alarms"] == ["silent"] and item["silent_since"] is not None

    async def test_of_who_usually_hears_little_at_this_time_is_none(self, board: Board) -> None:
        for week in (1, 2, 3, 4):
            await board.came("hotline", week * WEEK + HOUR / 2)
        await board.came("hotline", HOUR, 4 * WEEK + 2 * HOUR)
        item = await board.item("hotline")
        assert (item["expected_events"], item["silent_since"], item["alarms"]) == (1, None, [])

    async def test_of_a_new_one_is_not_judged(self, board: Board) -> None:
        await board.came("hotline", *(2 * HOUR + minute * HOUR / 60 for minute in range(30)))
        item = await board.item("hotline")
        assert (item["expected_events"], item["silent_since"]) == (None, None)

    async def test_past_what_the_set_up_says(self, board: Board) -> None:
        await board.came("hotline", HOUR)
        for seconds, alarms in ((3000, ["silent"]), (4000, [])):
            await board.execute("UPDATE endpoint SET silent_after_seconds = :seconds", seconds=seconds)
            assert (await board.item("hotline"))["alarms"] == alarms

    async def test_of_one_that_never_heard_anything_is_none(self, board: Board) -> None:
        item = await board.item("site-chat")
        assert (item["last_event_at"], item["events"], item["alarms"]) == (None, 0, [])


class TestFigures:
    async def test_what_came_and_how_late(self, board: Board) -> None:
        await board.came("hotline", HOUR / 2, HOUR / 3, HOUR / 4, late=2.5)
        await board.came("hotline", 2 * HOUR, late=60)
        item = await board.item("hotline")
        assert (item["events"], item["lag_seconds"]) == (3, 2.5)

    async def test_an_order_to_a_call_that_is_over_has_not_failed(self, board: Board) -> None:
        await board.sent("hotline", *["rejected"] * 5, reason="call_ended")
        item = await board.item("hotline")
        assert (item["attempts"], item["failed"], item["alarms"]) == (5, 0, [])

    async def test_what_was_sent_and_failed(self, board: Board) -> None:
        await board.sent("hotline", "sent", "retry", "rejected", "sent")
        item = await board.item("hotline")
        assert (item["attempts"], item["failed"], item["error_rate"]) == (4, 2, 0.5)
        assert item["last_success_at"] is not None and item["alarms"] == []
        await board.sent("hotline", "retry")
        assert (await board.item("hotline"))["alarms"] == ["errors"]

    async def test_wrong_signatures(self, board: Board) -> None:
        url = f"/webhooks/{board.id('hotline')}"
        for _ in range(21):
            assert (await board.client.post(url, content=b"{}")).status_code == 401
        for _ in range(2):
            await board.container.refusals.write()
        item = await board.item("hotline")
        assert (item["signature_failures"], item["alarms"]) == (21, ["signatures"])

    async def test_a_platform_that_is_left_alone(self, board: Board) -> None:
        await board.execute(
            "INSERT INTO circuit (tenant_id, endpoint_id, failures, opened_at, reason) "
            "VALUES (:tenant, :endpoint, 5, clock_timestamp(), 'HTTP 500')",
            endpoint=board.id("hotline"),
        )
        item = await board.item("hotline")
        assert item["circuit"]["state"] == "open" and item["circuit"]["reason"] == "HTTP 500"
        assert item["alarms"] == ["circuit"]

    async def test_a_mailbox_that_is_listened_to_or_not(self, board: Board) -> None:
        mailbox = await board.mailbox()
        assert (await board.item("mailbox"))["alarms"] == ["listener"]
        await board.execute(
            "INSERT INTO endpoint_lease (tenant_id, endpoint_id, owner, lease_until) "
            "VALUES (:tenant, :mailbox, :mailbox, clock_timestamp() + interval '1 minute')",
            mailbox=mailbox,
        )
        item = await board.item("mailbox")
        assert (item["listener"]["state"], item["alarms"]) == ("listening", [])
        await board.execute("UPDATE endpoint_lease SET error = 'wrong password'")
        item = await board.item("mailbox")
        assert item["listener"]["error"] == "wrong password" and item["alarms"] == ["listener"]

    async def test_only_supervisors_see_it(self, board: Board) -> None:
        answer = await board.client.get("/v1/endpoints/health", headers=board.tenant.bearer("li"))
        assert answer.status_code == 403


@asynccontextmanager
async def applying(board: Board) -> AsyncIterator[None]:
    """A worker's intake, fed with what the doors published."""
    container, log = board.container, board.container.bus
    assert isinstance(log, MemoryLog)
    worker = Database(container.settings.database_url or "", WORKER_ROLE, pool_size=2)

    async def run(parser: MailParser) -> None:
        reader = MailReader(container.blobs, parser, container.cipher)
        intake = Intake(container.policies, container.paces, container.endpoints, reader)
        applied = 0
        while True:
            batch = log.published[applied:]
            if batch:
                async with worker.transaction(batch[0].tenant_id) as session:
                    await intake.apply(batch, await intake.prepare(batch), session)
            applied += len(batch)
            await asyncio.sleep(0.02)

    async with MailParser(processes=1) as parser:
        task = asyncio.create_task(run(parser))
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    await worker.close()


def reached_at(board: Board, url: str) -> None:
    board.container.settings = board.container.settings.model_copy(update={"public_url": url})


class TestTest:
    async def test_goes_through_the_real_door_and_leaves_nothing_behind(self, board: Board) -> None:
        async with serving(create_app(board.container)) as url, applying(board):
            reached_at(board, url)
            answer = (await board.test("hotline")).json()
        assert answer["came_through"] is True and answer["seconds"] > 0, answer
        item = await board.item("hotline")
        assert (item["last_event_at"], item["testable"]) == (None, True)

    async def test_says_where_nobody_answers(self, board: Board) -> None:
        reached_at(board, "http://127.0.0.1:9")
        answer = (await board.test("hotline")).json()
        assert answer["came_through"] is False and "cannot be reached" in answer["problem"]

    async def test_says_what_the_door_answers(self, board: Board) -> None:
        async with serving(create_app(board.container)) as url:
            reached_at(board, f"{url}/elsewhere")
            answer = (await board.test("hotline")).json()
        assert answer["came_through"] is False and "40" in answer["problem"]

    async def test_where_there_is_none(self, board: Board) -> None:
        answer = await board.test("site-chat")
        assert answer.status_code == 409 and answer.json()["type"] == "/problems/conflict"

    async def test_of_an_unknown_one(self, board: Board) -> None:
        assert (await board.test("nothing")).status_code == 404
