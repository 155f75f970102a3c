"""`touchpoint demo`: the service, the company's set-up and history, then the players. Ctrl-C ends all."""

import asyncio
import base64
import hashlib
import os
import random
import secrets
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import uvicorn
from rich.console import Console

from app.settings import Settings
from app.supervisor import Supervisor
from app.telemetry import configure_logging
from demo.asterisk import Asterisk
from demo.customers import Doors, PlayedCustomers
from demo.history import seed
from demo.inbox import Inbox
from demo.messengers.bridge import Bridge, SharedSecret
from demo.messengers.phones import Phones
from demo.messengers.pigeon import Pigeon
from demo.messengers.wechat import WechatPlatform
from demo.messengers.wechat_users import WechatUsers
from demo.messengers.wecom import WecomPlatform
from demo.messengers.whatsapp import WhatsApp
from demo.pbx.exchange import Exchange
from demo.people import PLAYED, people
from demo.players import PlayedAgent, Shift
from demo.server import Stage, create_demo_app
from demo.telephones import AsteriskLine, CtiLine, Telephones, TwilioLine
from demo.twilio import FakeTwilio

MAIL_ADDRESS = "support@hearth.test"
MY_PHONE = "sip:1001"
HOTLINE = "+864001000000"
SHOP_NUMBER = "+862160000100"
OUTSIDE = "PJSIP/{number}@carrier"
"""As company.yaml has it: how the Asterisk dials numbers."""

TWILIO_ACCOUNT = "AC" + "0" * 32
TWILIO_NUMBER = "+16465550100"
WHATSAPP_NUMBER = "106540352242922"
"""As company.yaml has it: Meta's id of the company's number."""

WEIXIN_TOKEN = "hearthAndHome"  # noqa: S105 - as company.yaml has it

STOP_SECONDS = 2
"""For what the platforms still have in hand when the demo ends."""

say = Console(highlight=False)


def company(secret: str, demo_port: int, sink_port: int, twilio_token: str) -> str:
    """company.yaml with what differs from run to run."""
    text = files("demo").joinpath("company.yaml").read_text(encoding="utf-8")
    given = {
        "@SECRET@": secret,
        "@AES_KEY@": _aes_key(secret),
        "@DEMO_PORT@": demo_port,
        "@SINK_PORT@": sink_port,
        "@HOTLINE@": HOTLINE,
        "@SHOP_NUMBER@": SHOP_NUMBER,
        "@TWILIO_ACCOUNT@": TWILIO_ACCOUNT,
        "@TWILIO_NUMBER@": TWILIO_NUMBER,
        "@TWILIO_TOKEN@": twilio_token,
    }
    for name, value in given.items():
        text = text.replace(name, str(value))
    return text


class Demo:
    """One run. Ports: the api's as given; the demo's page, mail in and the inbox are found free beside it."""

    def __init__(self, settings: Settings) -> None:
        self.demo_port, self.smtp_port, self.sink_port = free_ports(
            3, settings.port + 10 if settings.port else 0
        )
        self.door = socket.create_server(("127.0.0.1", self.demo_port), backlog=100)
        """The platforms' and the page's: whoever connects before they are served waits."""
        port = settings.port or free_ports(1, 0)[0]
        ours = {"smtp_port": self.smtp_port, "log_level": "error", "port": port}
        ours["public_url"] = settings.public_url or f"http://{settings.host}:{port}"
        self.settings = settings.model_copy(update=ours)
        self.exchange, self.inbox, self.shift = Exchange(), Inbox(), Shift()
        self.exchange.switch.recordings_url = f"http://127.0.0.1:{self.demo_port}/recordings/{{call}}.wav"
        self.asterisk = Asterisk(answer_seconds=1.0)
        self.twilio = FakeTwilio(TWILIO_ACCOUNT, secrets.token_hex(16), TWILIO_NUMBER)

    async def run(self) -> int:
        configure_logging(self.settings)
        async with AsyncExitStack() as stack:
            with say.status("Starting the database, the api and the worker …"):
                supervisor = Supervisor(self.settings)
                stack.push_async_callback(supervisor.stop)
                await supervisor.start()
            with say.status("Setting up the company …"):
                endpoints, secret = await self._set_up(supervisor.database_url)
            sink = self.inbox.serve(self.sink_port)
            stack.callback(sink.stop)
            doors = Doors(supervisor.url, self.smtp_port, endpoints, MAIL_ADDRESS, secret)
            hooks = {key: f"{supervisor.url}/webhooks/{endpoint}" for key, endpoint in endpoints.items()}
            self.exchange.connect(hooks["hotline"], secret)
            self.twilio.connect(hooks["us-line"], hooks["texts"])
            await self._play(supervisor, self._stage(supervisor, doors, endpoints, secret))
        say.print("All stopped; the data is kept.")
        return 0

    def _phones(self, url: str, endpoints: dict[str, str], secret: str) -> Phones:
        """The customers' phones, with messengers that post to our webhooks."""
        chance = random.Random(7)  # noqa: S311 - not a secret
        platform = WhatsApp(WHATSAPP_NUMBER, secret, secret, secret, chance)
        platform.webhook = f"{url}/webhooks/{endpoints['whatsapp']}"
        bridge = Bridge(SharedSecret(secret), chance, f"{url}/webhooks/{endpoints['pigeon']}")
        return Phones(platform, self._wechat(url, endpoints, secret), Pigeon(bridge))

    def _wechat(self, url: str, endpoints: dict[str, str], secret: str) -> WechatUsers:
        users = WechatUsers(WechatPlatform(), WecomPlatform())
        for name, platform in (("wechat", users.wechat), ("wecom", users.wecom)):
            platform.secret, platform.token, platform.aes_key = secret, WEIXIN_TOKEN, _aes_key(secret)
            platform.url = f"http://127.0.0.1:{self.demo_port}/{name}"
            platform.hook = f"{url}/webhooks/{endpoints[name]}"
        return users

    async def _set_up(self, database_url: str) -> tuple[dict[str, str], str]:
        """Apply the company; the ids of its endpoints, and the secret of its exchange."""
        from app.setup.apply import apply
        from app.setup.document import load

        secret = _kept_secret(self.settings.data_dir)
        path = self.settings.data_dir / "demo-company.yaml"
        text = company(secret, self.demo_port, self.sink_port, self.twilio.auth_token)
        path.write_text(text, encoding="utf-8")
        settings = self.settings.model_copy(update={"database_url": database_url})
        applied = await apply(settings, load(path, os.environ))
        return {key: endpoint["id"] for key, endpoint in applied.endpoints.items()}, secret

    def _stage(self, supervisor: Supervisor, doors: Doors, endpoints: dict[str, str], secret: str) -> Stage:
        everybody, phones = people(), self._phones(supervisor.url, endpoints, secret)
        telephones = Telephones(
            [
                CtiLine(self.exchange.switch, HOTLINE),
                AsteriskLine(self.asterisk, SHOP_NUMBER, "orders", OUTSIDE),
                TwilioLine(self.twilio.exchange),
            ]
        )
        visits = PlayedCustomers(everybody, telephones, doors, phones, self.twilio)
        return Stage(
            exchange=self.exchange,
            asterisk=self.asterisk,
            twilio=self.twilio,
            telephones=telephones,
            doors=doors,
            inbox=self.inbox,
            phones=phones,
            everybody=everybody,
            shift=self.shift,
            visits=visits,
            my_phone=MY_PHONE,
            secret=secret,
            kill=_killer(supervisor),
        )

    async def _play(self, supervisor: Supervisor, stage: Stage) -> None:
        app = create_demo_app(stage)
        server = Quiet(
            uvicorn.Config(app, log_level="error", lifespan="off", timeout_graceful_shutdown=STOP_SECONDS)
        )
        serving = asyncio.create_task(server.serve([self.door]))
        with say.status("Writing the history of its thousand customers …"):
            await seed(supervisor.database_url, "demo")
        parts: list[Any] = [supervisor.wait()]
        parts += [
            PlayedAgent(supervisor.url, f"{name}@demo.test", "demo", character, self.shift).run()
            for character, name in enumerate(PLAYED)
        ]
        parts += [stage.visits.run(), stage.phones.run(), stage.phones.pigeon.run()]
        tasks = [asyncio.create_task(part) for part in parts]
        self._say_where(supervisor.url)
        await _until_interrupted([serving, *tasks])
        stage.visits.come(False)  # they hang up while there is still somebody to tell
        for task in tasks:
            task.cancel()
        server.should_exit = True  # cancelled, uvicorn would report each open call as failed
        await asyncio.gather(serving, *tasks, return_exceptions=True)
        await self.exchange.close()
        await self.twilio.hooks.close()

    def _say_where(self, url: str) -> None:
        say.print("\n[bold]Hearth & Home is open.[/bold] Two windows to click in:\n")
        say.print(f"  My desktop       {url}/            sign in as you@demo.test", soft_wrap=True)
        say.print(f"  Be the customer  http://127.0.0.1:{self.demo_port}/demo", soft_wrap=True)
        say.print(f"  Wallboard        {url}/wallboard   sign in as boss@demo.test\n", soft_wrap=True)
        say.print("The tenant is demo, every password is demo.")
        say.print("The day before the first start is recorded: docs/replay.md asks it what if.")
        say.print(f"Mail to {MAIL_ADDRESS} comes in on port {self.smtp_port}. Ctrl-C stops all.")


class Quiet(uvicorn.Server):
    """A uvicorn that leaves the signals to the demo."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def free_ports(count: int, start: int) -> list[int]:
    """The first `count` ports from `start` on which nobody listens; any if `start` is 0. Connections of the
    run before, which linger for a minute, do not move the pages elsewhere."""
    found: list[int] = []
    held: list[socket.socket] = []
    port = start
    while len(found) < count:
        probe = socket.socket()
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            probe.close()
        else:
            held.append(probe)
            found.append(probe.getsockname()[1])
        port += 1 if start else 0
    for probe in held:
        probe.close()
    return found


def _kept_secret(data_dir: Path) -> str:
    """The exchange's secret, the same in the next run."""
    path = data_dir / "demo-exchange-secret"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode(), encoding="utf-8")
    return path.read_text(encoding="utf-8")


def _aes_key(secret: str) -> str:
    """An EncodingAESKey for WeChat and WeCom."""
    return base64.b64encode(hashlib.sha256(secret.encode()).digest()).decode().removesuffix("=")


def _killer(supervisor: Supervisor) -> Callable[[str], None]:
    def kill(process: str) -> None:
        pid = supervisor.pid_of(process)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)

    return kill


async def _until_interrupted(tasks: list[asyncio.Task[Any]]) -> None:
    """Ctrl-C, SIGTERM, or a part that failed: its exception."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for kind in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(kind, stop.set)
    waiting = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    for task in done - {waiting}:
        task.result()
    waiting.cancel()
