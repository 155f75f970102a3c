"""A real Apache Kafka for tests: one JVM from the released jars, KRaft, one node, fsync not awaited."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from uuid import uuid4

POM = Path(__file__).with_name("pom.xml")
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "touchpoint-tests" / "kafka-4.1.0"
UP_SECONDS = 60.0

PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
controller.listener.names=CONTROLLER
log.dirs={folder}/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
log.segment.bytes=16777216
log.cleaner.enable=false
"""


def why_not() -> str | None:
    """Why no Kafka can run here."""
    missing = [tool for tool in ("java", "mvn") if shutil.which(tool) is None]
    return f"Apache Kafka needs {' and '.join(missing)}" if missing and not _jars_cached() else None


def jars() -> Path:
    """The folder with Kafka's jars; fetched by Maven once and kept."""
    if not _jars_cached():
        fresh = CACHE.with_name(f"{CACHE.name}.{os.getpid()}")
        command = ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies"]
        subprocess.run([*command, f"-DoutputDirectory={fresh}"], check=True, timeout=600)
        CACHE.parent.mkdir(parents=True, exist_ok=True)
        try:
            fresh.rename(CACHE)
        except OSError:  # another test process was faster
            shutil.rmtree(fresh)
    return CACHE


def _jars_cached() -> bool:
    return CACHE.is_dir() and shutil.which("java") is not None


class Broker:
    """Starts, stops (with -9) and starts again on the same port and data."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port, controller = _free_ports(2)
        self._process: subprocess.Popen[bytes] | None = None
        self._properties = folder / "server.properties"
        self._properties.write_text(
            PROPERTIES.format(port=self._port, controller=controller, folder=folder), encoding="utf-8"
        )

    @property
    def servers(self) -> str:
        return f"127.0.0.1:{self._port}"

    def format(self) -> None:
        """Once, before the first start."""
        tool = ["kafka.tools.StorageTool", "format", "--standalone", "-t", uuid4().hex[:22]]
        subprocess.run(
            [*self._java(), *tool, "-c", str(self._properties)], check=True, capture_output=True, timeout=60
        )

    async def start(self) -> None:
        self._launch()
        deadline = time.monotonic() + UP_SECONDS
        while not await asyncio.to_thread(self._answers):
            if time.monotonic() > deadline or self._ended():
                raise RuntimeError((self._folder / "broker.log").read_text()[-3000:])
            await asyncio.sleep(0.1)

    def _launch(self) -> None:
        with (self._folder / "broker.log").open("ab") as out:
            self._process = subprocess.Popen(
                [*self._java(), "kafka.Kafka", str(self._properties)],
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def _ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def stop(self, kind: signal.Signals = signal.SIGKILL) -> None:
        if self._process is not None:
            self._process.send_signal(kind)
            self._process.wait(30)
            self._process = None

    def freeze(self) -> None:
        """Connections stay open, nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def holds(self, piece: bytes) -> bool:
        """Whether it stands in a segment of any topic."""
        return any(piece in file.read_bytes() for file in (self._folder / "data").rglob("*.log"))

    def _java(self) -> list[str]:
        memory = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        return ["java", *memory, "-cp", f"{jars()}/*"]

    def _answers(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self._port)) == 0


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
