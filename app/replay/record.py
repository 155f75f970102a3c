"""The recorded stretch of a tenant that `touchpoint replay` is asked about: found, and read in its order."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.database import API_ROLE, Database
from app.errors import CommandError
from app.settings import Settings
from models.journal import RoutingJournal, Stretch
from models.policy import Policy as PolicyRow
from models.tenant import Tenant
from routing.policy import Policy
from routing.record import Recorded

MICROSECONDS: Final = 1_000_000

Tick = Callable[[], object]
"""Called for each entry that was read."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the record is asked for: `start` and `end` as said on the command line, half-open. `tenant`
    None: the only one there is."""

    start: str
    end: str
    tenant: str | None = None


@dataclass(frozen=True)
class Record:
    """One tenant's record of an interval, in microseconds since the epoch. `stretch` begins at the rebuild
    that the interval's first entry, at `begins_at`, needs. `policy_of` finds a version's policy, `documents`
    are all versions as published."""

    database: Database
    tenant: Tenant
    start_us: int
    end_us: int
    begins_at: int
    stretch: Stretch
    policy_of: Callable[[int], Policy]
    documents: dict[int, dict[str, Any]]

    async def entries(self) -> AsyncIterator[Recorded]:
        """In their order, those before the interval that it needs first. Raises CommandError for one that
        cannot be read."""
        rows = RoutingJournal.entries(
            lambda: self.database.read(self.tenant.id), self.tenant.id, self.stretch
        )
        async for row in rows:
            try:
                yield Recorded.read(row.position, row.epoch, row.kind, row.now_us, row.document)
            except (KeyError, TypeError) as error:
                raise CommandError(
                    f"position {row.position}: not an entry of the journal: {error!r}"
                ) from None

    @property
    def span(self) -> str:
        """The interval on the tenant's clock, to the minute."""
        start, end = (f"{self._at(us):%Y-%m-%d %H:%M}" for us in (self.start_us, self.end_us))
        return f"{start} to {end}"

    def local(self, at_us: int) -> str:
        """A moment on the tenant's clock."""
        return self._at(at_us).isoformat(sep=" ", timespec="milliseconds")

    def _at(self, at_us: int) -> datetime:
        return _on_the_clock_of(self.tenant, at_us)


@asynccontextmanager
async def open_record(settings: Settings, wanted: Wanted) -> AsyncIterator[Record]:
    """Raises CommandError for an unknown tenant, a time that is none, an interval without entries."""
    assert settings.database_url is not None, "the caller has found or started the database"
    database = Database(settings.database_url, API_ROLE, pool_size=2)
    try:
        yield await _find(database, wanted)
    finally:
        await database.close()


async def _find(database: Database, wanted: Wanted) -> Record:
    tenant = await _tenant(database, wanted.tenant)
    start, end = (_microseconds(said, tenant) for said in (wanted.start, wanted.end))
    if end <= start:
        raise CommandError(f"--to {wanted.end} is not after --from {wanted.start}.")
    async with database.read(tenant.id) as session:
        inside = await RoutingJournal.stretch(session, tenant.id, start, end)
        if inside is None:
            kept = await RoutingJournal.ends(session, tenant.id)
            raise CommandError(_nothing(tenant, wanted, kept))
        whole = await RoutingJournal.since_rebuild(session, tenant.id, inside)
        if whole is None:
            raise CommandError(
                f"The journal of {tenant.key} begins in the middle, at position {inside.first}: what the "
                "engine knew then is not kept any longer. Begin a day later."
            )
        rows = await session.scalars(select(PolicyRow).where(PolicyRow.tenant_id == tenant.id))
        documents = {row.version: row.document for row in rows}
    return Record(database, tenant, start, end, inside.first, whole, _reader(documents), documents)


def _nothing(tenant: Tenant, wanted: Wanted, kept: tuple[int, int] | None) -> str:
    nothing = f"Nothing of {tenant.key} was recorded from {wanted.start} to {wanted.end}"
    if kept is None:
        return f"{nothing}, nor at any other time."
    first, last = (f"{_on_the_clock_of(tenant, at):%Y-%m-%d %H:%M}" for at in kept)
    return f"{nothing}: the journal runs from {first} to {last}."


def _on_the_clock_of(tenant: Tenant, at_us: int) -> datetime:
    return datetime.fromtimestamp(at_us / MICROSECONDS, ZoneInfo(tenant.time_zone))


def _reader(documents: dict[int, dict[str, Any]]) -> Callable[[int], Policy]:
    @cache
    def policy_of(version: int) -> Policy:
        if version not in documents:
            raise CommandError(f"The record names policy version {version}, which is not there.")
        return Policy.from_document(documents[version], version)

    return policy_of


async def _tenant(database: Database, key: str | None) -> Tenant:
    async with database.read() as session:
        tenants = {tenant.key: tenant for tenant in await Tenant.all(session)}
    if key is None and len(tenants) == 1:
        return next(iter(tenants.values()))
    known = ", ".join(sorted(tenants)) or "none yet"
    if key is None:
        raise CommandError(f"Say which with --tenant; there is {known}.")
    if key not in tenants:
        raise CommandError(f"There is no tenant {key}; there is {known}.")
    return tenants[key]


def _microseconds(said: str, tenant: Tenant) -> int:
    """A date or a date with a time; without an offset, on the tenant's clock."""
    try:
        at = datetime.fromisoformat(said)
        at = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(tenant.time_zone))
        at_us = round(at.timestamp() * MICROSECONDS)
        _on_the_clock_of(tenant, at_us)
    except (ValueError, OverflowError):
        raise CommandError(f"{said} is not a time: write 2026-11-29 or 2026-11-29T14:30.") from None
    return at_us


@contextmanager
def progress(total: int, what: str) -> Iterator[Tick]:
    """A bar on stderr, if that is a terminal; one step for each call."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)
