"""What a process is made of, built in order and closed in reverse. Tests build one of their own parts."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import structlog

from app.access import AccessTokens
from app.blobs import BlobStore, open_blobs
from app.bus import open_log
from app.bus.port import Log
from app.bus.tail import Tail
from app.chat_hub import ChatHub
from app.clock import Clock, SystemClock
from app.database import API_ROLE, WORKER_ROLE, Database
from app.doors.pressure import Pressure
from app.doors.refusals import Refusals
from app.doors.throttle import Throttle
from app.ended_sessions import EndedSessions
from app.endpoints import Endpoints
from app.events import Stream
from app.file_links import FileLinks
from app.notifications import Notifications
from app.outbound import outbound_client
from app.security import Cipher, InstallationKey, Passwords
from app.settings import Settings
from app.sign_in import forget_old_failures
from interactions.agents.explanations import Explanations
from interactions.agents.leases import Leases
from interactions.agents.shown import ShownOffers
from interactions.agents.watching import places_of
from interactions.life.pace import PaceBook
from interactions.life.policies import PolicyBook

log = structlog.get_logger()

IDLE_IN_TRANSACTION_SECONDS = 10
"""A frozen worker loses its rows' locks after this long (DESIGN §2.3)."""


@dataclass(slots=True)
class Container:
    """One per process. `tail` and `leases` run in api processes only."""

    settings: Settings
    clock: Clock
    key: InstallationKey = field(repr=False)
    cipher: Cipher = field(repr=False)
    passwords: Passwords
    tokens: AccessTokens = field(repr=False)
    ended_sessions: EndedSessions
    database: Database
    notifications: Notifications
    endpoints: Endpoints
    bus: Log
    blobs: BlobStore
    file_links: FileLinks = field(repr=False)
    http: httpx.AsyncClient
    tail: Tail
    pressure: Pressure
    leases: Leases
    chats: ChatHub
    rubbish: Throttle
    chatter: Throttle
    policies: PolicyBook
    paces: PaceBook
    explanations: Explanations = field(default_factory=Explanations)
    shown: ShownOffers = field(init=False)
    refusals: Refusals = field(init=False)
    _loops: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.shown = ShownOffers(self.database, self.policies)
        self.refusals = Refusals(self.database, self.clock)

    def keep_running(self, loop: Coroutine[Any, Any, None], name: str) -> None:
        """Run `loop` until the container closes. One that fails is our bug, and said so."""
        task = asyncio.create_task(loop, name=name)
        task.add_done_callback(_tell_failure)
        self._loops.add(task)

    async def end_loops(self) -> None:
        for task in self._loops:
            task.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await self.shown.close()


def _tell_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("a loop has ended", loop=task.get_name(), exc_info=error)


@asynccontextmanager
async def open_container(settings: Settings, role: str = API_ROLE) -> AsyncIterator[Container]:
    """A whole process's worth of parts for `role`. Raises CommandError when the installation is unusable."""
    assert settings.database_url is not None, "the caller has found or started the database"
    async with AsyncExitStack() as stack:
        clock, key = SystemClock(), InstallationKey.load(settings)
        cipher, passwords = Cipher(key), Passwords()
        stack.callback(passwords.close)
        database = _database(settings, role)
        stack.push_async_callback(database.close)
        notifications = Notifications(database)
        bus = open_log(settings, database, key)
        await bus.start()
        stack.push_async_callback(bus.close)
        endpoints = Endpoints(database, cipher, notifications, settings.public_url)
        await endpoints.refresh()
        ended_sessions = EndedSessions(database, notifications, clock)
        await ended_sessions.refresh()
        tail, policies = Tail(bus.source(Stream.ACTIVITY), places_of), PolicyBook()
        paces = PaceBook(policies, clock)
        container = Container(
            settings=settings,
            clock=clock,
            key=key,
            cipher=cipher,
            passwords=passwords,
            tokens=AccessTokens(key.derive("access tokens"), clock, ended_sessions),
            ended_sessions=ended_sessions,
            database=database,
            notifications=notifications,
            endpoints=endpoints,
            bus=bus,
            blobs=open_blobs(settings, cipher),
            file_links=FileLinks(key.derive("file addresses"), settings.public_url, clock),
            http=await stack.enter_async_context(outbound_client()),
            tail=tail,
            pressure=Pressure(settings),
            leases=Leases(database, clock, settings),
            chats=ChatHub(database, policies, paces, tail, notifications, clock),
            rubbish=rubbish_throttle(clock),
            chatter=chatter_throttle(clock),
            policies=policies,
            paces=paces,
        )
        stack.push_async_callback(container.end_loops)
        container.keep_running(notifications.run(), "notifications")
        container.keep_running(endpoints.run(), "endpoints")
        if role == API_ROLE:
            await container.tail.start()
            stack.push_async_callback(container.tail.close)
            container.keep_running(container.leases.run(), "leases")
            container.keep_running(container.pressure.run(bus), "pressure")
            container.keep_running(container.chats.run(), "chats")
            container.keep_running(container.refusals.run(), "refusals")
            container.keep_running(ended_sessions.run(), "ended sessions")
            container.keep_running(forget_old_failures(database, clock), "sign-ins")
        yield container


def rubbish_throttle(clock: Clock) -> Throttle:
    """How many unreadable forms one peer may leave with us as dead letters."""
    return Throttle(clock, burst=100, per_second=1)


def chatter_throttle(clock: Clock) -> Throttle:
    """How fast one visitor may write."""
    return Throttle(clock, burst=60, per_second=2)


def _database(settings: Settings, role: str) -> Database:
    idle = IDLE_IN_TRANSACTION_SECONDS if role == WORKER_ROLE else None
    assert settings.database_url is not None
    return Database(
        settings.database_url,
        role,
        pool_size=settings.database_pool_max,
        idle_in_transaction_seconds=idle,
    )
