"""The event log: one port, two logs (PostgreSQL, Kafka), one consumer runner."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.bus.port import Log
    from app.database import Database
    from app.security import InstallationKey
    from app.settings import Settings


def open_log(settings: "Settings", database: "Database", key: "InstallationKey") -> "Log":
    """Kafka where brokers are configured, else the PostgreSQL log. The caller starts and closes it."""
    if settings.kafka_bootstrap_servers:
        from app.bus.kafka_log import KafkaLog
        from app.security import SealingKey

        return KafkaLog(
            database,
            settings.kafka_bootstrap_servers,
            SealingKey(key.derive("records in Kafka")),
            produce_seconds=settings.kafka_produce_timeout_seconds,
        )
    from app.bus.log import PostgresLog

    return PostgresLog(database)
