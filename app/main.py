"""The api: every router over one container, and the server that runs it."""

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

import uvicorn
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from app import pages, problems
from app.child import keep_what_is_loaded, listen
from app.container import Container, open_container
from app.database import API_ROLE
from app.doors.idempotency import Replayed
from app.doors.limits import Door
from app.doors.mail import MailIn
from app.doors.websocket import HeardWebSocket
from app.errors import CommandError
from app.settings import Settings
from routers import all_routers, webhooks


def create_app(container: Container) -> FastAPI:
    """The whole HTTP and WebSocket surface over `container`, which the caller opens and closes."""
    app = FastAPI(
        title="Touchpoint",
        version=_version(),
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.container = container
    app.add_middleware(webhooks.WebhookDoor, container=container)
    app.add_middleware(Door, settings=container.settings)
    app.add_exception_handler(Replayed, _stored_answer)
    problems.install(app)
    for router in all_routers():
        app.include_router(router)
    pages.install(app)
    return app


async def _stored_answer(_request: Request, replayed: Exception) -> Response:
    assert isinstance(replayed, Replayed)
    return replayed.answer


def _version() -> str:
    try:
        return version("touchpoint")
    except PackageNotFoundError:
        return "0"


async def serve_api(settings: Settings) -> None:
    """Run one api process until it is told to end; sockets are then closed with 1012 (restart)."""
    with listen(settings) as listener:
        async with open_container(settings, API_ROLE) as container, _mail_doors(container):
            app = create_app(container)
            keep_what_is_loaded()
            await serve(app, listener, settings)


@asynccontextmanager
async def _mail_doors(container: Container) -> AsyncIterator[None]:
    """The SMTP and LMTP doors whose port is not 0, for this while. Raises CommandError if one is taken."""
    settings, mail_in = container.settings, MailIn(container)
    async with AsyncExitStack() as stack:
        for port, lmtp in ((settings.smtp_port, False), (settings.lmtp_port, True)):
            if port == 0:
                continue
            door = mail_in.door(lmtp=lmtp)
            try:
                await door.start(settings.smtp_host, port)
            except OSError as error:
                where = f"{settings.smtp_host} port {port}"
                raise CommandError(f"Cannot listen for mail on {where}: {error.strerror}.") from error
            stack.push_async_callback(door.stop)
        yield


async def serve(app: FastAPI, listener: socket.socket, settings: Settings) -> None:
    """uvicorn on `listener`, until SIGTERM or SIGINT."""
    await server_of(app, settings).serve([listener])


def server_of(app: FastAPI, settings: Settings) -> uvicorn.Server:
    """As every api process runs it."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=max(1, int(settings.stop_seconds) - 1),
        ws_max_size=settings.body_max_bytes,
        ws=HeardWebSocket,
        ws_ping_interval=settings.ping_seconds,
        ws_ping_timeout=settings.lease_seconds,
        ws_per_message_deflate=False,  # of small frames: it costs more time and memory than it saves
        lifespan="off",
    )
    return uvicorn.Server(config)
