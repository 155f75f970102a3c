"""What tests share: one embedded PostgreSQL per process, and a migrated database cloned for each test."""

import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import structlog

from app.embedded import EmbeddedPostgres
from app.migrate import migrate

TEMPLATE = "touchpoint_template"
TOGETHER = ("asterisk", "browser", "kafka", "messengers", "outage", "twilio", "voice")
EXPECTED_SKIPS = ("../shared/data", "only root")
SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
UNSAFE_BUT_FAST = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off", "max_wal_size": "1GB"}
MEMORY = Path("/dev/shm")
ROOM_BYTES = 3 << 30


@pytest.fixture(scope="session", autouse=True)
def logs_apart() -> None:
    """What commands print is read by tests: what anything logs meanwhile goes elsewhere, as in a process."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.__stderr__))


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """In memory, if there is room: a clone is a thousand files, which cost ten times as much on a disk."""
    for left in MEMORY.glob("touchpoint-tests-*"):
        if not Path("/proc", left.name.split("-")[2]).exists():
            shutil.rmtree(left, ignore_errors=True)  # a killed run's
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM_BYTES
    prefix = f"touchpoint-tests-{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=MEMORY if roomy else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
async def postgres(server_folder: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A server of this test process alone: each xdist worker has its own."""
    server = EmbeddedPostgres(server_folder, options=UNSAFE_BUT_FAST)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@pytest.fixture(scope="session")
async def template_database(postgres: EmbeddedPostgres) -> str:
    """The name of a migrated, empty database. Never connect to it: clone it."""
    await _administrate(postgres, f"CREATE DATABASE {TEMPLATE}")
    await migrate(postgres.url(TEMPLATE))
    return TEMPLATE


@pytest.fixture
async def database_url(postgres: EmbeddedPostgres, template_database: str) -> AsyncIterator[str]:
    """The owner's URL of a database of this test's own, migrated and empty. Code under test takes a role
    of it: `Database(url, API_ROLE)`."""
    async with clone(postgres, template_database) as url:
        yield url


@pytest.fixture(scope="session")
async def session_database_url(postgres: EmbeddedPostgres, template_database: str) -> AsyncIterator[str]:
    """One database for all tests that roll back what they do: cheaper than a clone each."""
    async with clone(postgres, template_database) as url:
        yield url


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The corpora beside the repository; a test that needs them has a sibling with data of its own."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the corpora in ../shared/data are absent")
    return SHARED_DATA


@asynccontextmanager
async def clone(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[str]:
    """A copy of the template, dropped at the end even if somebody is still connected."""
    name = f"test_{uuid4().hex}"
    await _administrate(postgres, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    try:
        yield postgres.url(name)
    finally:
        await _administrate(postgres, f"DROP DATABASE {name} WITH (FORCE)")


async def _administrate(postgres: EmbeddedPostgres, statement: str) -> None:
    connection = await asyncpg.connect(postgres.url("postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One xdist worker for each of these: a broker and a running service are started once, not once per
    worker, and the lanes that a folder takes are the same in every run."""
    for item in items:
        name = item.path.relative_to(Path(__file__).parent).parts[0]
        if name == "channels" and "world" in getattr(item, "fixturenames", ()):
            name = "messengers"
        if item.get_closest_marker("kafka"):
            name = "kafka"
        if name in TOGETHER:
            item.add_marker(pytest.mark.xdist_group(name))


def _fail_if_skipped_in_ci(report: pytest.TestReport | pytest.CollectReport) -> None:
    """In CI all that tests need is installed: a skip there would be a test that nobody ran."""
    expected = hasattr(report, "wasxfail") or any(why in str(report.longrepr) for why in EXPECTED_SKIPS)
    if os.environ.get("CI") == "true" and report.skipped and not expected:
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report: Any = yield
    _fail_if_skipped_in_ci(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    report: Any = yield
    _fail_if_skipped_in_ci(report)
    return report
