"""The stand-in for Twilio on a port of its own, its webhooks signed by Twilio's own package."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from twilio.request_validator import SIGNATURE_HEADER, RequestValidator

from demo.twilio import FakeTwilio
from demo.twilio.hooks import Sign


def official(auth_token: str) -> Sign:
    def sign(url: str, fields: Mapping[str, str]) -> Mapping[str, str]:
        return {SIGNATURE_HEADER: RequestValidator(auth_token).compute_signature(url, dict(fields))}

    return sign


@asynccontextmanager
async def serving(twilio: FakeTwilio) -> AsyncIterator[str]:
    """Its base URL on loopback, while it runs."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_api_route("/{path:path}", twilio.handle, methods=["GET", "POST", "DELETE"], response_model=None)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", date_header=False))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    listener = socket.create_server(("127.0.0.1", 0))
    task = asyncio.create_task(server.serve([listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        await twilio.hooks.close()
