"""WhatsApp for the service of these tests: the platform, and the lane whose agent serves its customers."""

import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from demo.messengers.whatsapp import WhatsApp
from tests.running import Lane, Service
from tests.serving import serving

NUMBER = "106540352242922"
WORD = "a word that only WhatsApp and we know"
DAY_SECONDS = 24 * 3600


@dataclass
class Messenger:
    """`number` is the lane's."""

    platform: WhatsApp
    url: str
    number: int = 0
    _last: int = 8613800139000

    def add_to(self, document: dict[str, Any]) -> None:
        """Its customers come to the last agent but one, who administers too: nobody else takes that lane."""
        agent = document["agents"][-3]
        self.number = int(agent["name"].split()[-1])
        agent["roles"] = ["agent", "admin"]
        words = dict.fromkeys(("access_token", "app_secret", "verify_token"), WORD)
        template = {"name": "order_ready", "language": "en_US", "body": "Hello {{1}}, {{2}} is ready."}
        config = {"phone_number_id": NUMBER, **words, "api_url": self.url, "templates": [template]}
        document["endpoints"].append(
            {"key": "whatsapp", "adapter": "whatsapp", "queue": f"lane-{self.number}", "config": config}
        )

    def connect(self, service: Service) -> Lane:
        self.platform.webhook = f"{service.url}{service.endpoints['whatsapp']['path']}"
        return Lane(self.number, service)

    async def says(self, text: str, *, ago_seconds: int = 0) -> str:
        """A customer who has never written writes; their number."""
        self._last += 1
        customer = str(self._last)
        at = int(time.time()) - ago_seconds
        message = self.platform.customer_says(customer, at=at, type="text", text={"body": text})
        await self.platform.messages(message, name="Sheena")
        return customer

    def got(self, customer: str) -> list[dict[str, Any]]:
        """What has come to their phone."""
        return [dict(taken.body) for taken in self.platform.taken if taken.to == customer]


@asynccontextmanager
async def open_messenger() -> AsyncIterator[Messenger]:
    platform = WhatsApp(NUMBER, WORD, WORD, WORD, random.Random(7))
    async with serving(platform.app()) as url:
        yield Messenger(platform, url)


async def change(service: Service, statement: str, *values: object) -> bool:
    """What time or many failures would do, without waiting for them; whether a row was changed."""
    connection = await asyncpg.connect(service.settings.database_url)
    status = str(await connection.execute(statement, *values))
    await connection.close()
    return status != "UPDATE 0"
