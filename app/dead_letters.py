"""`touchpoint dead-letters`: look at what could not be read or applied, and put it back into the log with the
same id once the cause is gone."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import typer
from sqlalchemy import select, update

from app.bus import open_log
from app.bus.envelopes import from_json
from app.bus.port import Bus
from app.database import WORKER_ROLE, Database
from app.endpoints import Endpoints
from app.errors import ChannelError, CommandError, PoisonEvent, Unavailable
from app.events import Envelope
from app.notifications import Notifications
from app.security import CannotOpen, Cipher, InstallationKey, UnknownTenantKey
from app.settings import Settings
from channels.base import WireRequest
from models.log import DeadLetter

LIST_MAX = 200


class DeadLetters:
    """What is parked: events that a consumer could not apply, and requests that a door could not read."""

    def __init__(self, database: Database, bus: Bus, endpoints: Endpoints, cipher: Cipher) -> None:
        self._database, self._bus = database, bus
        self._endpoints, self._cipher = endpoints, cipher

    async def parked(self, limit: int | None = None) -> Sequence[DeadLetter]:
        """Not replayed yet, newest first."""
        query = select(DeadLetter).where(DeadLetter.replayed_at.is_(None)).order_by(DeadLetter.id.desc())
        async with self._database.read() as session:
            return (await session.scalars(query.limit(limit))).all()

    async def find(self, letter_id: str) -> DeadLetter:
        """Raises CommandError."""
        try:
            wanted = UUID(letter_id)
        except ValueError:
            raise CommandError(f"{letter_id} is not an id of a dead letter.") from None
        async with self._database.read() as session:
            letter = await session.get(DeadLetter, wanted)
        if letter is None:
            raise CommandError(f"There is no dead letter {letter_id}.")
        return letter

    def content(self, letter: DeadLetter) -> bytes:
        """Its bytes in clear. Raises CannotOpen, UnknownTenantKey."""
        return self._cipher.open(letter.tenant_id, letter.raw) if letter.raw else b""

    async def replay(self, letter: DeadLetter) -> None:
        """Publish it again. Raises ValueError and whatever opening, reading and publishing it raise."""
        raw = self.content(letter)
        envelopes = [from_json(raw)] if letter.consumer else self._read_again(letter, raw)
        await self._bus.publish(envelopes)
        async with self._database.transaction() as session:
            done = update(DeadLetter).where(DeadLetter.id == letter.id)
            await session.execute(done.values(replayed_at=datetime.now(UTC)))

    def _read_again(self, letter: DeadLetter, raw: bytes) -> list[Envelope]:
        """A request that a door could not read, by the adapter of today."""
        path, _, query = letter.source.partition("?")
        endpoint = self._endpoints.get(UUID(path.rpartition("/")[2]))
        if endpoint is None:
            raise ValueError("its endpoint is gone")
        headers = {"webhook-id": str(letter.id)}  # the request's own was not kept; this one is as unique
        request = WireRequest("POST", f"/webhooks/{endpoint.id}?{query}", headers, raw, letter.at)
        return [endpoint.envelope(event, letter.at) for event in endpoint.adapter.parse(request)]


async def list_letters(settings: Settings, as_json: bool) -> int:
    async with _opened(settings) as letters:
        found = await letters.parked(LIST_MAX)
    if as_json:
        typer.echo(orjson.dumps([_summary(letter) for letter in found]).decode())
        return 0
    for letter in found:
        what = letter.type or letter.source
        error = letter.error.splitlines()[0] if letter.error else ""
        typer.echo(
            f"{letter.id}  {letter.at:%Y-%m-%d %H:%M:%S}  {letter.consumer or 'door'}  {what}  {error}"
        )
    typer.echo(f"{len(found)} parked" + (", the newest shown" if len(found) == LIST_MAX else ""), err=True)
    return 0


async def show_letter(settings: Settings, letter: str, as_json: bool) -> int:
    async with _opened(settings) as letters:
        found = await letters.find(letter)
        shown = _summary(found) | {"content": _readable(letters, found)}
    if as_json:
        typer.echo(orjson.dumps(shown).decode())
    else:
        for name, value in shown.items():
            typer.echo(f"{name}: {value}")
    return 0


async def replay_letters(settings: Settings, letters: Sequence[str], every: bool) -> int:
    """Exit code 1 if one could not be replayed."""
    failed = 0
    async with _opened(settings) as kept:
        chosen = await kept.parked() if every else [await kept.find(letter) for letter in letters]
        for letter in sorted(chosen, key=lambda letter: letter.id):
            try:
                await kept.replay(letter)
            except (ValueError, ChannelError, PoisonEvent, CannotOpen, UnknownTenantKey) as error:
                typer.echo(f"{letter.id}: cannot be replayed: {error}", err=True)
                failed += 1
            except Unavailable as error:
                raise CommandError(f"Nothing takes events at the moment: {error.detail}") from error
    typer.echo(f"{len(chosen) - failed} replayed, {failed} not")
    return 1 if failed else 0


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[DeadLetters]:
    assert settings.database_url is not None, "the caller has found or started the database"
    database = Database(settings.database_url, WORKER_ROLE, pool_size=4)
    key = InstallationKey.load(settings)
    log = open_log(settings, database, key)
    try:
        await log.start()
        cipher = Cipher(key)
        endpoints = Endpoints(database, cipher, Notifications(database))
        await endpoints.refresh()
        yield DeadLetters(database, log, endpoints, cipher)
    finally:
        await log.close()
        await database.close()


def _summary(letter: DeadLetter) -> dict[str, Any]:
    names = ("id", "tenant_id", "at", "source", "consumer", "stream", "partition", "key", "type", "error")
    shown = {name: getattr(letter, name) for name in (*names, "replayed_at")}
    return {
        name: str(value) if isinstance(value, UUID | datetime) else value for name, value in shown.items()
    }


def _readable(letters: DeadLetters, letter: DeadLetter) -> str:
    try:
        raw = letters.content(letter)
    except (CannotOpen, UnknownTenantKey) as error:
        return f"(sealed: {type(error).__name__})"
    if letter.consumer and raw:
        raw = from_json(raw).data
    return raw.decode(errors="backslashreplace")
