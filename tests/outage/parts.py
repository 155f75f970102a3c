"""What the tests of outages share: lanes with two agents, workers of their own, customers at the doors."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson

from channels import signature
from tests.crash.ledger import Ledger, new_text
from tests.running import HOTLINE, SECRET, Lane, Service

KNOBS: dict[str, Any] = {"live_calls_seconds": 1, "log_level": "warning"}
ROOT = Path(__file__).parents[2]


def two_agents_a_lane(document: dict[str, Any]) -> None:
    """`agentN` and `secondN`; phones and offers have time enough for what is killed to come back. Those of
    the last lane are given up soon."""
    firsts = [agent for agent in document["agents"] if agent["email"].startswith("agent")]
    for number, agent in enumerate(firsts, 1):
        device = {"endpoint": "hotline", "address": f"sip:{2000 + number}"}
        document["agents"].append({**agent, "email": second_of(number), "devices": [device]})
    for queue in document["queues"]:
        queue["channels"] = {"voice": {"offer_seconds": 60, "connect_seconds": 40}}
    document["queues"][-1]["channels"]["voice"]["connect_seconds"] = 5


def second_of(lane: Lane | int) -> str:
    """The e-mail of the lane's second agent."""
    return f"second{lane if isinstance(lane, int) else lane.number}@acme.test"


class Worker:
    """A worker process of a test's own; `said` is what it logged."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process, self._log = process, log

    @property
    def said(self) -> str:
        return self._log.read_text()

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    async def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def worker_of(service: Service, folder: Path) -> AsyncIterator[Worker]:
    """Killed at the end of the block, if it still lives."""
    log = folder / f"worker-{uuid4().hex}.log"
    environment = {**os.environ, **service.settings.environment(), "PYTHONPATH": str(ROOT)}
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "app.cli", "worker"), env=environment, stderr=out
        )
    worker = Worker(process, log)
    try:
        yield worker
    finally:
        await worker.kill()


class Doors:
    """Single attempts at the doors, without the patience of `tests.crash.customers`. What was acknowledged is
    in the ledger; `answers` counts the statuses."""

    def __init__(self, service: Service, http: httpx.AsyncClient) -> None:
        self.service, self.http = service, http
        self.ledger = Ledger(service.exchange)
        self.answers: Counter[int] = Counter()

    async def form(self) -> httpx.Response:
        text = new_text("form")
        body = {"email": "wang@customer.test", "subject": "A question", "text": text}
        path = f"/forms/{self.service.endpoints['contact-form']['id']}"
        answer = await self.http.post(path, json=body)
        self.answers[answer.status_code] += 1
        if answer.is_success:
            self.ledger.texts.add(text)
        return answer

    async def webhook(self) -> httpx.Response:
        """A call begins, at the platform's door."""
        event = {
            "type": "call.incoming",
            "call_id": f"call-{uuid4()}",
            "sequence": 1,
            "from": "+8613800138000",
            "to": HOTLINE,
            "at": datetime.now(UTC).isoformat(),
            "data": {},
        }
        body = orjson.dumps(event)
        headers = signature.sign(signature.secret_key(SECRET), f"msg-{uuid4()}", datetime.now(UTC), body)
        answer = await self.http.post(
            self.service.endpoints["watched"]["path"], content=body, headers=headers
        )
        self.answers[answer.status_code] += 1
        if answer.is_success:
            self.ledger.exchange.sent.append(event)
        return answer

    async def knock(self) -> None:
        """Both doors."""
        await asyncio.gather(self.form(), self.webhook())


@asynccontextmanager
async def at_the_doors(service: Service) -> AsyncIterator[Doors]:
    async with httpx.AsyncClient(base_url=service.url, timeout=30, trust_env=False) as http:
        yield Doors(service, http)
