"""Mails over real SMTP: 250 only for what is on disk and in the log."""

import hashlib

import orjson
import pytest
from aiosmtplib import SMTP, SMTPRecipientsRefused, SMTPResponseException

from app.container import Container
from app.doors.mail import MailIn
from app.events import MailReceived
from models import Endpoint
from tests.parts import MemoryLog, SeededTenant

MAIL = b"From: wang@example.com\r\nTo: support@acme.test\r\nSubject: Hello\r\n\r\nHi.\r\n"
CONFIG = {"address": "support@acme.test", "smtp": {"host": "127.0.0.1", "port": 25}}


async def mailbox(container: Container, tenant: SeededTenant, address: str = "support@acme.test") -> Endpoint:
    row = Endpoint(
        tenant_id=tenant.id,
        key="mail",
        adapter="email",
        channel="email",
        queue="billing",
        address=address,
        config=container.cipher.seal(tenant.id, orjson.dumps(CONFIG)),
    )
    async with container.database.transaction(tenant.id) as session:
        session.add(row)
    await container.endpoints.refresh()
    return row


async def send(container: Container, *recipients: str, mail: bytes = MAIL) -> None:
    door = MailIn(container).door()
    await door.start("127.0.0.1", 0)
    try:
        async with SMTP(hostname="127.0.0.1", port=door.port, start_tls=False) as smtp:
            await smtp.sendmail("wang@example.com", list(recipients), mail)
    finally:
        await door.stop()


def log_of(container: Container) -> MemoryLog:
    assert isinstance(container.bus, MemoryLog)
    return container.bus


async def test_kept_and_told(container: Container, acme: SeededTenant) -> None:
    endpoint = await mailbox(container, acme)
    await send(container, "Support+token@ACME.test")
    (published,) = log_of(container).published
    event = published.event()
    assert isinstance(event, MailReceived)
    assert published.source == f"/endpoints/{endpoint.id}" and published.tenant_id == acme.id
    raw = await container.blobs.get(acme.id, event.sha256)
    assert raw == MAIL and event.sha256 == hashlib.sha256(MAIL).hexdigest()
    assert event.envelope_from == "wang@example.com"


async def test_each_tenant_gets_its_own(
    container: Container, acme: SeededTenant, other: SeededTenant
) -> None:
    await mailbox(container, acme)
    await mailbox(container, other, "help@other.test")
    await send(container, "support@acme.test", "help@other.test")
    assert {e.tenant_id for e in log_of(container).published} == {acme.id, other.id}


async def test_nobodys_mailbox(container: Container, acme: SeededTenant) -> None:
    with pytest.raises(SMTPRecipientsRefused, match="no such mailbox"):
        await send(container, "nobody@acme.test")


async def test_nothing_can_store(container: Container, acme: SeededTenant) -> None:
    await mailbox(container, acme)
    log_of(container).away = True
    with pytest.raises(SMTPResponseException) as refused:
        await send(container, "support@acme.test")
    assert refused.value.code == 451
