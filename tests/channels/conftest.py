"""One running service that speaks to fakes of all messengers; each test has a queue, an agent and an account
of its own."""

import os
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import pytest

from app.embedded import EmbeddedPostgres
from demo.messengers.bridge import Bridge
from demo.messengers.wechat import Mode, WechatPlatform
from demo.messengers.wecom import WecomPlatform
from demo.messengers.weixin import WeixinPlatform
from demo.messengers.whatsapp import WhatsApp
from tests.channels.whatsapp.build import CONFIG
from tests.conftest import clone
from tests.platforms.custom import OfficialPackage
from tests.platforms.weixin import Wechatpy, served
from tests.running import Lane, Service, running
from tests.serving import serving
from tests.waiting import eventually

EACH = 12
"""Tests at most of each platform."""

SEED = int(os.environ.get("TOUCHPOINT_MESSENGERS_SEED", "7"))
GREETING = "您好，欢迎！"
MODES: Sequence[Mode] = ("safe", "plain", "compatible")
BRIDGE_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ORDER_READY = {"name": "order_ready", "language": "zh_CN", "body": "您好{{1}}，您的订单{{2}}已备好。"}
P = TypeVar("P", WechatPlatform, WecomPlatform, WhatsApp, Bridge)


@dataclass
class Place(Generic[P]):
    """An account, and the lane whose agent serves its customers."""

    platform: P
    lane: Lane


@dataclass
class World:
    """Places that no test has taken yet."""

    wechat: list[Place[WechatPlatform]]
    wecom: list[Place[WecomPlatform]]
    whatsapp: list[Place[WhatsApp]]
    custom: list[Place[Bridge]]


class _Accounts:
    """What the set-up says of each fake, in the order of the lanes."""

    def __init__(self) -> None:
        secrets = (CONFIG["access_token"], CONFIG["app_secret"], CONFIG["verify_token"])
        self.wechat = [WechatPlatform(mode=MODES[n % len(MODES)], crypto=Wechatpy) for n in range(EACH)]
        self.wecom = [WecomPlatform(crypto=Wechatpy) for _ in range(EACH)]
        self.whatsapp = [
            WhatsApp(CONFIG["phone_number_id"], *secrets, random.Random(SEED)) for _ in range(EACH)
        ]
        self.custom = [Bridge(OfficialPackage(BRIDGE_SECRET), random.Random(SEED)) for _ in range(EACH)]
        self._endpoints: list[tuple[str, dict[str, Any]]] = []

    async def serve(self, stack: AsyncExitStack) -> None:
        for adapter, platforms in (("wechat", self.wechat), ("wecom", self.wecom)):
            for platform in platforms:
                await stack.enter_async_context(served(platform))
                self._endpoints.append((adapter, platform.config(greeting=GREETING)))
        for whatsapp in self.whatsapp:
            url = await stack.enter_async_context(serving(whatsapp.app()))
            config = CONFIG | {"api_url": url, "templates": [ORDER_READY]}
            self._endpoints.append(("whatsapp", config))
        for bridge in self.custom:
            bridge.url = await stack.enter_async_context(serving(bridge.app()))
            config = {
                "platform": "line",
                "secret": BRIDGE_SECRET,
                "send_url": f"{bridge.url}/send",
                "reply_window": {"seconds": 172_800, "messages": 5},
            }
            self._endpoints.append(("custom", config))

    def shape(self, document: dict[str, Any]) -> None:
        for n, (adapter, config) in enumerate(self._endpoints):
            queue = document["queues"][n]["key"]
            endpoint = {"key": f"account-{n}", "adapter": adapter, "queue": queue, "config": config}
            document["endpoints"].append(endpoint)

    async def connect(self, service: Service) -> World:
        def address(n: int) -> str:
            return service.url + service.endpoints[f"account-{n}"]["path"]

        weixin: list[WeixinPlatform] = [*self.wechat, *self.wecom]
        for n, platform in enumerate(weixin):
            platform.hook = address(n)
            await eventually(platform.checks_address)  # the service learns of its accounts in a moment
        for n, fake in enumerate([*self.whatsapp, *self.custom], len(weixin)):
            fake.webhook = address(n)

        def places(platforms: Sequence[P]) -> list[Place[P]]:
            return [Place(platform, service.lane()) for platform in platforms]

        return World(places(self.wechat), places(self.wecom), places(self.whatsapp), places(self.custom))


@pytest.fixture(scope="package")
async def world(
    postgres: EmbeddedPostgres, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    print(f"seed {SEED}: TOUCHPOINT_MESSENGERS_SEED={SEED}")
    folder: Path = tmp_path_factory.mktemp("service")
    accounts = _Accounts()
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(clone(postgres, template_database))
        await accounts.serve(stack)
        lanes = 4 * EACH
        service = await stack.enter_async_context(running(url, folder, lanes=lanes, shape=accounts.shape))
        yield await accounts.connect(service)
