"""One folder of a mailbox, read only. imap-tools speaks IMAP and blocks: call this in a thread of its own.

Mails are taken as bytes: imap-tools would parse them here, where a hostile one stops everybody.
"""

import imaplib
import re
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from io import BufferedReader
from typing import Any, Final, cast

from imap_tools import BaseMailBox

from channels.email.config import ImapConfig

ANSWER_SECONDS: Final = 30
HEADER_BYTES: Final = 256 * 1024

_UID: Final = re.compile(rb"\bUID (\d+)")
_SIZE: Final = re.compile(rb"\bRFC822\.SIZE (\d+)")
_FLAGS: Final = re.compile(rb"\bFLAGS \(([^)]*)\)")
_DATE: Final = re.compile(rb'\bINTERNALDATE "([^"]{20,30})"')
_SENT: Final = "\\sent"
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class ImapError(Exception):
    """The server said no, or nothing that makes sense."""


@dataclass(frozen=True, slots=True)
class Found:
    """A mail in the folder. `at`: when the server got it."""

    uid: int
    size: int
    at: datetime
    seen: bool


class Mailbox:
    """One connection: `greet`, then log in. Every method raises ImapError, imaplib's errors or OSError."""

    def __init__(self, connection: socket.socket, config: ImapConfig) -> None:
        """`connection` leads to the server already: to an address that was checked."""
        connection.settimeout(ANSWER_SECONDS)
        self._connection, self._config = connection, config
        self._line = connection.dup()
        self._greeted: _Box | None = None

    def greet(self) -> None:
        """TLS, if there is to be any, and the server's first words."""
        self._greeted = _Box(self._connection, self._config)

    @property
    def _box(self) -> "_Box":
        assert self._greeted is not None, "greet first"
        return self._greeted

    @property
    def idles(self) -> bool:
        return "IDLE" in self._box.client.capabilities

    def login(self, user: str, password: str) -> None:
        ascii_only = user.isascii() and password.isascii()
        login = self._box.login if ascii_only else self._box.login_utf8
        login(user, password, initial_folder=None)
        self._introduce()

    def login_by_token(self, user: str, access_token: str) -> None:
        """XOAUTH2."""
        self._box.xoauth2(user, access_token, initial_folder=None)
        self._introduce()

    def _introduce(self) -> None:
        """What the server can is told anew after the login; and NetEase opens no folder to who has no ID."""
        client = self._box.client
        told = bytes(client.capability()[1][-1]).decode("ascii", "replace")
        client.capabilities = tuple(told.upper().split())
        if "ID" in client.capabilities:
            client.xatom("ID", '("name" "Touchpoint")')

    def sent_folder(self) -> str | None:
        """The one that the server marks so (RFC 6154)."""
        marked = (f.name for f in self._box.folder.list() if _SENT in (flag.lower() for flag in f.flags))
        return next(marked, None)

    def open(self, folder: str) -> int:
        """Its UIDVALIDITY: another one than before means that all UIDs are new."""
        self._box.folder.set(folder, readonly=True)
        self._told_of_mail()
        told = self._box.client.response("UIDVALIDITY")[1]
        if not told or told[0] is None:
            raise ImapError(f"the folder {folder} has no UIDVALIDITY")
        return int(told[0])

    def look(self, after_uid: int, since: datetime) -> list[Found]:
        """Mails above `after_uid` that came on that day or later, by UID."""
        day = f"{since.day}-{_MONTHS[since.month - 1]}-{since.year}"
        uids = self._box.uids(f"UID {after_uid + 1}:* SINCE {day}", charset=None)
        new = [uid for uid in uids if int(uid) > after_uid]
        return sorted(self._described(new), key=lambda found: found.uid)

    def _described(self, uids: Sequence[str]) -> list[Found]:
        if not uids:
            return []
        found = []
        for start in range(0, len(uids), 500):
            lines = self._fetch(",".join(uids[start : start + 500]), "(UID FLAGS INTERNALDATE RFC822.SIZE)")
            found += [_found(line) for line in lines if isinstance(line, bytes) and _UID.search(line)]
        return found

    def mail(self, uid: int) -> bytes:
        """The whole mail, not marked as read."""
        return self._literal(uid, "(BODY.PEEK[])")

    def beginning(self, uid: int) -> bytes:
        """Of a mail that is too large: what is enough to tell whose it is."""
        return self._literal(uid, f"(BODY.PEEK[]<0.{HEADER_BYTES}>)")

    def _literal(self, uid: int, what: str) -> bytes:
        """Empty for a mail that was deleted meanwhile."""
        return next((part[1] for part in self._fetch(str(uid), what) if isinstance(part, tuple)), b"")

    def _fetch(self, uids: str, what: str) -> list[Any]:
        status, parts = self._box.client.uid("FETCH", uids, what)
        if status != "OK":
            raise ImapError(f"FETCH was answered {status}")
        return list(parts)

    def wait(self, seconds: float) -> None:
        """Until the server tells something of the folder that was opened, at most so long. Only where it
        `idles`."""
        if self._told_of_mail():
            return
        with self._box.idle as idle:
            if not self._has_unread():
                idle.poll(timeout=seconds)

    def _told_of_mail(self) -> bool:
        """Whether the server spoke of more mails since this was last asked."""
        return self._box.client.response("EXISTS")[1] != [None]

    def _has_unread(self) -> bool:
        """Whether something came in one packet with the answer to IDLE: polling the socket would miss it."""
        client = self._box.client
        client.sock.settimeout(0)
        try:
            return bool(cast(BufferedReader, client.file).peek(1))
        except OSError:
            return False
        finally:
            client.sock.settimeout(ANSWER_SECONDS)

    def hang_up(self) -> None:
        """From any thread: whoever waits for the server gets an error."""
        with suppress(OSError):  # it has hung up already
            self._line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        if self._greeted is not None:
            with suppress(OSError):
                self._greeted.client.shutdown()
            self._greeted.client.sock.close()
        self._connection.close()
        self._line.close()


def _found(line: bytes) -> Found:
    uid, size, date, flags = (pattern.search(line) for pattern in (_UID, _SIZE, _DATE, _FLAGS))
    if uid is None or size is None or date is None:
        raise ImapError(f"a FETCH that says too little: {line[:100]!r}")
    at = datetime.strptime(date[1].decode("ascii").strip(), "%d-%b-%Y %H:%M:%S %z")
    return Found(int(uid[1]), int(size[1]), at, b"\\seen" in (flags[1] if flags else b"").lower())


class _Box(BaseMailBox):
    def __init__(self, connection: socket.socket, config: ImapConfig) -> None:
        self._connection, self._config = connection, config
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        host, security = self._config.host, self._config.security
        if security == "implicit":
            return _OverTls(host, self._connection)
        client = _OverTcp(host, self._connection)
        if security == "starttls":
            client.starttls(ssl.create_default_context())
        return client


class _OverTcp(imaplib.IMAP4):
    def __init__(self, host: str, connection: socket.socket) -> None:
        self._connection = connection
        super().__init__(host)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return self._connection


class _OverTls(imaplib.IMAP4_SSL):
    def __init__(self, host: str, connection: socket.socket) -> None:
        self._connection = connection
        super().__init__(host, ssl_context=ssl.create_default_context())

    def _create_socket(self, timeout: float | None) -> socket.socket:
        secure: ssl.SSLSocket = self.ssl_context.wrap_socket(self._connection, server_hostname=self.host)
        return secure
