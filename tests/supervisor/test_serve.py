"""`touchpoint serve` itself, with the real api and worker: ready, killed, started again."""

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from tests.supervisor.test_supervisor import gone
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]


async def serve(folder: Path) -> tuple[asyncio.subprocess.Process, str]:
    """The process and its URL, once it says that it is ready."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "app.cli", "serve", "--data", str(folder), "--port", "0"),
        stdout=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout
    line = (await asyncio.wait_for(process.stdout.readline(), 60)).decode()
    found = re.search(r"ready: (http://\S+)", line)
    assert found, line
    return process, found[1]


async def status(url: str) -> int:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        return (await client.get(f"{url}/readyz")).status_code


@pytest.mark.crash
async def test_killed_and_started_again(tmp_path: Path) -> None:
    first, url = await serve(tmp_path)
    assert await status(url) == 200
    family = psutil.Process(first.pid).children(recursive=True)
    first.kill()
    await first.communicate()
    second, url = await serve(tmp_path)
    assert await status(url) == 200
    for process in family:
        await eventually(lambda pid=process.pid: gone(pid))
    second.send_signal(signal.SIGTERM)
    await asyncio.wait_for(second.communicate(), 15)
    assert second.returncode == 0
