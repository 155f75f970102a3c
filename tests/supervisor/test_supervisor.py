"""`serve` through what an operator relies on: what is killed comes back, nothing is left when it ends."""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import httpx
import psutil
import pytest

from app.errors import CommandError
from app.settings import Settings
from app.supervisor import BACK_OFF_SECONDS, HEALTHY_SECONDS, BackOff, Supervisor
from tests.waiting import eventually

CHILD = str(Path(__file__).with_name("child.py"))
COMMANDS = {name: (sys.executable, CHILD, name) for name in ("api", "worker")}


def settings_for(folder: Path) -> Settings:
    return Settings(data_dir=folder, database_url=None, port=0, stop_seconds=2)


@pytest.fixture
async def supervisor(tmp_path: Path) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(settings_for(tmp_path), COMMANDS)
    await supervisor.start()
    try:
        yield supervisor
    finally:
        await supervisor.stop()


async def get(url: str) -> str:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        return (await client.get(url)).text


class TestStart:
    async def test_everything_runs(self, supervisor: Supervisor) -> None:
        assert await get(supervisor.url) == supervisor.database_url
        assert all(supervisor.pid_of(name) for name in ("api", "worker", "database"))

    async def test_port_in_use_is_refused_and_leaves_nothing(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            settings = settings_for(tmp_path).model_copy(update={"port": port})
            with pytest.raises(CommandError, match=rf"port {port}.*--port"):
                await Supervisor(settings, COMMANDS).start()

    async def test_second_start_on_the_folder_is_refused(self, supervisor: Supervisor) -> None:
        with pytest.raises(CommandError, match=rf"in use by process {os.getpid()}"):
            await Supervisor(supervisor.settings, COMMANDS).start()
        assert await get(supervisor.url) == supervisor.database_url

    async def test_process_that_never_comes_up_is_told_soon(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="does not come up"):
            await Supervisor(
                settings_for(tmp_path), {"api": (sys.executable, "-c", "raise SystemExit(3)")}
            ).start()


@pytest.mark.crash
class TestKilled:
    @pytest.mark.parametrize("name", ["api", "worker", "database"])
    async def test_comes_back(self, supervisor: Supervisor, name: str) -> None:
        before = supervisor.pid_of(name)
        os.kill(before or 0, signal.SIGKILL)
        await eventually(lambda: supervisor.pid_of(name) not in (None, before))
        assert await get(supervisor.url) == supervisor.database_url

    async def test_callers_wait_while_the_api_is_replaced(self, supervisor: Supervisor) -> None:
        os.kill(supervisor.pid_of("api") or 0, signal.SIGKILL)
        answers = await asyncio.gather(*(get(supervisor.url) for _ in range(5)), return_exceptions=True)
        assert supervisor.database_url in answers
        assert not any(isinstance(answer, httpx.ConnectError) for answer in answers)


class TestStop:
    async def test_nothing_is_left(self, tmp_path: Path) -> None:
        supervisor = Supervisor(settings_for(tmp_path), COMMANDS)
        await supervisor.start()
        pids = [supervisor.pid_of(name) for name in ("api", "worker", "database")]
        await supervisor.stop()
        assert not any(psutil.pid_exists(pid or 0) for pid in pids)

    async def test_child_that_does_not_listen_is_killed(self, tmp_path: Path) -> None:
        deaf = {name: (*command, "deaf") for name, command in COMMANDS.items()}
        supervisor = Supervisor(settings_for(tmp_path).model_copy(update={"stop_seconds": 0.2}), deaf)
        await supervisor.start()
        pid = supervisor.pid_of("worker")
        await supervisor.stop()
        assert not psutil.pid_exists(pid or 0)


PROGRAM = """
import asyncio, json, sys
from app.settings import Settings
from app.supervisor import serve

def announce(supervisor):
    pids = {name: supervisor.pid_of(name) for name in ("api", "worker", "database")}
    print(json.dumps({"url": supervisor.url, **pids}), flush=True)

commands = {name: (sys.executable, sys.argv[1], name) for name in ("api", "worker")}
asyncio.run(serve(Settings(), announce, commands))
"""


@pytest.fixture
async def serving(tmp_path: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = {
        **settings_for(tmp_path).environment(),
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PATH": os.environ["PATH"],
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, CHILD), stdout=asyncio.subprocess.PIPE, env=environment
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def announced(process: asyncio.subprocess.Process) -> dict[str, int]:
    assert process.stdout
    told: dict[str, int] = json.loads(await asyncio.wait_for(process.stdout.readline(), 60))
    told.pop("url")
    return told


@pytest.mark.crash
class TestServe:
    @pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
    async def test_signal_ends_all_within_seconds(
        self, serving: asyncio.subprocess.Process, kind: signal.Signals
    ) -> None:
        pids = await announced(serving)
        asked_at = time.monotonic()
        serving.send_signal(kind)
        assert await asyncio.wait_for(serving.wait(), 10) == 0
        assert time.monotonic() - asked_at < 5
        assert not any(psutil.pid_exists(pid) for pid in pids.values())

    async def test_signal_during_the_start_ends_all(
        self, serving: asyncio.subprocess.Process, tmp_path: Path
    ) -> None:
        await eventually(lambda: (tmp_path / "postgres.log").exists())
        serving.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(serving.wait(), 10) == 0
        assert not (tmp_path / "postgres" / "postmaster.pid").exists()

    async def test_killed_supervisor_takes_all_with_it(self, serving: asyncio.subprocess.Process) -> None:
        pids = await announced(serving)
        serving.kill()
        await serving.wait()
        for pid in pids.values():
            await eventually(partial(gone, pid))


def gone(pid: int) -> bool:
    """Orphans end as zombies where nobody collects them, as in a container without an init."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


class TestBackOff:
    def test_first_restart_is_at_once_and_then_they_grow(self) -> None:
        back_off = BackOff(lambda: 0.0)
        assert [back_off.after_end() for _ in range(8)] == [*BACK_OFF_SECONDS, 8.0, 8.0]

    def test_a_healthy_run_forgets(self) -> None:
        times = iter([0.0, 1.0, 2.0, 3.0 + HEALTHY_SECONDS])
        back_off = BackOff(lambda: next(times))
        assert [back_off.after_end() for _ in range(3)] == [0.0, 0.5, 0.0]
