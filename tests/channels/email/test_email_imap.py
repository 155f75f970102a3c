"""Mailboxes read over IMAP, from a real Dovecot."""

import asyncio
import hashlib
import imaplib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_network
from itertools import count
from typing import Any

import pytest
from imap_tools.errors import MailboxLoginError

from app.events import InboundEvent, MailReceived
from app.outbound import Network
from channels.email import EmailAdapter, EmailConfig
from channels.email.imap_listener import ImapListener
from channels.email.oauth import TokenRefused
from channels.transport import NotAllowed
from tests.platforms.dovecot import PASSWORD, Dovecot, running_dovecot
from tests.platforms.tokens import CLIENT, TokenServer, running_token_server
from tests.waiting import eventually

LOOPBACK = (ip_network("127.0.0.0/8"),)
_numbers = count(1)


@dataclass
class Door:
    """Remembers what a listener hands in. `away`: nothing can be stored."""

    kept: dict[str, bytes] = field(default_factory=dict)
    events: list[MailReceived] = field(default_factory=list)
    remembered: dict[str, Any] = field(default_factory=dict)
    allowed: Sequence[Network] = LOOPBACK
    away: bool = False

    async def publish(self, events: Sequence[InboundEvent]) -> None:
        if self.away:
            raise OSError("the log is away")
        for event in events:
            assert isinstance(event, MailReceived) and event.sha256 in self.kept, "stored before the event"
            self.events.append(event)

    async def state(self) -> Mapping[str, Any]:
        return self.remembered

    async def remember(self, state: Mapping[str, Any]) -> None:
        self.remembered = dict(state)

    async def store(self, content: bytes) -> str:
        name = hashlib.sha256(content).hexdigest()
        self.kept[name] = content
        return name

    @property
    def mails(self) -> list[bytes]:
        return [self.kept[event.sha256] for event in self.events]


@pytest.fixture(scope="module")
def tokens() -> Iterator[TokenServer]:
    with running_token_server() as server:
        yield server


@pytest.fixture(scope="module")
async def dovecot(tokens: TokenServer) -> AsyncIterator[Dovecot]:
    async with running_dovecot(tokens.url) as server:
        yield server


@pytest.fixture
def user() -> str:
    """A mailbox that nobody has used."""
    return f"support{next(_numbers)}@acme.test"


def listener(server: Dovecot, user: str, **changed: Any) -> ImapListener:
    imap = {"host": "127.0.0.1", "port": server.plain_port, "tls": "none", "password": PASSWORD, **changed}
    config = {"address": user, "smtp": {"host": "127.0.0.1"}, "imap": imap}
    return ImapListener(EmailAdapter(EmailConfig.model_validate(config)))


@asynccontextmanager
async def listening(server: Dovecot, user: str, door: Door, **changed: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(listener(server, user, **changed).listen(door))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def mail(text: str) -> bytes:
    return f"From: wang@example.com\r\nTo: support@acme.test\r\nSubject: {text}\r\n\r\n{text}\r\n".encode()


class TestNewMail:
    async def test_is_taken_as_it_comes_and_left_unread(self, dovecot: Dovecot, user: str) -> None:
        door = Door()
        dovecot.append(user, mail("before"))
        async with listening(dovecot, user, door):
            await eventually(lambda: len(door.events) == 1)
            dovecot.append(user, mail("while it idles"))
            await eventually(lambda: len(door.events) == 2, seconds=5)
        assert door.mails == [mail("before"), mail("while it idles")]
        assert door.events[0].envelope_from is None and not door.events[0].sent
        assert dovecot.unseen(user) == 2

    async def test_goes_on_where_it_stopped(self, dovecot: Dovecot, user: str) -> None:
        door = Door()
        dovecot.append(user, mail("one"))
        async with listening(dovecot, user, door):
            await eventually(lambda: door.remembered.get("folders"))
        dovecot.append(user, mail("two"))
        async with listening(dovecot, user, door):
            await eventually(lambda: len(door.events) >= 2)
        assert door.mails == [mail("one"), mail("two")]

    async def test_that_could_not_be_stored_comes_again(self, dovecot: Dovecot, user: str) -> None:
        door = Door(away=True)
        dovecot.append(user, mail("one"))
        with pytest.raises(OSError, match="away"):
            await listener(dovecot, user).listen(door)
        assert "folders" not in door.remembered
        door.away = False
        async with listening(dovecot, user, door):
            await eventually(lambda: door.mails == [mail("one")])

    async def test_in_several_folders(self, dovecot: Dovecot, user: str) -> None:
        door = Door()
        async with listening(dovecot, user, door, folders=["INBOX", "Angebote"]):
            dovecot.append(user, mail("one"))
            dovecot.append(user, mail("two"), "Angebote")
            await eventually(lambda: sorted(door.mails) == sorted([mail("one"), mail("two")]))

    async def test_that_was_read_before_we_came_is_not_work(self, dovecot: Dovecot, user: str) -> None:
        door = Door()
        before = '"01-Nov-2020 12:00:00 +0000"'
        with imaplib.IMAP4("127.0.0.1", dovecot.plain_port) as client:
            client.login(user, PASSWORD)
            client.append("INBOX", "\\Seen", before, mail("handled long ago"))
            client.append("INBOX", "", before, mail("unread, but old"))
        dovecot.append(user, mail("new"))
        async with listening(dovecot, user, door):
            await eventually(lambda: door.events)
            await eventually(lambda: door.remembered.get("folders"))
        assert door.mails == [mail("new")]

    async def test_in_the_sent_folder_is_marked_so(self, dovecot: Dovecot, user: str) -> None:
        door = Door()
        async with listening(dovecot, user, door):
            await eventually(lambda: "started" in door.remembered)
            dovecot.append(user, mail("we wrote"), "Gesendet", seen=True)
            await eventually(lambda: door.events)
        assert door.events[0].sent


class TestANewUidvalidity:
    async def test_fetches_again_what_came_since_we_first_did(self, dovecot: Dovecot, user: str) -> None:
        door = Door()
        for text in ("one", "two"):
            dovecot.append(user, mail(text))
        async with listening(dovecot, user, door):
            await eventually(lambda: len(door.events) == 2)
            await eventually(lambda: door.remembered.get("folders"))
        dovecot.renumber(user)
        dovecot.append(user, mail("three"))
        async with listening(dovecot, user, door):
            await eventually(lambda: len(door.events) == 5)
        assert set(door.mails[2:]) == {mail("one"), mail("two"), mail("three")}


class TestALogin:
    async def test_by_a_refresh_token(self, dovecot: Dovecot, tokens: TokenServer, user: str) -> None:
        tokens.user, tokens.refresh, door = user, "first", Door()
        oauth = {"token_url": f"{tokens.url}/token", "refresh_token": "first", **CLIENT}
        dovecot.append(user, mail("one"))
        async with listening(dovecot, user, door, password=None, oauth=oauth):
            await eventually(lambda: door.events)
        assert tokens.refresh != "first", "this server gives a new one each time"
        async with listening(dovecot, user, door, password=None, oauth=oauth):
            dovecot.append(user, mail("two"))
            await eventually(lambda: len(door.events) == 2)

    async def test_by_a_token_that_was_revoked_says_so(
        self, dovecot: Dovecot, tokens: TokenServer, user: str
    ) -> None:
        oauth = {"token_url": f"{tokens.url}/token", "refresh_token": "revoked", **CLIENT}
        with pytest.raises(TokenRefused, match="invalid_grant Token has been revoked"):
            await listener(dovecot, user, password=None, oauth=oauth).listen(Door())

    async def test_by_a_fixed_token(self, dovecot: Dovecot, tokens: TokenServer, user: str) -> None:
        tokens.issued["fixed"], door = user, Door()
        dovecot.append(user, mail("one"))
        async with listening(dovecot, user, door, password=None, access_token="fixed"):
            await eventually(lambda: door.events)

    async def test_with_a_wrong_password_says_so(self, dovecot: Dovecot, user: str) -> None:
        with pytest.raises(MailboxLoginError) as refused:
            await listener(dovecot, user, password="wrong").listen(Door())
        assert "wrong" not in str(refused.value)

    @pytest.mark.parametrize("tls", ["implicit", "starttls"])
    async def test_through_tls(
        self, dovecot: Dovecot, user: str, tls: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(dovecot.certificate))
        port = dovecot.tls_port if tls == "implicit" else dovecot.plain_port
        door = Door()
        dovecot.append(user, mail("one"))
        async with listening(dovecot, user, door, host="localhost", port=port, tls=tls):
            await eventually(lambda: door.events)
            dovecot.append(user, mail("two"))
            await eventually(lambda: len(door.events) == 2, seconds=5)

    async def test_where_the_certificate_is_somebody_elses(self, dovecot: Dovecot, user: str) -> None:
        with pytest.raises(OSError, match="certificate verify failed"):
            await listener(dovecot, user, port=dovecot.tls_port, tls="implicit").listen(Door())

    async def test_at_an_address_that_is_not_allowed(self, dovecot: Dovecot, user: str) -> None:
        with pytest.raises(NotAllowed, match="not a public address"):
            await listener(dovecot, user).listen(Door(allowed=()))


class TestASetUp:
    @pytest.mark.parametrize("given", [{}, {"password": "x", "access_token": "y"}])
    def test_needs_one_credential(self, given: dict[str, str]) -> None:
        with pytest.raises(ValueError, match="one of password, oauth and access_token"):
            EmailConfig.model_validate(
                {"address": "a@acme.test", "smtp": {"host": "h"}, "imap": {"host": "h", **given}}
            )
