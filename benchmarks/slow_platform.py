"""A platform that takes 200 ms for every message: `python -m benchmarks.slow_platform`. Prints its port; on
`GET /arrived` it tells when each message came, by the machine's monotonic clock."""

import asyncio
import json
import sys
import time
from typing import Final

LATENCY_SECONDS: Final = 0.2

arrived: dict[str, float] = {}
"""By `webhook-id`, which is the same at every attempt."""


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            came = time.monotonic()
            lines = head.decode("latin-1").lower().split("\r\n")[1:]
            headers = dict(line.split(": ", 1) for line in lines if ": " in line)
            await reader.readexactly(int(headers.get("content-length", 0)))
            if head.startswith(b"GET"):
                body = json.dumps(arrived).encode()
            else:
                arrived.setdefault(headers["webhook-id"], came)
                await asyncio.sleep(LATENCY_SECONDS)
                body = b'{"id": "%s"}' % headers["webhook-id"].encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await asyncio.to_thread(sys.stdin.read)  # until whoever started us is gone


if __name__ == "__main__":
    asyncio.run(main())
