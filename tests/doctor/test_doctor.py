"""The doctor, one illness after the other: each is found, named, and comes with what to do."""

import json
import socket
from pathlib import Path

import pytest

from app.doctor import examination as doctor
from app.doctor.findings import Finding, Level
from app.embedded import EmbeddedPostgres
from app.settings import Settings


def settings_for(folder: Path, **changes: object) -> Settings:
    values = {"data_dir": folder, "database_url": None, "port": 0, "disk_used_max_percent": 100, **changes}
    return Settings.model_validate(values)


async def examined(settings: Settings) -> dict[str, Finding]:
    return {finding.subject: finding async for finding in doctor.examine(settings)}


def failures(found: dict[str, Finding]) -> list[str]:
    return [subject for subject, finding in found.items() if finding.level is Level.FAIL]


class TestExamine:
    async def test_healthy_installation(self, tmp_path: Path, database_url: str) -> None:
        found = await examined(settings_for(tmp_path, database_url=database_url))
        assert failures(found) == ["durability"]  # the tests' server does not wait for its disk
        assert found["schema"].level is Level.OK
        assert found["tenants"].level is Level.OK
        assert found["worker"].level is Level.WARN

    async def test_folder_without_an_installation(self, tmp_path: Path) -> None:
        found = await examined(settings_for(tmp_path / "none"))
        assert not failures(found)
        assert "`touchpoint serve`" in found["database"].todo

    async def test_stopped_folder_is_examined_and_left_stopped(self, tmp_path: Path) -> None:
        server = EmbeddedPostgres(tmp_path)
        await server.start()
        await server.stop()
        found = await examined(settings_for(tmp_path))
        assert "`touchpoint migrate`" in found["schema"].todo
        assert not (tmp_path / "postgres" / "postmaster.pid").exists()

    async def test_programs_missing(self, tmp_path: Path) -> None:
        found = await examined(settings_for(tmp_path, postgres_bin_dir=tmp_path))
        assert "TOUCHPOINT_POSTGRES_BIN_DIR" in found["PostgreSQL programs"].todo

    async def test_database_that_is_away(self, tmp_path: Path) -> None:
        found = await examined(settings_for(tmp_path, database_url="postgresql://127.0.0.1:1/none"))
        assert "DATABASE_URL" in found["database"].todo

    async def test_every_complaint_says_what_to_do(self, tmp_path: Path) -> None:
        away = settings_for(tmp_path / "none", database_url="postgresql://127.0.0.1:1/x")
        assert all(finding.todo for finding in (await examined(away)).values() if finding.level != "ok")


class TestHost:
    def test_old_python(self) -> None:
        assert doctor.python_version((3, 10)).level is Level.FAIL

    def test_full_disk(self, tmp_path: Path) -> None:
        assert "refused" in doctor.disk(tmp_path, max_percent=0).text

    def test_key_that_others_can_read(self, tmp_path: Path) -> None:
        settings = settings_for(tmp_path)
        settings.key_dir.mkdir()
        key = settings.key_dir / doctor.KEY_FILE
        key.touch(mode=0o644)
        key.chmod(0o644)
        assert [finding.todo for finding in doctor.keys(settings)] == [f"chmod 600 {key}"]

    def test_key_that_is_gone(self, tmp_path: Path) -> None:
        settings = settings_for(tmp_path)
        (settings.blob_dir / "tenant").mkdir(parents=True)
        assert [finding.level for finding in doctor.keys(settings)] == [Level.FAIL]

    async def test_port_of_another_program(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            other.settimeout(0)
            found = await doctor.http_port("127.0.0.1", other.getsockname()[1])
        assert found.level is Level.FAIL

    async def test_free_port(self) -> None:
        assert (await doctor.http_port("127.0.0.1", 1)).level is Level.OK

    @pytest.mark.parametrize("server", ["127.0.0.1:1", "no-port", ""])
    async def test_kafka_away(self, server: str) -> None:
        assert "KAFKA_BOOTSTRAP_SERVERS" in (await doctor.kafka(server)).todo


class TestRun:
    async def test_failure_is_exit_code_1_and_json_is_for_programs(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code = await doctor.run(settings_for(tmp_path, database_url="postgresql://127.0.0.1:1/x"), True)
        subjects = {finding["subject"]: finding["level"] for finding in json.loads(capsys.readouterr().out)}
        assert (code, subjects["database"]) == (1, "fail")

    async def test_people_read_lines(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert await doctor.run(settings_for(tmp_path), False) == 0
        assert "→ `touchpoint serve` makes and starts it." in capsys.readouterr().out
