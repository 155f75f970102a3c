"""What the webhook door is compared with, each a process like the api's: `nothing` reads the body and stores
nothing; `insert` verifies and parses as we do, then one INSERT with its own commit for each request."""

import sys
from collections.abc import Sequence
from typing import Any

import asyncpg
import uvloop
from fastapi import FastAPI, Request, Response

from app.child import keep_what_is_loaded, listen
from app.container import open_container
from app.events import Envelope
from app.main import create_app, serve
from app.settings import Settings

INSERT = """
INSERT INTO event_log (stream, partition, key, id, tenant_id, type, source, subject, at, data)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""


def nothing() -> FastAPI:
    app = FastAPI()

    @app.post("/webhooks/{endpoint_id}")
    async def read(endpoint_id: str, request: Request) -> Response:
        await request.body()
        return Response(b"{}", media_type="application/json")

    return app


class InsertEach:
    """A log as it is first written: a pool, and a transaction for each request."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        rows = [
            (e.stream.value, e.partition, e.key, e.id, e.tenant_id, e.type, e.source, e.subject, e.at, e.data)
            for e in envelopes
        ]
        async with self._pool.acquire() as connection:
            for row in rows:
                await connection.execute(INSERT, *row)


async def run(kind: str) -> None:
    settings = Settings()
    with listen(settings) as listener:
        print("http://{}:{}".format(*listener.getsockname()[:2]), flush=True)
        if kind == "nothing":
            app = nothing()
            keep_what_is_loaded()
            await serve(app, listener, settings)
            return
        async with (
            asyncpg.create_pool(settings.database_url, min_size=16, max_size=16) as pool,
            open_container(settings) as container,
        ):
            container.bus.publish = InsertEach(pool).publish  # type: ignore[method-assign]
            app = create_app(container)
            keep_what_is_loaded()
            await serve(app, listener, settings)


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1]))
