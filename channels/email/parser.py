"""Mails are parsed in processes of their own: a bomb kills one, which is replaced, and harms nobody else."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from channels.email.limits import MailLimits
from channels.email.parsed import MailAttachment, MailRefused, ParsedMail
from channels.email.spf import Peer
from channels.email.wire import READY, REQUEST, RESPONSE

MAILS_PER_PROCESS: Final = 1_000
TRIES: Final = 2
VERIFY_SECONDS: Final = 10

_ROOT: Final = Path(__file__).parents[2]


class _Died(Exception):
    """The process ended before it answered; the exit code says why."""

    def __init__(self, returncode: int) -> None:
        super().__init__(returncode)
        self.returncode = returncode


class MailParser:
    """A pool of warm parser processes, started when they are first needed. Close it, or use `async with`."""

    def __init__(self, limits: MailLimits | None = None, *, processes: int = 2) -> None:
        self.limits = limits or MailLimits()
        self._slots = asyncio.Semaphore(processes)
        self._idle: list[_ParserProcess] = []

    async def __aenter__(self) -> "MailParser":
        return self

    async def __aexit__(self, *unused: object) -> None:
        await self.close()

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().stop()

    async def parse(
        self, raw: bytes, timeout_seconds: float = 30, *, fallback_charset: str = "gb18030"
    ) -> ParsedMail:
        """What is in the mail. `timeout_seconds` is wall-clock, against a machine that hangs; the limit on
        CPU seconds is what stops a bomb. `fallback_charset` reads bytes that nothing else explains.

        Raises MailRefused for a mail past the limits, OSError if no process can be started.
        """
        if len(raw) > self.limits.mail_bytes:
            raise MailRefused(f"larger than {self.limits.mail_bytes} bytes")
        answer, content = await self._answer(raw, timeout_seconds, fallback_charset=fallback_charset)
        return _parsed(answer, content)

    async def verify(
        self,
        raw: bytes,
        from_domain: str,
        dns_servers: Sequence[tuple[str, int]] = (),
        peer: Peer | None = None,
    ) -> dict[str, str]:
        """`channels.email.authentication.verified`, which asks DNS: use a pool of its own. Raises as `parse`
        does."""
        options = {"from_domain": from_domain, "dns_servers": list(dns_servers), "peer": peer}
        answer, _ = await self._answer(raw, VERIFY_SECONDS, **options)
        results: dict[str, str] = answer["results"]
        return results

    async def _answer(self, raw: bytes, seconds: float, **options: Any) -> tuple[dict[str, Any], bytes]:
        asked = {"limits": self.limits.as_dict(), **options}
        async with self._slots:
            answer, content = await self._with_retry(raw, asked, seconds)
        if "refused" in answer:
            raise MailRefused(answer["refused"])
        return answer, content

    async def _with_retry(
        self, raw: bytes, options: dict[str, Any], seconds: float
    ) -> tuple[dict[str, Any], bytes]:
        """A process that somebody else killed, or a frozen machine, is not the mail's fault: once more."""
        reason = ""
        for _ in range(TRIES):
            try:
                return await self._once(raw, options, seconds)
            except TimeoutError:
                reason = f"took longer than {seconds} s"
            except _Died as died:
                if died.returncode == -signal.SIGPROF:
                    allowed = self.limits.cpu_seconds_for(len(raw))
                    raise MailRefused(f"needs more than {allowed:.1f} s of CPU") from None
                reason = f"its parser died with {died.returncode}"
        raise MailRefused(reason)

    async def _once(
        self, raw: bytes, options: dict[str, Any], seconds: float
    ) -> tuple[dict[str, Any], bytes]:
        process = self._idle.pop() if self._idle else await _ParserProcess.start()
        healthy = False
        try:
            async with asyncio.timeout(seconds):
                head, content = await process.exchange(raw, orjson.dumps(options))
            healthy = process.mails < MAILS_PER_PROCESS
        finally:
            if healthy:
                self._idle.append(process)
            else:
                await asyncio.shield(process.stop())
        return orjson.loads(head), content


class _ParserProcess:
    def __init__(self, process: Process) -> None:
        self._process = process
        self.mails = 0

    @classmethod
    async def start(cls) -> "_ParserProcess":
        environment = {"PYTHONPATH": str(_ROOT), "PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "channels.email.worker", stdin=PIPE, stdout=PIPE, env=environment, cwd=_ROOT
        )
        started = cls(process)
        if await started._output.read(len(READY)) != READY:
            raise OSError(f"the mail parser does not start: it ended with {await process.wait()}")
        return started

    @property
    def _output(self) -> asyncio.StreamReader:
        assert self._process.stdout is not None
        return self._process.stdout

    async def exchange(self, raw: bytes, options: bytes) -> tuple[bytes, bytes]:
        """The answer's head and attachments. Raises _Died."""
        self.mails += 1
        stdin, stdout = self._process.stdin, self._output
        assert stdin is not None
        try:
            stdin.write(REQUEST.pack(len(options), len(raw)) + options)
            stdin.write(raw)
            await stdin.drain()
            head_length, content_length = RESPONSE.unpack(await stdout.readexactly(RESPONSE.size))
            return await stdout.readexactly(head_length), await stdout.readexactly(content_length)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise _Died(await self._process.wait()) from None

    async def stop(self) -> None:
        """Ends it at once; it holds nothing that must be kept."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()


def _parsed(answer: dict[str, Any], content: bytes) -> ParsedMail:
    attachments, start = [], 0
    for head in answer["attachments"]:
        end = start + head["size"]
        attachments.append(MailAttachment(**head, content=content[start:end]))
        start = end
    return ParsedMail.model_validate({**answer["mail"], "attachments": attachments})
