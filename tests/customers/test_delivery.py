"""From an agent's reply through the sender to the touch's delivery state, and the phone's commands."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
import pytest

from app.clock import SystemClock, new_id
from app.events import Address
from app.outbound import Network
from channels.abilities import Media
from channels.attempt import Attempts
from channels.base import MailEnvelope, WireRequest, WireResponse
from channels.sender import Sender
from interactions.routed.dispatch import InteractionDispatch
from interactions.touches.receipts import Told, apply
from models import Delivery, Endpoint
from tests.customers.desk import Office
from tests.waiting import eventually

WANG = Address(kind="email", value="wang@example.test")


@dataclass
class Post:
    """Answers everything with `status`."""

    status: int = 250
    sent: list[MailEnvelope | WireRequest] = field(default_factory=list)

    async def exchange(
        self, request: WireRequest | MailEnvelope, allowed: Sequence[Network], seconds: float
    ) -> WireResponse:
        self.sent.append(request)
        return WireResponse(self.status)


@asynccontextmanager
async def sending(office: Office, post: Post) -> AsyncIterator[None]:
    dispatch = InteractionDispatch(office.worker, office.container.blobs, office.container.file_links)
    cipher, endpoints, clock = office.container.cipher, office.container.endpoints, SystemClock()
    attempts = Attempts(office.worker, cipher, endpoints, post, dispatch, clock)
    sender = Sender(office.worker, cipher, attempts, dispatch, clock)
    task = asyncio.create_task(sender.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def mailbox(office: Office) -> Endpoint:
    """The tenant gets a mailbox; whatever was written to it came by mail."""
    config = {"address": "support@acme.test", "smtp": {"host": "mail.acme.test"}}
    endpoint = Endpoint(
        id=new_id(),
        tenant_id=office.acme.id,
        key="support-mail",
        adapter="email",
        channel="email",
        queue="billing",
        config=office.container.cipher.seal(office.acme.id, orjson.dumps(config)),
    )
    async with office.container.database.transaction(office.acme.id) as session:
        session.add(endpoint)
    await office.container.endpoints.refresh()
    return endpoint


@pytest.fixture
async def asked(office: Office) -> UUID:
    """A mail in li's hands."""
    endpoint = await mailbox(office)
    row = await office.writes(WANG, "Where is it?")
    await office.execute(
        "UPDATE interaction SET channel = 'email', endpoint_id = :endpoint, thread = :thread",
        endpoint=endpoint.id,
        thread='{"message_id": "1@example.test", "subject": "Invoice"}',
    )
    await office.take(row["id"])
    return UUID(str(row["id"]))


async def answer(office: Office, interaction_id: UUID, **facts: Any) -> dict[str, Any]:
    body = {"text": "On its way", "client_message_id": new_id().hex, **facts}
    body["version"] = await office.version(interaction_id)
    sent = await office.send("POST", f"/v1/interactions/{interaction_id}/messages", body)
    assert sent.status_code == 202, sent.text
    touch: dict[str, Any] = sent.json()
    return touch


async def state(office: Office, touch: dict[str, Any]) -> str:
    rows = await office.rows("SELECT delivery_state FROM touch WHERE id = :id", id=touch["id"])
    return str(rows[0]["delivery_state"])


class TestAReplyByMail:
    async def test_is_sent_in_the_thread_and_its_touch_tells(self, office: Office, asked: UUID) -> None:
        files = {"file": ("a.txt", b"the file", "text/plain")}
        uploaded = await office.client.post("/v1/attachments", files=files, headers=office.acme.bearer("li"))
        touch = await answer(office, asked, attachments=[uploaded.json()["id"]])
        post = Post()
        async with sending(office, post):
            await eventually(lambda: _is(office, touch, "sent"))
        (mail,) = post.sent
        assert isinstance(mail, MailEnvelope)
        for part in (
            b"Subject: Re: Invoice",
            b"In-Reply-To: <1@example.test>",
            b"To: wang@example.test",
            b"a.txt",
        ):
            assert part in mail.data
        told = await office.rows("SELECT data FROM event_log WHERE type = 'touchpoint.touch.updated.v1'")
        assert orjson.loads(told[-1]["data"])["touch"]["delivery"]["state"] == "sent"
        assert str(office.acme.agents["li"].id) in orjson.loads(told[-1]["data"])["agent_ids"]

    async def test_refused_says_why_on_the_touch(self, office: Office, asked: UUID) -> None:
        touch = await answer(office, asked)
        async with sending(office, Post(status=550)):
            await eventually(lambda: _is(office, touch, "failed"))
        (row,) = await office.rows("SELECT delivery_hops FROM touch WHERE id = :id", id=touch["id"])
        assert row["delivery_hops"][0]["reason"] == "SMTP 550"


class TestAReplyThatFailed:
    @pytest.fixture
    async def failed(self, office: Office, asked: UUID) -> dict[str, Any]:
        touch = await answer(office, asked)
        async with sending(office, Post(status=550)):
            await eventually(lambda: _is(office, touch, "failed"))
        return touch

    async def again(self, office: Office, touch: dict[str, Any], who: str = "li", **headers: str) -> Any:
        bearer = {**office.acme.bearer(who), **headers}
        return await office.client.post(f"/v1/touches/{touch['id']}/resend", headers=bearer)

    async def test_is_sent_again_as_the_same_mail(self, office: Office, failed: dict[str, Any]) -> None:
        told = await self.again(office, failed)
        assert told.status_code == 202
        assert told.json()["delivery"] == {"state": "pending", "hops": []}
        assert told.json()["payload"]["sent_before"][0]["hops"][0]["reason"] == "SMTP 550"
        async with sending(office, Post()):
            await eventually(lambda: _is(office, failed, "sent"))
        assert len(await office.rows("SELECT DISTINCT provider_key FROM delivery")) == 1

    async def test_hears_no_more_of_the_first_sending(self, office: Office, failed: dict[str, Any]) -> None:
        await office.execute("UPDATE touch SET provider_id = 'p1' WHERE id = :id", id=failed["id"])
        await self.again(office, failed)
        (touch,) = await office.rows("SELECT endpoint_id FROM touch WHERE id = :id", id=failed["id"])
        now = office.container.clock.now()
        for told in ("failed", "delivered"):
            async with office.worker.transaction(office.acme.id) as session:
                late = Told(touch["endpoint_id"], told, now, provider_id="p1")
                await apply(session, office.acme.id, [late], now)
        assert await state(office, failed) == "pending"

    async def test_once_for_one_key(self, office: Office, failed: dict[str, Any]) -> None:
        first = await self.again(office, failed, **{"idempotency-key": "k"})
        second = await self.again(office, failed, **{"idempotency-key": "k"})
        assert first.content == second.content
        assert (await self.again(office, failed)).json()["type"] == "/problems/illegal-transition"
        assert len(await office.rows("SELECT 1 FROM delivery")) == 2

    async def test_by_nobody_else_while_it_is_in_somebodys_hands(
        self, office: Office, failed: dict[str, Any]
    ) -> None:
        assert (await self.again(office, failed, "han")).json()["type"] == "/problems/illegal-transition"

    async def test_is_not_found_by_another_tenant(self, office: Office, failed: dict[str, Any]) -> None:
        answered = await office.client.post(
            f"/v1/touches/{failed['id']}/resend", headers=office.other.bearer("li")
        )
        assert answered.status_code == 404

    async def test_shows_the_administrator_what_was_said(
        self, office: Office, failed: dict[str, Any]
    ) -> None:
        path = f"/v1/touches/{failed['id']}/exchanges"
        (item,) = (await office.get(path, "wang")).json()["items"]
        assert (item["method"], item["url"], item["status"], item["outcome"]) == (
            "SMTP",
            "smtp://mail.acme.test:587",
            550,
            "rejected",
        )
        assert "On its way" not in item["request"] and "Subject: Re: Invoice" in item["request"]
        assert (await office.get(path, "li")).status_code == 403
        assert (await office.get(path, "wang", office.other)).status_code == 404


class TestAReceipt:
    async def test_that_came_before_the_sending_was_recorded_is_not_lost(self, office: Office) -> None:
        chat = await office.chats(await office.visitor(), "hi")
        await office.take(chat["id"])
        touch = await answer(office, UUID(str(chat["id"])))
        await office.execute("UPDATE touch SET provider_id = NULL WHERE id = :id", id=touch["id"])
        endpoint = office.acme.endpoints["site-chat"].id
        async with office.worker.transaction(office.acme.id) as session:
            now = office.container.clock.now()
            told = Told(endpoint, "delivered", now, provider_id="p1")
            await apply(session, office.acme.id, [told], now)
        dispatch = InteractionDispatch(office.worker, office.container.blobs, office.container.file_links)
        async with office.worker.transaction(office.acme.id) as session:
            await dispatch.sent(session, [(_delivery(office, touch), "p1")])
        assert await state(office, touch) == "delivered"
        assert await office.rows("SELECT * FROM receipt") == []


class TestAFileThatThePlatformKeeps:
    @pytest.fixture
    async def touch(self, office: Office) -> dict[str, Any]:
        """A customer's message with two files that are still to come, in li's hands."""
        row = await office.chats(await office.visitor(), "two photos")
        await office.take(row["id"])
        files = [{"name": f"{n}.jpg", "type": "image/jpeg", "size": 0, "state": "pending"} for n in "ab"]
        await office.execute("UPDATE touch SET attachments = :files", files=orjson.dumps(files).decode())
        (found,) = await office.rows("SELECT * FROM touch")
        return found

    def delivery(self, office: Office, touch: dict[str, Any]) -> Delivery:
        about = {"index": 1, "reference": {}, "name": "../b.jpg"}
        return Delivery(
            id=new_id(), tenant_id=office.acme.id, kind="media", touch_id=touch["id"], payload=about
        )

    async def shown(self, office: Office) -> tuple[list[Any], list[str]]:
        """The attachments as the desktop was told of them, and whom."""
        query = "SELECT data FROM event_log WHERE type = 'touchpoint.touch.updated.v1'"
        told = orjson.loads((await office.rows(query))[-1]["data"])
        return told["touch"]["attachments"], told["agent_ids"]

    async def test_takes_its_place_and_may_be_had(self, office: Office, touch: dict[str, Any]) -> None:
        dispatch = InteractionDispatch(office.worker, office.container.blobs, office.container.file_links)
        delivery = self.delivery(office, touch)
        stored = await dispatch.store(delivery, Media("image/jpeg", b"<html>no photo</html>"))
        async with office.worker.transaction(office.acme.id) as session:
            await dispatch.hang(session, delivery, stored)
        (first, second), agents = await self.shown(office)
        assert first["state"] == "pending"
        assert (second["name"], second["type"], second["size"]) == ("b.jpg", "text/html", 21)
        assert agents == [str(office.acme.agents["li"].id)]
        got = await office.client.get(f"/v1/attachments/{second['id']}", headers=office.acme.bearer("li"))
        assert got.content == b"<html>no photo</html>"

    async def test_that_does_not_come_says_why(self, office: Office, touch: dict[str, Any]) -> None:
        dispatch = InteractionDispatch(office.worker, office.container.blobs, office.container.file_links)
        async with office.worker.transaction(office.acme.id) as session:
            await dispatch.failed(session, [(self.delivery(office, touch), "the file is gone")])
        (_, second), _ = await self.shown(office)
        assert (second["state"], second["reason"]) == ("failed", "the file is gone")


def _delivery(office: Office, touch: dict[str, Any]) -> Any:
    return Delivery(
        id=new_id(),
        tenant_id=office.acme.id,
        kind="message",
        touch_id=UUID(touch["id"]),
        conversation="c",
        endpoint_id=office.acme.endpoints["site-chat"].id,
    )


async def _is(office: Office, touch: dict[str, Any], wanted: str) -> bool:
    return await state(office, touch) == wanted
