"""A mailbox in both directions through running api and worker processes: Dovecot in, SMTP out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.embedded import EmbeddedPostgres
from tests.conftest import clone
from tests.platforms.dovecot import PASSWORD, Dovecot, running_dovecot
from tests.platforms.talk import Talk
from tests.platforms.token_smtp import TokenSmtp, running_token_smtp
from tests.platforms.tokens import CLIENT, TokenServer, running_token_server
from tests.running import Service, running
from tests.waiting import eventually

MAILBOX = "help@acme.test"
WANG = "wang@example.com"


@dataclass
class Office:
    dovecot: Dovecot
    service: Service


@asynccontextmanager
async def opened(
    postgres: EmbeddedPostgres, template_database: str, folder: Path, tokens: TokenServer, **config: Any
) -> AsyncIterator[Office]:
    """A mailbox that is read over IMAP; `config` says more of it."""

    def shape(document: dict[str, Any]) -> None:
        imap = {"host": "127.0.0.1", "port": dovecot.plain_port, "tls": "none", "password": PASSWORD}
        (mails,) = (e for e in document["endpoints"] if e["key"] == "support-mail")
        mails["config"] |= {"address": MAILBOX, "imap": imap, "signature": "Acme", **config}
        document["queues"][0]["signature"] = "{agent}\n{queue}"

    async with (
        running_dovecot(tokens.url) as dovecot,
        clone(postgres, template_database) as url,
        running(url, folder, lanes=1, shape=shape) as service,
    ):
        yield Office(dovecot, service)


def mail(text: str, message_id: str, to: str = MAILBOX, **headers: str) -> bytes:
    named = {"From": WANG, "To": to, "Subject": "Invoice", "Message-ID": f"<{message_id}>", **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in named.items()]
    return "\r\n".join([*lines, "", text, ""]).encode()


async def test_there_and_back_and_answered_elsewhere(
    postgres: EmbeddedPostgres, template_database: str, tmp_path: Path
) -> None:
    with running_token_server() as tokens:
        async with opened(postgres, template_database, tmp_path, tokens) as office:
            await there_and_back(office.dovecot, office.service)


async def there_and_back(dovecot: Dovecot, service: Service) -> None:
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

        async def both() -> bool:
            return sorted(await talk.texts("outbound")) == ["On its way.", "You are welcome."]

        await eventually(both, seconds=20)  # mailboxes tell whole seconds: within one the order is open


async def test_sent_with_access_tokens_of_which_one_ends_early(
    postgres: EmbeddedPostgres, template_database: str, tmp_path: Path
) -> None:
    """Each token is fetched with the refresh token that came with the one before."""
    with running_token_server() as tokens:
        tokens.user = MAILBOX
        oauth = {"token_url": f"{tokens.url}/token", "refresh_token": tokens.refresh, **CLIENT}
        async with running_token_smtp(tokens) as box:
            smtp = {"host": "127.0.0.1", "port": box.port, "tls": "none", "oauth": oauth}
            async with opened(postgres, template_database, tmp_path, tokens, smtp=smtp) as office:
                await two_replies(office, box)


async def two_replies(office: Office, box: TokenSmtp) -> None:
    async with office.service.lane().desktop() as desk:
        office.dovecot.append(MAILBOX, mail("Where is it?", "1@example.com"))
        talk = await Talk.taken(desk)
        first = await talk.reply("On its way.")
        await talk.becomes("sent", first["id"])
        box.tokens.issued["access-1"] = "nobody"
        second = await talk.reply("Nearly there.")
        await talk.becomes("sent", second["id"])
    assert [envelope.rcpt_tos for envelope in box.taken] == [[WANG], [WANG]]
    assert (box.let_in, box.turned_away) == (["access-1", "access-2"], ["access-1"])
