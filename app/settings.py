"""Every knob of the service, typed, with its unit in its name. Built once by the entry point and passed on:
there is no global instance, so two installations may live in one process (tests do)."""

import json
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

KILOBYTE = 1024
MEGABYTE = 1024 * KILOBYTE


class Settings(BaseSettings):
    """Read from the environment: `TOUCHPOINT_<NAME>`; `DATABASE_URL` and `KAFKA_BOOTSTRAP_SERVERS` bare."""

    model_config = SettingsConfigDict(
        env_prefix="TOUCHPOINT_", env_ignore_empty=True, populate_by_name=True, frozen=True, extra="forbid"
    )

    # Where things are.
    data_dir: Path = Field(
        default=Path("var"), validation_alias=AliasChoices("TOUCHPOINT_DATA", "TOUCHPOINT_DATA_DIR")
    )
    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL")
    kafka_bootstrap_servers: str | None = Field(default=None, validation_alias="KAFKA_BOOTSTRAP_SERVERS")
    postgres_bin_dir: Path | None = None

    # The key behind all keys, 32 bytes in base64; without it `key_dir` holds one. The same for all processes.
    installation_key: str | None = Field(default=None, repr=False)

    # What we listen on. SMTP and LMTP port 0 is off.
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(default=0, ge=0, le=65535)
    lmtp_port: int = Field(default=0, ge=0, le=65535)
    listen_fd: int | None = None  # a socket that a supervisor listens on already, instead of host and port
    public_url: str | None = None
    trusted_proxies: tuple[str, ...] = ()

    # Whom to ask about senders' keys, as address or address:port; none: as the system does.
    dns_servers: tuple[str, ...] = ()

    # What is written about it.
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "console", "json"] = "auto"

    # Presence and sockets.
    lease_seconds: float = Field(default=20, gt=0)
    lease_write_seconds: float = Field(default=5, gt=0)
    ping_seconds: float = Field(default=5, gt=0)
    reconnect_grace_seconds: float = Field(default=5, ge=0)
    api_restart_grace_seconds: float = Field(default=30, ge=0)
    presence_restore_seconds: float = Field(default=300, ge=0)
    authenticate_seconds: float = Field(default=5, gt=0)

    # Telephony platforms that take commands are asked so often which calls live.
    live_calls_seconds: float = Field(default=60, gt=0)

    # The log.
    kafka_produce_timeout_seconds: float = Field(default=1, gt=0)
    event_log_keep_days: int = Field(default=7, ge=1)
    unread_inbound_max: int = Field(default=100_000, ge=1)
    disk_used_max_percent: float = Field(default=80, gt=0, le=100)

    # Limits on what comes in.
    body_max_bytes: int = Field(default=256 * KILOBYTE, ge=1)
    file_max_bytes: int = Field(default=25 * MEGABYTE, ge=1)
    mail_max_bytes: int = Field(default=50 * MEGABYTE, ge=1)

    # Processes.
    database_pool_max: int = Field(default=16, ge=2)
    stop_seconds: float = Field(default=5, gt=0)

    def environment(self) -> dict[str, str]:
        """The variables that give a child process these very settings."""
        bare = {"data_dir": "TOUCHPOINT_DATA", "database_url": "DATABASE_URL"}
        bare["kafka_bootstrap_servers"] = "KAFKA_BOOTSTRAP_SERVERS"
        values = self.model_dump(mode="json", exclude_none=True).items()
        return {bare.get(name, f"TOUCHPOINT_{name.upper()}"): _as_text(value) for name, value in values}

    @property
    def blob_dir(self) -> Path:
        """Raw mails and attachments, encrypted."""
        return self.data_dir / "blobs"

    @property
    def key_dir(self) -> Path:
        """Keys that sign and encrypt; losing it makes blobs and sessions unreadable."""
        return self.data_dir / "keys"


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
