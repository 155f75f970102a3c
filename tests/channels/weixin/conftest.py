"""One running service that speaks to fakes of both platforms; each test has a queue, an agent and an account
of its own at each."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.embedded import EmbeddedPostgres
from tests.conftest import clone
from tests.platforms.wechat import WechatPlatform
from tests.platforms.wecom import WecomPlatform
from tests.running import Lane, Service, running
from tests.waiting import eventually

LANES = 16
GREETING = "您好，欢迎！"


@dataclass
class Place:
    """A lane and the accounts whose customers it serves."""

    lane: Lane
    wechat: WechatPlatform
    wecom: WecomPlatform


@dataclass
class World:
    service: Service
    wechat: list[WechatPlatform]
    wecom: list[WecomPlatform]

    def place(self) -> Place:
        lane = self.service.lane()
        return Place(lane, self.wechat[lane.number - 1], self.wecom[lane.number - 1])


@pytest.fixture(scope="package")
async def world(
    postgres: EmbeddedPostgres, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    folder: Path = tmp_path_factory.mktemp("service")
    modes = ["safe", "plain", "compatible"]
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(clone(postgres, template_database))
        wechat = [WechatPlatform(mode=modes[n % 3]) for n in range(LANES)]  # type: ignore[arg-type]
        wecom = [WecomPlatform() for _ in range(LANES)]
        for platform in (*wechat, *wecom):
            await stack.enter_async_context(platform.running())

        def accounts(document: dict[str, Any]) -> None:
            for n in range(LANES):
                queue = {"queue": document["queues"][n]["key"]}
                for adapter, platform in (("wechat", wechat[n]), ("wecom", wecom[n])):
                    config = platform.config(greeting=GREETING)
                    document["endpoints"].append(
                        {"key": f"{adapter}-{n}", "adapter": adapter, "config": config, **queue}
                    )

        service = await stack.enter_async_context(running(url, folder, lanes=LANES, shape=accounts))
        for n in range(LANES):
            wechat[n].hook = service.url + service.endpoints[f"wechat-{n}"]["path"]
            wecom[n].hook = service.url + service.endpoints[f"wecom-{n}"]["path"]
        for platform in (*wechat, *wecom):
            await eventually(platform.checks_address)  # the service learns of its accounts in a moment
        yield World(service, wechat, wecom)


@pytest.fixture
def place(world: World) -> Place:
    return world.place()
