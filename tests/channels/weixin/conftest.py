"""One running service that speaks to fakes of both platforms; each test has a queue, an agent and an account
of its own."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import pytest

from app.embedded import EmbeddedPostgres
from demo.messengers.wechat import Mode, WechatPlatform
from demo.messengers.wecom import WecomPlatform
from demo.messengers.weixin import WeixinPlatform
from tests.conftest import clone
from tests.platforms.weixin import Wechatpy, served
from tests.running import Lane, running
from tests.waiting import eventually

EACH = 12
"""Tests at most of each platform."""

GREETING = "您好，欢迎！"
MODES: Sequence[Mode] = ("safe", "plain", "compatible")
P = TypeVar("P", bound=WeixinPlatform)


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


@pytest.fixture(scope="package")
async def world(
    postgres: EmbeddedPostgres, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    folder: Path = tmp_path_factory.mktemp("service")
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(clone(postgres, template_database))
        wechat = [WechatPlatform(mode=MODES[n % len(MODES)], crypto=Wechatpy) for n in range(EACH)]
        wecom = [WecomPlatform(crypto=Wechatpy) for _ in range(EACH)]
        accounts = [("wechat", platform) for platform in wechat] + [("wecom", platform) for platform in wecom]
        for _, platform in accounts:
            await stack.enter_async_context(served(platform))

        def shape(document: dict[str, Any]) -> None:
            for n, (adapter, platform) in enumerate(accounts):
                config, queue = platform.config(greeting=GREETING), document["queues"][n]["key"]
                endpoint = {"key": f"account-{n}", "adapter": adapter, "queue": queue, "config": config}
                document["endpoints"].append(endpoint)

        service = await stack.enter_async_context(running(url, folder, lanes=len(accounts), shape=shape))
        for n, (_, platform) in enumerate(accounts):
            platform.hook = service.url + service.endpoints[f"account-{n}"]["path"]
            await eventually(platform.checks_address)  # the service learns of its accounts in a moment
        lanes = [service.lane() for _ in accounts]
        yield World(list(map(Place, wechat, lanes)), list(map(Place, wecom, lanes[EACH:])))
