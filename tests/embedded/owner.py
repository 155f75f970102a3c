"""A process of its own that runs an embedded server, to be killed; and a look at what runs."""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import psutil

OWNER_PROGRAM = """
import asyncio, sys
from pathlib import Path
from app.embedded import EmbeddedPostgres
from app.settings import Settings

async def main():
    server = EmbeddedPostgres(Path(sys.argv[1]), bin_dir=Settings().postgres_bin_dir)
    await server.start()
    print(server.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def start_owner(
    folder: Path, prefix: Sequence[str] = (), **environment: str
) -> tuple[asyncio.subprocess.Process, int]:
    """A process of its own that runs the server; the server's number with it."""
    owner = await asyncio.create_subprocess_exec(
        *(*prefix, sys.executable, "-c", OWNER_PROGRAM, str(folder)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
    )
    assert owner.stdout
    line = await asyncio.wait_for(owner.stdout.readline(), 60)
    return owner, int(line)


async def kill(owner: asyncio.subprocess.Process) -> None:
    owner.kill()
    await owner.communicate()


async def run(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def servers_in(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["name", "cwd", "status"]):
        if process.info["name"] == "postgres" and process.info["cwd"] == str(folder / "postgres"):
            found.append(process)
    return found
