"""Logs and metrics: one structured line per event, secrets masked; one registry per process."""

import logging
import sys
from typing import Final

import structlog
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from structlog.typing import EventDict, Processor, WrappedLogger

from app.settings import Settings

REGISTRY: Final = CollectorRegistry(auto_describe=True)
"""Where every metric of this process is registered: `Counter("touchpoint_…", "…", registry=REGISTRY)`."""
for collector in (ProcessCollector, PlatformCollector, GCCollector):
    collector(registry=REGISTRY)

SECRET_WORDS: Final = ("password", "secret", "token", "authorization", "cookie", "api_key")
MASKED: Final = "[masked]"
QUIET: Final = ("uvicorn.access", "httpx", "httpcore", "alembic", "aiokafka", "mail.log")


def configure_logging(settings: Settings) -> None:
    """Send structlog and the standard library's loggers to stderr, as JSON lines or for a terminal."""
    human = settings.log_format == "console" or (settings.log_format == "auto" and sys.stderr.isatty())
    shared = _shared_processors()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(human)],
        )
    )
    logging.basicConfig(handlers=[handler], level=settings.log_level.upper(), force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def metrics() -> tuple[bytes, str]:
    """The registry in Prometheus's text format, and its content type."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST


def mask_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Values whose name says that they are secret never reach a log."""
    for name in event:
        if any(word in name.lower() for word in SECRET_WORDS):
            event[name] = MASKED
    return event


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        mask_secrets,
    ]


def _renderers(human: bool) -> list[Processor]:
    if human:
        plain = structlog.dev.plain_traceback  # the rich one shows locals, secrets among them
        return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    # Without the frames' variables: they hold customers' words and secrets, and writing them takes so long
    # that a burst of errors would stop the process from answering.
    tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=20)
    return [
        structlog.processors.ExceptionRenderer(tracebacks),
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
