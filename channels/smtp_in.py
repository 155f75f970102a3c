"""The SMTP and LMTP doors: a mail is answered 250 only when the caller has stored it. They relay nothing, for
nobody."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from app.addresses import email_address
from channels.email.spf import Peer
from channels.email.thread import base_address

IsRecipient = Callable[[str], Awaitable[bool]]
"""Whether a mailbox (domain in lower case, plus-tag taken off where it has to be) is somebody's endpoint."""

Deliver = Callable[[Peer, Sequence[str], bytes], Awaitable[None]]
"""Stores a mail: who brought it from whom, recipients as given, raw bytes."""

_NULL_SENDER: Final = "<>"
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SmtpLimits:
    """`line_bytes`: real mails have lines far beyond RFC 5321's 1,000. `session_seconds` without a new
    command; one DATA must fit in it."""

    mail_bytes: int = 50 * 1024 * 1024
    line_bytes: int = 256 * 1024
    recipients: int = 100
    connections: int = 100
    mails_at_once: int = 10
    session_seconds: float = 300


class SmtpDoor:
    """Listens until it is stopped. `port` is the bound one (0 asks for a free one)."""

    def __init__(
        self,
        is_recipient: IsRecipient,
        deliver: Deliver,
        limits: SmtpLimits | None = None,
        *,
        lmtp: bool = False,
    ) -> None:
        self.limits = limits or SmtpLimits()
        self._kind = _LmtpSession if lmtp else _Session
        self.port = 0
        self._handler = _Handler(is_recipient, deliver, self.limits)
        self._reading = asyncio.Semaphore(self.limits.mails_at_once)
        self._sessions: set[_Session] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> None:
        """Raises OSError if the port is taken."""
        logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd logs every command at info
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, host, port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Closes the door and ends the sessions: who got no 250 comes again."""
        if self._server is None:
            return
        self._server.close()
        for session in list(self._sessions):
            session.hang_up()
        await self._server.wait_closed()
        self._server = None

    def _session(self) -> "_Session":
        return self._kind(self._handler, self.limits, self._sessions, self._reading)


class _Session(SMTP):
    """aiosmtpd's, with limits on connections, on mails that are read at once, and on lines as they are."""

    def __init__(
        self, handler: "_Handler", limits: SmtpLimits, sessions: set["_Session"], reading: asyncio.Semaphore
    ) -> None:
        self.line_length_limit = limits.line_bytes
        super().__init__(
            handler,
            data_size_limit=limits.mail_bytes,
            enable_SMTPUTF8=True,
            hostname="touchpoint",
            ident="Touchpoint",
            timeout=limits.session_seconds,
            auth_exclude_mechanism=["LOGIN", "PLAIN"],
            loop=asyncio.get_running_loop(),
        )
        self._limits, self._sessions, self._reading = limits, sessions, reading
        self._turned_away = False

    def connection_made(self, transport: Any) -> None:
        if len(self._sessions) >= self._limits.connections:
            self._turned_away = True
            transport.write(b"421 4.3.2 too many connections, come again later\r\n")
            transport.close()
            return
        self._sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._sessions.discard(self)
        if not self._turned_away:
            super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        if not self._turned_away:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        return False if self._turned_away else super().eof_received()

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        async with self._reading:
            await super().smtp_DATA(arg)

    def hang_up(self) -> None:
        if self.transport is not None:
            self.transport.close()


class _LmtpSession(_Session, LMTP):
    """RFC 2033: another greeting, and after the mail an answer for each recipient."""

    _answers = 1

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        try:
            await super().smtp_DATA(arg)
        finally:
            self._answers = 1

    async def push(self, status: str | bytes) -> None:
        told = status if isinstance(status, str) else status.decode()
        await super().push("\r\n".join([told] * self._answers))
        if told.startswith("354"):
            self._answers = len(self.envelope.rcpt_tos) if self.envelope is not None else 1


class _Handler:
    """aiosmtpd's hooks. What each returns is the reply."""

    def __init__(self, is_recipient: IsRecipient, deliver: Deliver, limits: SmtpLimits) -> None:
        self._is_recipient, self._deliver, self._limits = is_recipient, deliver, limits

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """The null sender is kept by a name: aiosmtpd takes an empty one for none at all."""
        envelope.mail_from = address or _NULL_SENDER
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= self._limits.recipients:
            return "452 4.5.3 too many recipients"
        mailbox = email_address(address)
        if mailbox is None or not await self._is_ours(mailbox):
            return "550 5.1.1 there is no such mailbox here"
        envelope.rcpt_tos.append(mailbox)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        sender = "" if envelope.mail_from == _NULL_SENDER else _unicode(str(envelope.mail_from))
        content = envelope.content or b""
        assert isinstance(content, bytes), "decode_data is off"
        try:
            await self._deliver(
                _peer(server, session, sender), tuple(dict.fromkeys(envelope.rcpt_tos)), content
            )
        except Exception as error:  # here, not below: after a failed DATA aiosmtpd would keep the envelope
            return await self.handle_exception(error)
        return "250 2.0.0 kept"

    async def handle_exception(self, error: Exception) -> str:
        """The outer shell: whatever failed, the sender keeps the mail and comes again."""
        _LOG.error("an SMTP session failed", exc_info=error)
        return "451 4.3.0 not possible at the moment, come again later"

    async def _is_ours(self, mailbox: str) -> bool:
        base = base_address(mailbox)
        return await self._is_recipient(mailbox) or (base != mailbox and await self._is_recipient(base))


def _peer(server: SMTP, session: Session, sender: str) -> Peer:
    """By LMTP it is the company's own server, whatever its address."""
    place: Any = session.peer
    return Peer("" if isinstance(server, LMTP) else place[0], _unicode(str(session.host_name or "")), sender)


def _unicode(text: str) -> str:
    """Bytes that were no UTF-8 stand as surrogates: no database would take them."""
    return text.encode("utf-8", "replace").decode()
