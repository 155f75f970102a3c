"""Settings: read from the environment, handed to children whole, and each of them documented."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from app.settings import Settings

RUNNING = (Path(__file__).parents[2] / "docs" / "running.md").read_text(encoding="utf-8")


def environment_of(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """What a child with only these variables reads."""
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    return Settings()


class TestEnvironment:
    def test_child_reads_the_very_settings(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = Settings(
            data_dir=tmp_path,
            database_url="postgresql://touchpoint@/x?host=/run&port=5432",
            kafka_bootstrap_servers="a:1,b:2",
            trusted_proxies=("10.0.0.1",),
            lease_seconds=7.5,
            log_level="debug",
        )
        assert environment_of(settings, monkeypatch) == settings

    @pytest.mark.parametrize("name", sorted(Settings.model_fields))
    def test_every_setting_is_documented(self, name: str) -> None:
        default = Settings.model_fields[name].default
        variables = Settings(**{name: "1" if default is None else default}).environment()
        documented = {variable for variable in variables if f"`{variable}`" in RUNNING}
        assert set(variables) == documented

    def test_empty_variable_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "")
        assert Settings().kafka_bootstrap_servers is None

    def test_nonsense_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="less than or equal to 65535"):
            Settings(port=70_000)
