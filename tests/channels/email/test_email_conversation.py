"""A mailbox in both directions through running api and worker processes: Dovecot in, SMTP out."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.embedded import EmbeddedPostgres
from tests.conftest import clone
from tests.platforms.dovecot import PASSWORD, Dovecot, running_dovecot
from tests.platforms.talk import Talk
from tests.platforms.tokens import running_token_server
from tests.running import Service, running
from tests.waiting import eventually

MAILBOX = "help@acme.test"
WANG = "wang@example.com"


@dataclass
class Office:
    dovecot: Dovecot
    service: Service


@pytest.fixture
async def office(postgres: EmbeddedPostgres, template_database: str, tmp_path: Path) -> AsyncIterator[Office]:
    def shape(document: dict[str, Any]) -> None:
        imap = {"host": "127.0.0.1", "port": dovecot.plain_port, "tls": "none", "password": PASSWORD}
        (mails,) = (e for e in document["endpoints"] if e["key"] == "support-mail")
        mails["config"] |= {"address": MAILBOX, "imap": imap, "signature": "Acme"}
        document["queues"][0]["signature"] = "{agent}\n{queue}"

    with running_token_server() as tokens:
        async with (
            running_dovecot(tokens.url) as dovecot,
            clone(postgres, template_database) as url,
            running(url, tmp_path, lanes=1, shape=shape) as service,
        ):
            yield Office(dovecot, service)


def mail(text: str, message_id: str, to: str = MAILBOX, **headers: str) -> bytes:
    named = {"From": WANG, "To": to, "Subject": "Invoice", "Message-ID": f"<{message_id}>", **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in named.items()]
    return "\r\n".join([*lines, "", text, ""]).encode()


async def test_there_and_back_and_answered_elsewhere(office: Office) -> None:
    dovecot, service = office.dovecot, office.service
    async with service.lane().desktop() as desk:
        dovecot.append(MAILBOX, mail("Where is it?", "1@example.com"))
        talk = await Talk.taken(desk)
        await talk.said("Where is it?")
        await talk.reply("On its way.")
        [ours] = await eventually(lambda: service.inbox.of(WANG), seconds=20)
        assert ours["text"].splitlines() == ["On its way.", "", "-- ", "Agent 1", "lane-1"]
        references = {"References": ours["message_id"]}
        dovecot.append(MAILBOX, mail("It came!", "2@example.com", to=ours["reply_to"], **references))
        await talk.said("Where is it?", "It came!", seconds=20)
        answer = mail("You are welcome.", "3@acme.test", to=WANG, In_Reply_To="<2@example.com>")
        dovecot.append(MAILBOX, answer, "Gesendet", seen=True)
        await talk.said("On its way.", "You are welcome.", direction="outbound", seconds=20)
