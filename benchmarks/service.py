"""A whole installation for a measurement: real processes, the embedded PostgreSQL with its usual settings
(fsync on)."""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from app.settings import Settings
from app.setup.apply import apply
from app.setup.document import load
from app.supervisor import COMMANDS, Supervisor
from benchmarks.load import SECRET

PASSWORD = "a password of benchmarks"
QUEUES = 10
AGENTS_PER_QUEUE = 2


@dataclass
class Service:
    """`hotline` is the URL that telephone calls are told to; `endpoints` are ids by key."""

    supervisor: Supervisor
    settings: Settings
    hotline: str
    endpoints: dict[str, str]


def agents() -> list[str]:
    """The agents' addresses, those of a queue one after the other."""
    return [f"agent{number}@bench.test" for number in range(1, QUEUES * AGENTS_PER_QUEUE + 1)]


def queues() -> list[str]:
    return [f"queue-{number}" for number in range(1, QUEUES + 1)]


def _document() -> dict[str, Any]:
    """Agents with room for everything, so that every interaction is offered as soon as the service can."""
    return {
        "tenant": {"key": "bench", "name": "Bench", "time_zone": "Asia/Shanghai"},
        "work": {"units": {"voice": 1}},
        "tiers": [
            {"key": "platinum", "head_start_seconds": 600},
            {"key": "standard", "default": True},
        ],
        "teams": [{"key": f"team-{queue}"} for queue in queues()],
        "agents": [
            {
                "email": email,
                "name": email.partition("@")[0].title(),
                "password": PASSWORD,
                "teams": [f"team-{queues()[number // AGENTS_PER_QUEUE]}"],
                "capacity": {"units": 1_000_000},
                "devices": [{"endpoint": "hotline", "address": f"sip:{1000 + number}"}],
            }
            for number, email in enumerate(agents())
        ],
        "queues": [
            {
                "key": queue,
                "teams": [{"key": f"team-{queue}"}],
                "channels": {"voice": {"offer_seconds": 600}},
            }
            for queue in queues()
        ],
        "endpoints": [
            {"key": "hotline", "adapter": "cti", "queue": queues()[0], "config": {"secret": SECRET}}
        ],
    }


@asynccontextmanager
async def service(
    folder: Path,
    children: Collection[str] = tuple(COMMANDS),
    shape: Callable[[dict[str, Any]], None] = lambda document: None,
    **knobs: Any,
) -> AsyncIterator[Service]:
    """Everything that `touchpoint serve` starts, or of its processes only `children`. `shape` may change the
    set-up."""
    settings = Settings(data_dir=folder, port=0, log_level="error", **knobs)
    supervisor = Supervisor(settings, {child: COMMANDS[child] for child in children})
    await supervisor.start()
    try:
        settings = settings.model_copy(update={"database_url": supervisor.database_url})
        path = folder / "setup.yaml"
        document = _document()
        shape(document)
        path.write_text(yaml.safe_dump(document), encoding="utf-8")
        applied = await apply(settings, load(path, os.environ))
        await asyncio.sleep(1)  # every process has heard of the endpoint
        ids = {key: endpoint["id"] for key, endpoint in applied.endpoints.items()}
        hotline = f"{supervisor.url}{applied.endpoints['hotline']['path']}"
        yield Service(supervisor, settings, hotline, ids)
    finally:
        await supervisor.stop()


def folder() -> tempfile.TemporaryDirectory[str]:
    """A place for one installation, gone when it is left."""
    return tempfile.TemporaryDirectory(prefix="touchpoint-bench-")


@asynccontextmanager
async def door(kind: str, settings: Settings) -> AsyncIterator[str]:
    """One of `benchmarks.doors` as a process of its own; yields where it listens."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.doors",
        kind,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **settings.environment()},
    )
    try:
        assert process.stdout is not None
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.terminate()
        await process.wait()
