"""A real Postfix on loopback that relays all mail to one server, in a folder of its own."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ports import free_port, greets
from tests.waiting import eventually

PROGRAM = Path("/usr/sbin/postfix")

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.test
mydestination =
alias_maps =
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:{next_port}
smtpd_relay_restrictions = permit_mynetworks, reject
smtputf8_enable = no
"""
_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass
class Postfix:
    folder: Path
    port: int
    process: subprocess.Popen[bytes]


@asynccontextmanager
async def running_postfix(next_port: int) -> AsyncIterator[Postfix]:
    """Hands everything on to `next_port` of this machine."""
    server = await asyncio.to_thread(_started, next_port)
    try:
        await eventually(lambda: greets(server.port, b"220"), seconds=20)
        yield server
    finally:
        await asyncio.to_thread(_stop, server)


def _started(next_port: int) -> Postfix:
    if not PROGRAM.exists():
        pytest.skip("Postfix is not installed")
    if os.geteuid() != 0:
        pytest.skip("only root may start Postfix with users of its own")
    folder = Path(tempfile.mkdtemp(prefix="touchpoint-postfix-"))
    folder.chmod(0o755)
    port = free_port()
    (folder / "main.cf").write_text(_MAIN.format(folder=folder, next_port=next_port))
    (folder / "master.cf").write_text(_MASTER.format(port=port))
    for name in ("queue", "data"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    process = subprocess.Popen(
        [PROGRAM, "-c", str(folder), "start-fg"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return Postfix(folder, port, process)


def _stop(server: Postfix) -> None:
    subprocess.run([PROGRAM, "-c", str(server.folder), "abort"], capture_output=True, check=False)
    server.process.terminate()
    server.process.wait()
    shutil.rmtree(server.folder, ignore_errors=True)
