"""Logs as programs read them: one JSON object per line, secrets masked, the library's loggers included."""

import json
import subprocess
import sys
from pathlib import Path

from app.telemetry import MASKED, REGISTRY, mask_secrets, metrics

PROGRAM = """
import logging, structlog
from app.settings import Settings
from app.telemetry import configure_logging

log = structlog.get_logger("early")
configure_logging(Settings(log_format="json", log_level="info"))
log.info("李雷 signed in", password="hunter2", agent="li@acme.test")
log.debug("not shown")
logging.getLogger("uvicorn.access").info("not shown")
logging.getLogger("some.library").warning("its %s", "words")
said = "the customer's words"
try:
    len(said) / 0
except ZeroDivisionError:
    log.exception("broken")
"""


def logged() -> list[dict[str, object]]:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    return [json.loads(line) for line in ended.stderr.splitlines()]


class TestConfigureLogging:
    def test_lines(self) -> None:
        signed_in, library, broken = logged()
        assert (signed_in["event"], signed_in["level"]) == ("李雷 signed in", "info")
        assert (signed_in["password"], signed_in["agent"]) == (MASKED, "li@acme.test")
        assert (library["event"], library["logger"]) == ("its words", "some.library")
        assert "ZeroDivisionError" in json.dumps(broken["exception"])
        assert "the customer's words" not in json.dumps(broken)


class TestMaskSecrets:
    def test_by_part_of_the_name(self) -> None:
        event = {"refresh_token": "a", "smtp_password": "b", "Authorization": "c", "queue": "billing"}
        masked = mask_secrets(None, "info", event)
        assert masked == {**dict.fromkeys(event, MASKED), "queue": "billing"}


class TestMetrics:
    def test_prometheus_reads_them(self) -> None:
        content, media_type = metrics()
        assert media_type.startswith("text/plain")
        assert b"process_cpu_seconds_total" in content
        assert REGISTRY.get_sample_value("process_virtual_memory_bytes")
