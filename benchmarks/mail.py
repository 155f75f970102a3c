"""Ordinary mails through the pool of killable parser processes, beside stdlib's parser alone in this process;
and what one bomb among them costs the others."""

import asyncio
import statistics
import time
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from benchmarks.machine import write_result
from channels.email.parsed import MailRefused
from channels.email.parser import MailParser

MAILS = 400
ROUNDS = 5
PROCESSES = 2
TARGETS = {"mails_per_second": 200, "bomb_costs_seconds": 1.0}
BOMB = b"From: a@b.test\r\n" + b"".join(
    b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(2_000)
)
"""Of the bombs that tests know, the one that takes longest until it is refused."""

TEXT = "您好，上个月的发票金额好像不对，请帮忙看一下。附件是我们的订单和付款凭证，谢谢！\n" * 12
QUOTED = "\n发件人: 客服 <support@acme.test>\n发送时间: 2026年11月20日 15:04\n主题: 发票\n\n" + TEXT


def ordinary(number: int) -> bytes:
    """A mail as companies get it: Chinese text and HTML, what it answers, and a file of 40 KB."""
    mail = EmailMessage()
    mail["From"] = f"王小明 <wang{number}@example.test>"
    mail["To"] = "客服 <support@acme.test>"
    mail["Subject"] = f"回复: 发票 {number} 的问题，请尽快处理"
    mail["Message-ID"] = f"<{number}@example.test>"
    mail["Date"] = "Fri, 20 Nov 2026 12:00:00 +0800"
    mail.set_content(TEXT + QUOTED, charset="gb18030", cte="base64")
    paragraphs = "".join(f"<p style='color:#333'>{line}</p>" for line in (TEXT + QUOTED).splitlines())
    mail.add_alternative(f"<html><body>{paragraphs}</body></html>", subtype="html")
    mail.add_attachment(b"\x00\x01%PDF" * 7_000, maintype="application", subtype="pdf", filename="发票.pdf")
    return mail.as_bytes()


async def measure() -> dict[str, Any]:
    mails = [ordinary(number) for number in range(MAILS)]
    async with MailParser(processes=PROCESSES) as pool:
        await _all(pool, mails[:50])
        ours, bare, hindered = [], [], []
        for _ in range(ROUNDS):
            ours.append(await _all(pool, mails))
            bare.append(_stdlib(mails))
            hindered.append(await _beside_a_bomb(pool, mails))
    costs = [late - usual for late, usual in zip(hindered, ours, strict=True)]
    return {
        "mails": MAILS,
        "bytes_each": len(mails[0]),
        "processes": PROCESSES,
        "mails_per_second": round(MAILS / statistics.median(ours), 1),
        "mails_per_second_rounds": [round(MAILS / seconds, 1) for seconds in ours],
        "stdlib_parser_alone_per_second": round(MAILS / statistics.median(bare), 1),
        "bomb_costs_seconds": round(statistics.median(costs), 3),
        "bomb_costs_seconds_rounds": [round(cost, 3) for cost in costs],
        "targets": TARGETS,
    }


async def _all(pool: MailParser, mails: list[bytes]) -> float:
    """Seconds until the last one is read."""
    started = time.perf_counter()
    await asyncio.gather(*(pool.parse(mail) for mail in mails))
    return time.perf_counter() - started


async def _beside_a_bomb(pool: MailParser, mails: list[bytes]) -> float:
    """Seconds for the mails, with a bomb that came first."""
    bomb = asyncio.create_task(pool.parse(BOMB))
    await asyncio.sleep(0)
    seconds = await _all(pool, mails)
    try:
        await bomb
    except MailRefused:
        return seconds
    raise RuntimeError("the bomb was not refused")


def _stdlib(mails: list[bytes]) -> float:
    """The least that anybody does: headers, and the text decoded."""
    started = time.perf_counter()
    for mail in mails:
        message = message_from_bytes(mail, policy=default)
        body = message.get_body(("plain",))
        assert message["subject"] and body is not None and body.get_content()
    return time.perf_counter() - started


if __name__ == "__main__":
    print(write_result("mail", asyncio.run(measure())))
