"""A mailbox read over IMAP: each folder by a connection and a thread of its own, new mails as they come.

A mail is stored, its event durable, and only then the cursor (UIDVALIDITY, UID) moves on. The cursor only
saves work: what is fetched twice, after a crash or because all UIDs are new, is one touch by its delivery
key.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final, ParamSpec, TypeVar

from app.events import MailReceived
from app.outbound import Network, outbound_client
from channels.email.adapter import EmailAdapter
from channels.email.config import ImapConfig, OAuthConfig
from channels.email.imap import Found, Mailbox
from channels.email.limits import MailLimits
from channels.email.oauth import Tokens, kept, newest, token_request, tokens_of
from channels.listening import ListenerDoor
from channels.transport import NetworkTransport, connected

IDLE_SECONDS: Final = 60
"""How long to wait for the server to speak before looking anyway; also the pace where it has no IDLE."""

MAILS_AT_ONCE: Final = 20
TOKEN_SECONDS: Final = 30

_P = ParamSpec("_P")
_T = TypeVar("_T")


def listener_of(adapter: EmailAdapter) -> "ImapListener | None":
    """None: its mails come in by SMTP alone."""
    return None if adapter.config.imap is None else ImapListener(adapter)


class ImapListener:
    """`adapter` has a mailbox to read."""

    rest_max_seconds: ClassVar[float] = 60.0

    def __init__(self, adapter: EmailAdapter) -> None:
        assert adapter.config.imap is not None, "only a mailbox with `imap` is read"
        self._address, self._config = adapter.config.address, adapter.config.imap

    async def listen(self, door: ListenerDoor) -> None:
        """Raises what the server, or the way to it, refused."""
        memory = _Memory(door, dict(await door.state()))
        await memory.begin()
        token = await _access_token(self._config, door, memory)
        try:
            async with asyncio.TaskGroup() as group:
                for folder in self._config.folders:
                    group.create_task(self._follow(door, memory, token, folder))
                if self._config.sent_folder is not False:
                    group.create_task(self._follow(door, memory, token, None))
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from None

    async def _follow(
        self, door: ListenerDoor, memory: "_Memory", token: str | None, folder: str | None
    ) -> None:
        """Read one folder until cancelled; None: what was sent, if the mailbox keeps that."""
        sent = folder is None
        async with self._open(door, token) as box:
            name = folder or self._config.sent_folder or await box.run(box.mailbox.sent_folder)
            if not name:
                return
            reader = _Folder(door, memory, box, name, sent, self._config.first_days)
            while True:
                await reader.take_new()
                if box.mailbox.idles:
                    await box.run(box.mailbox.wait, IDLE_SECONDS)
                else:
                    await asyncio.sleep(IDLE_SECONDS)

    @asynccontextmanager
    async def _open(self, door: ListenerDoor, token: str | None) -> "AsyncIterator[_Apart]":
        config = self._config
        connection = await connected(config.host, config.port, door.allowed)
        threads = ThreadPoolExecutor(1, thread_name_prefix="imap")
        box = _Apart(Mailbox(connection, config), threads)
        try:
            await box.run(box.mailbox.greet)
            await self._login(box, token)
            yield box
        finally:
            box.mailbox.hang_up()
            threads.submit(box.mailbox.close)  # not awaited: a second failure would cancel it
            threads.shutdown(wait=False)

    async def _login(self, box: "_Apart", token: str | None) -> None:
        user, password = self._config.username or self._address, self._config.password
        if token is not None:
            await box.run(box.mailbox.login_by_token, user, token)
        else:
            await box.run(box.mailbox.login, user, password.get_secret_value() if password else "")


@dataclass(frozen=True, slots=True)
class _Apart:
    """A mailbox whose calls block a thread of their own."""

    mailbox: Mailbox
    threads: ThreadPoolExecutor

    async def run(self, call: Callable[_P, _T], *args: _P.args, **_: _P.kwargs) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self.threads, call, *args)


class _Memory:
    """What is remembered of the mailbox: when we first saw it, and a cursor for each folder."""

    def __init__(self, door: ListenerDoor, state: dict[str, Any]) -> None:
        self._door, self._state = door, state

    async def begin(self) -> None:
        if "started" not in self._state:
            self._state["started"] = datetime.now(UTC).replace(microsecond=0).isoformat()
            await self._door.remember(self._state)

    @property
    def started(self) -> datetime:
        return datetime.fromisoformat(self._state["started"])

    def cursor(self, folder: str) -> tuple[int, int]:
        """(UIDVALIDITY, UID) of the last mail taken; zeros at first."""
        validity, uid = self._state.get("folders", {}).get(folder, (0, 0))
        return validity, uid

    async def move(self, folder: str, validity: int, uid: int) -> None:
        self._state = {**self._state, "folders": {**self._state.get("folders", {}), folder: [validity, uid]}}
        await self._door.remember(self._state)

    def refresh_token(self, given: str) -> str:
        """The set-up's, or the one that the token server gave instead."""
        return newest(given, self._state.get("refresh", {}))

    async def keep_refresh_token(self, given: str, token: str) -> None:
        self._state = {**self._state, "refresh": kept(given, token)}
        await self._door.remember(self._state)


class _Folder:
    """One folder, from its cursor on."""

    def __init__(
        self, door: ListenerDoor, memory: _Memory, box: _Apart, name: str, sent: bool, first_days: int
    ) -> None:
        self._door, self._memory, self._box, self._name, self._sent = door, memory, box, name, sent
        self._horizon = memory.started - timedelta(days=0 if sent else first_days)

    async def take_new(self) -> None:
        """All that lies above the cursor; everything since we first came where the UIDs are new ones."""
        mailbox = self._box.mailbox
        validity = await self._box.run(mailbox.open, self._name)
        known, uid = self._memory.cursor(self._name)
        since = self._horizon - timedelta(days=1)  # the server's day may be yesterday's
        found = await self._box.run(mailbox.look, uid if known == validity else 0, since)
        for start in range(0, len(found), MAILS_AT_ONCE):
            batch = found[start : start + MAILS_AT_ONCE]
            await self._take(batch)
            await self._memory.move(self._name, validity, batch[-1].uid)

    async def _take(self, batch: Sequence[Found]) -> None:
        events = [await self._received(one) for one in batch if self._wanted(one)]
        if new := [event for event in events if event is not None]:
            await self._door.publish(new)

    def _wanted(self, one: Found) -> bool:
        return one.at >= self._memory.started or (one.at >= self._horizon and not one.seen)

    async def _received(self, one: Found) -> MailReceived | None:
        """None for one that was deleted meanwhile. Of one that is too large only the beginning is kept."""
        mailbox, fits = self._box.mailbox, one.size <= MailLimits().mail_bytes
        raw = await self._box.run(mailbox.mail if fits else mailbox.beginning, one.uid)
        if not raw:
            return None
        sha256 = await self._door.store(raw)
        size = len(raw) if fits else one.size
        return MailReceived(external_id=sha256, occurred_at=one.at, sha256=sha256, size=size, sent=self._sent)


async def _access_token(config: ImapConfig, door: ListenerDoor, memory: _Memory) -> str | None:
    if config.access_token is not None:
        return config.access_token.get_secret_value()
    if config.oauth is None:
        return None
    given = config.oauth.refresh_token.get_secret_value()
    before = memory.refresh_token(given)
    tokens = await _refreshed(config.oauth, before, door.allowed)
    if tokens.refresh != before:
        await memory.keep_refresh_token(given, tokens.refresh)
    return tokens.access


async def _refreshed(config: OAuthConfig, refresh_token: str, allowed: Sequence[Network]) -> Tokens:
    """Raises TokenRefused, and NotReached or NotAllowed of the transport."""
    async with outbound_client() as http:
        request = token_request(config, refresh_token)
        answer = await NetworkTransport(http).exchange(request, allowed, TOKEN_SECONDS)
    return tokens_of(answer, refresh_token)
