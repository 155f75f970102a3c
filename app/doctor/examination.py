"""`touchpoint doctor`: looks at the machine, the folder, the database and the log, and says what to do."""

import asyncio
import json
import os
import shutil
import stat
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final

import asyncpg
import httpx
from rich.console import Console

from app.bus.kafka import Kafka
from app.doctor import database as doctor_database
from app.doctor.findings import Finding, Level, fail, ok, warn
from app.doctor.kafka import kafka_positions
from app.embedded import embedded, find_binaries
from app.errors import CommandError
from app.security import KEY_FILE
from app.settings import Settings

CONNECT_SECONDS: Final = 3.0
MARKS: Final = {Level.OK: "[green] ok [/]", Level.WARN: "[yellow]warn[/]", Level.FAIL: "[red]FAIL[/]"}


async def run(settings: Settings, as_json: bool) -> int:
    """Print all findings; 1 if one of them is a failure."""
    found = [finding async for finding in examine(settings)]
    if as_json:
        sys.stdout.write(json.dumps([asdict(finding) for finding in found], ensure_ascii=False) + "\n")
    else:
        _print(found)
    return int(any(finding.level is Level.FAIL for finding in found))


def _print(found: list[Finding]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for finding in found:
        console.print(MARKS[finding.level], end=" ")
        console.print(f"{finding.subject}: {finding.text}", markup=False)
        if finding.todo:
            console.print(f"       → {finding.todo}", markup=False)


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Everything, from the machine to the dead letters; a failure does not hide what follows."""
    yield python_version(sys.version_info[:2])
    for finding in folder(settings):
        yield finding
    for finding in await ports(settings):
        yield finding
    async for finding in database(settings):
        yield finding
    if settings.kafka_bootstrap_servers:
        for server in settings.kafka_bootstrap_servers.split(","):
            yield await kafka(server.strip())


def python_version(version: tuple[int, int]) -> Finding:
    shown = ".".join(map(str, version))
    if version >= (3, 11):
        return ok("Python", shown)
    return fail("Python", f"{shown} is too old", "Install 3.11 or newer and make the environment anew.")


def folder(settings: Settings) -> Iterator[Finding]:
    """Rights, room, and the keys without which blobs and secrets cannot be read."""
    path = settings.data_dir.resolve()
    if not path.is_dir():
        yield warn("data folder", f"{path} does not exist yet", "It is made by the first `touchpoint serve`.")
        return
    if os.access(path, os.R_OK | os.W_OK | os.X_OK):
        yield ok("data folder", str(path))
    else:
        owner = path.stat().st_uid
        yield fail("data folder", f"{path} belongs to user {owner}", "Start as that user, or `chown -R` it.")
    yield disk(path, settings.disk_used_max_percent)
    yield from keys(settings)


def disk(path: Path, max_percent: float) -> Finding:
    usage = shutil.disk_usage(path)
    percent = 100 * usage.used / (usage.used + usage.free)  # as df counts: a quota's rest is neither
    text = f"{percent:.0f} % used, {usage.free / 2**30:.1f} GiB free"
    if percent < max_percent:
        return ok("disk", text)
    return fail(
        "disk",
        f"{text}; past {max_percent:.0f} % forms and chats are refused",
        "Free space, or raise TOUCHPOINT_DISK_USED_MAX_PERCENT.",
    )


def keys(settings: Settings) -> Iterator[Finding]:
    if settings.installation_key:
        yield ok("key", "from TOUCHPOINT_INSTALLATION_KEY")
        return
    path = settings.key_dir / KEY_FILE
    if not path.exists():
        has_blobs = settings.blob_dir.is_dir() and any(settings.blob_dir.iterdir())
        if has_blobs:
            yield fail("key", f"{path} is gone: blobs cannot be read", "Restore it from a backup.")
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        yield warn("key", f"{path} can be read by others (mode {mode:o})", f"chmod 600 {path}")
    else:
        yield ok("key", f"{path}; keep a copy away from this machine")


async def ports(settings: Settings) -> list[Finding]:
    if settings.port == 0:
        return []
    return [await http_port(settings.host, settings.port)]


async def http_port(host: str, port: int) -> Finding:
    """Ours, free, or somebody else's."""
    where = f"{host} port {port}"
    if not await _accepts(host, port):
        return ok("HTTP", f"{where} is free: no api runs here")
    try:
        async with httpx.AsyncClient(timeout=CONNECT_SECONDS, trust_env=False) as client:
            answer = await client.get(f"http://{host}:{port}/healthz")
        ours = answer.json() == {"status": "ok"}
    except (httpx.HTTPError, ValueError):
        ours = False
    if ours:
        return ok("HTTP", f"an api answers on {where}")
    return fail("HTTP", f"another program uses {where}", "Stop it, or choose another port with --port.")


async def kafka(server: str) -> Finding:
    host, _, port = server.rpartition(":")
    if port.isdigit() and await _accepts(host, int(port)):
        return ok("Kafka", f"{server} accepts connections")
    return fail(
        "Kafka",
        f"{server} cannot be reached; events are kept in PostgreSQL meanwhile",
        "Start the broker, or correct KAFKA_BOOTSTRAP_SERVERS (host:port,host:port).",
    )


async def _accepts(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), CONNECT_SECONDS)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def database(settings: Settings) -> AsyncIterator[Finding]:
    if settings.database_url is None:
        try:
            yield ok("PostgreSQL programs", str(find_binaries(settings.postgres_bin_dir)))
        except CommandError as error:
            yield fail("PostgreSQL programs", "not found", str(error))
            return
        if not (settings.data_dir / "postgres").is_dir():
            yield warn("database", "not made yet", "`touchpoint serve` makes and starts it.")
            return
    try:
        async with _connected(settings) as connection:
            async for finding in doctor_database.examine(connection):
                yield finding
            if settings.kafka_bootstrap_servers:
                async for finding in kafka_positions(connection, Kafka(settings.kafka_bootstrap_servers)):
                    yield finding
    except (OSError, TimeoutError, asyncpg.PostgresError, CommandError) as error:
        todo = (
            "Start it, or correct DATABASE_URL."
            if settings.database_url
            else "See postgres.log in the folder."
        )
        yield fail("database", f"cannot be reached: {error}", todo)


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    async with embedded(settings) as url:
        connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS)
        try:
            yield connection
        finally:
            await connection.close()
