"""A durable acknowledged webhook, compared in one run with an endpoint that stores nothing and an INSERT per
request: 64 connections over loopback, the embedded PostgreSQL with fsync, and Kafka where there is one."""

import asyncio
import statistics
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks.load import Job, load
from benchmarks.machine import write_result
from benchmarks.service import Service, door, folder, service
from tests.kafka.broker import Broker, why_not

ROUNDS = 5
TARGETS = {"embedded": 0.55, "kafka": 0.5, "insert": 1.2}
"""ours ÷ nothing on either log, ours ÷ insert."""


async def measure() -> dict[str, Any]:
    result: dict[str, Any] = {"embedded": await _embedded()}
    reason = why_not()
    result["kafka"] = {"skipped": reason} if reason else await _kafka()
    return result


async def _embedded() -> dict[str, Any]:
    with folder() as name:
        return await _on_postgres(Path(name))


async def _on_postgres(place: Path) -> dict[str, Any]:
    async with (
        service(place, ["api"]) as ours,
        door("nothing", ours.settings) as nothing,
        door("insert", ours.settings) as insert,
    ):
        path = _path(ours)
        rates = await _rounds({"ours": ours.hotline, "nothing": nothing + path, "insert": insert + path})
    return {
        **rates,
        "ours_to_nothing": _ratio(rates, "ours", "nothing"),
        "ours_to_insert": _ratio(rates, "ours", "insert"),
        "targets": {"ours_to_nothing": TARGETS["embedded"], "ours_to_insert": TARGETS["insert"]},
    }


async def _kafka() -> dict[str, Any]:
    with folder() as name:
        return await _on_kafka(Path(name))


async def _on_kafka(place: Path) -> dict[str, Any]:
    async with (
        _broker() as servers,
        service(place, ["api"], kafka_bootstrap_servers=servers) as ours,
        door("nothing", ours.settings) as nothing,
    ):
        await asyncio.sleep(2)  # the api has found Kafka
        rates = await _rounds({"ours": ours.hotline, "nothing": nothing + _path(ours)})
    return {
        **rates,
        "ours_to_nothing": _ratio(rates, "ours", "nothing"),
        "targets": {"ours_to_nothing": TARGETS["kafka"]},
    }


async def _rounds(urls: Mapping[str, str]) -> dict[str, Any]:
    """Each in turn, several times: what else the machine does meets all of them."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in urls}
    for _ in range(ROUNDS):
        for name, url in urls.items():
            result = await load(Job(url, seconds=2.0, warm_seconds=0.5))
            if result["refused"]:
                raise RuntimeError(f"{name} refused {result['refused']} requests")
            found[name].append(result)
    return {name: {key: [r[key] for r in runs] for key in runs[0]} for name, runs in found.items()}


def _ratio(rates: Mapping[str, Any], one: str, other: str) -> float:
    """The median of the rounds' ratios."""
    pairs = zip(rates[one]["per_second"], rates[other]["per_second"], strict=True)
    return round(float(statistics.median(a / b for a, b in pairs)), 3)


def _path(ours: Service) -> str:
    return ours.hotline.removeprefix(ours.supervisor.url)


@asynccontextmanager
async def _broker() -> AsyncIterator[str]:
    with folder() as name:
        broker = Broker(Path(name))
        await asyncio.to_thread(broker.format)
        await broker.start()
        try:
            yield broker.servers
        finally:
            await asyncio.to_thread(broker.stop)


def main() -> None:
    """Measure, print and write."""
    result = asyncio.run(measure())
    write_result("webhook", result)
    for log in ("embedded", "kafka"):
        ratios = {name: value for name, value in result[log].items() if name.startswith("ours_to")}
        print(log, ratios or result[log])


if __name__ == "__main__":
    main()
