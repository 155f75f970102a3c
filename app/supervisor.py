"""`touchpoint serve`: the database, one api and one worker process, kept alive and ended together.

The supervisor listens on the HTTP port itself and hands the socket to the api: while an api is replaced,
callers wait in the queue of that socket instead of being refused. Children end when their stdin does.
"""

import asyncio
import os
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import httpx
import structlog

from app.child import SUPERVISED, listen
from app.embedded import EmbeddedPostgres
from app.errors import CommandError
from app.migrate import migrate
from app.settings import Settings

log = structlog.get_logger()

COMMANDS: Final = MappingProxyType(
    {child: (sys.executable, "-P", "-m", "app.cli", child) for child in ("api", "worker")}
)
READY_SECONDS: Final = 120.0
START_TRIES: Final = 3
HEALTHY_SECONDS: Final = 30.0
BACK_OFF_SECONDS: Final = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)


class Supervisor:
    """Runs one installation. `start` returns when it serves; `stop` returns when nothing of it is left."""

    def __init__(self, settings: Settings, commands: Mapping[str, Sequence[str]] = COMMANDS) -> None:
        self.settings = settings
        self._commands = commands
        self.database_url = settings.database_url or ""
        self._postgres: EmbeddedPostgres | None = None
        if settings.database_url is None:
            self._postgres = EmbeddedPostgres(settings.data_dir, bin_dir=settings.postgres_bin_dir)
        self._socket: socket.socket | None = None
        self._children: dict[str, asyncio.subprocess.Process] = {}
        self._ends: Counter[str] = Counter()
        self._keepers: list[asyncio.Task[None]] = []

    @property
    def url(self) -> str:
        """Where the api is reached from this machine."""
        if self._socket is None:
            raise RuntimeError("the supervisor was not started")
        host, port = self._socket.getsockname()[:2]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def pid_of(self, child: str) -> int | None:
        """The process of `api`, `worker` or `database` while there is one."""
        if child == "database":
            return self._postgres.pid if self._postgres else None
        process = self._children.get(child)
        return process.pid if process and process.returncode is None else None

    async def start(self) -> None:
        """Database, schema, children, and the api ready. Raises CommandError, and then nothing is left."""
        try:
            self._socket = listen(self.settings)
            if self._postgres:
                self.database_url = await self._postgres.start()
                self._keep("database", self._keep_database(self._postgres))
            await migrate(self.database_url)
            for child in self._commands:
                self._keep(child, self._keep_child(child))
            await self._become_ready()
        except BaseException:
            await self.stop()
            raise

    async def wait(self) -> None:
        """For ever, unless something happens that no restart cures: then its exception."""
        await asyncio.gather(*self._keepers)

    async def stop(self) -> None:
        """End the children (together, `stop_seconds` for both), then the database."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        self._keepers.clear()
        if self._socket:
            self._socket.close()
        await asyncio.gather(
            *(end(process, self.settings.stop_seconds) for process in self._children.values())
        )
        self._children.clear()
        if self._postgres:
            await self._postgres.stop()

    def _keep(self, name: str, keeper: Coroutine[Any, Any, None]) -> None:
        self._keepers.append(asyncio.create_task(keeper, name=f"keep {name}"))

    async def _keep_child(self, child: str) -> None:
        back_off = BackOff()
        while True:
            self._children[child] = process = await self._spawn(child)
            code = await process.wait()
            self._ends[child] += 1
            delay = back_off.after_end()
            log.error("process ended; starting it again", process=child, code=code, delay_seconds=delay)
            await asyncio.sleep(delay)

    async def _keep_database(self, postgres: EmbeddedPostgres) -> None:
        back_off = BackOff()
        while True:
            code = await postgres.wait()
            log.error("database ended; recovering it", code=code)
            await _recover(postgres, back_off)

    async def _spawn(self, child: str) -> asyncio.subprocess.Process:
        descriptors = [self._socket.fileno()] if self._socket and child == "api" else []
        return await asyncio.create_subprocess_exec(
            *self._commands[child],
            stdin=asyncio.subprocess.PIPE,
            pass_fds=descriptors,
            env=self._environment(descriptors),
            start_new_session=True,  # Ctrl-C is for us: we end them in order
        )

    def _environment(self, descriptors: list[int]) -> dict[str, str]:
        update = {"database_url": self.database_url, "listen_fd": descriptors[0] if descriptors else None}
        settings = self.settings.model_copy(update=update)
        # -P keeps a stranger's `app` in the working directory out; this lets ours in, installed or not.
        paths = [str(Path(__file__).parents[1]), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
        path = os.pathsep.join(filter(None, paths))
        return {**os.environ, **settings.environment(), SUPERVISED: "1", "PYTHONPATH": path}

    async def _become_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        async with httpx.AsyncClient(base_url=self.url, timeout=5, trust_env=False) as client:
            while not await _is_ready(client):
                if time.monotonic() > deadline or max(self._ends.values(), default=0) >= START_TRIES:
                    raise CommandError("A process does not come up; what it said is above.")
                await asyncio.sleep(0.05)


class BackOff:
    """Delays between restarts: none for the first, then growing; forgotten after a healthy run."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._started_at = monotonic()
        self._ends = 0

    def after_end(self) -> float:
        """Seconds to wait before the next start."""
        now = self._monotonic()
        if now - self._started_at > HEALTHY_SECONDS:
            self._ends = 0
        delay = BACK_OFF_SECONDS[min(self._ends, len(BACK_OFF_SECONDS) - 1)]
        self._ends += 1
        self._started_at = now + delay
        return delay


async def end(process: asyncio.subprocess.Process, seconds: float) -> None:
    """Ask it to end; after `seconds` end it."""
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), seconds)
        except TimeoutError:
            process.kill()
            await process.wait()
    if process.stdin:
        process.stdin.close()


async def _recover(postgres: EmbeddedPostgres, back_off: BackOff) -> None:
    while True:
        await asyncio.sleep(back_off.after_end())
        try:
            await postgres.start()
        except (CommandError, OSError) as error:
            log.error("database did not start", error=str(error))
        else:
            return


async def _is_ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


async def serve(
    settings: Settings,
    announce: Callable[[Supervisor], None],
    commands: Mapping[str, Sequence[str]] = COMMANDS,
) -> None:
    """Run until SIGINT or SIGTERM; `announce` is called once it serves."""
    stop = asyncio.Event()
    for kind in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(kind, stop.set)
    supervisor = Supervisor(settings, commands)
    running = asyncio.create_task(_run(supervisor, announce))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    failed = running.done()
    stopping.cancel()
    running.cancel()
    await asyncio.gather(running, stopping, return_exceptions=True)
    await supervisor.stop()
    if failed:
        running.result()


async def _run(supervisor: Supervisor, announce: Callable[[Supervisor], None]) -> None:
    await supervisor.start()
    announce(supervisor)
    await supervisor.wait()
