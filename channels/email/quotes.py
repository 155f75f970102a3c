"""What a customer wrote now, without what it quotes. Chinese mail programs first: the library misses them."""

import re
import signal
from types import FrameType
from typing import Final, NoReturn

from mailparser_reply import EmailReplyParser

LIBRARY_CPU_SECONDS: Final = 0.3

_WROTE: Final = r"(?:写道|寫道|写到|撰写|編寫)[ \t]*[：:]"
_TITLES: Final = (
    r"(?:原始邮件|原始郵件|原邮件|邮件原件|转发邮件|轉寄郵件|回复的原邮件|回复的邮件|转发的邮件"
    r"|邮件原文|Original Message|Original|Forwarded message|Replied Message)"
)
_BLANK: Final = r"(?:[ \t]|&nbsp;){0,9}"
_FROM: Final = r"(?:发件人|發件人|寄件者|寄件人)"
_AND_THEN: Final = (
    r"(?:发送时间|发送日期|日期|时间|寄件日期|傳送時間|收件人|收件者|抄送|主题|主旨|To|Sent|Date)"
)
_SEPARATORS: Final = re.compile(
    "|".join(
        (
            # QQ, 163, Outlook and others: a line of hyphens around these words.
            rf"^[ \t>*]*[-_]{{3,40}}{_BLANK}{_TITLES}{_BLANK}[-_]{{0,40}}[ \t]*$",
            # Outlook on phones: a rule, and who it is from.
            rf"^_{{20,80}}\n{{1,3}}[ \t*]*{_FROM}[ \t*]*[：:]",
            # 在 2026年1月2日，李雷 <li@acme.test> 写道： and zh-TW 於 … 寫道：, over three lines at most.
            r"^[ \t>]*(?:在|于|於)[ \t]?(?=[^\n]{0,200}[\d@])[^\n]{0,200}(?:\n[^\n]{0,200}){0,2}?" + _WROTE,
            # Gmail: 李雷 <li@acme.test> 于2026年1月2日周五 15:04写道：
            r"^[ \t>]*[^\n]{1,200}[ \t\n](?:于|於)[ \t]?\d{4}[^\n]{0,100}(?:\n[^\n]{0,100})?" + _WROTE,
            # 2026年1月2日 15:04，李雷 <li@acme.test> 写道：
            r"^[ \t>]*\d{4}[年/.-][^\n]{0,200}(?:\n[^\n]{0,200})?" + _WROTE,
            # 163 in English: At 2026-01-02 15:04:05, "李雷" <li@acme.test> wrote:
            r"^[ \t>]*At[ \t]\d{4}-\d\d-\d\d[^\n]{0,200}(?:\n[^\n]{0,200})?wrote[ \t]*:",
            # Foxmail, Outlook: a block of headers, two in a row at least.
            rf"^[ \t>*]*{_FROM}[ \t*]*[：:][^\n]{{0,500}}\n(?:[ \t>*]*\n)?[ \t>*]*{_AND_THEN}[ \t*]*[：:]",
        )
    ),
    re.MULTILINE,
)
_QUOTED_TAIL: Final = re.compile(r"(?:\n[ \t]*>[^\n]*|\n[ \t]*)++\Z")
_BLANK_END: Final = re.compile(r"(?:\s|&nbsp;)+\Z")
_RULE: Final = re.compile(r"\n[ \t]*[-_]{20,100}\s*\Z")
_PHONE_SIGNATURE: Final = re.compile(
    r"\n[ \t]*(?:发自我的|發自我的|从我的|從我的|来自我的|發送自我的|从 Windows 版邮件发送"
    r"|获取 ?Outlook|取得 ?Outlook|Get Outlook for|Sent from (?:my|Mail for) )[^\n]{0,90}\s*\Z"
)


def reply_of(text: str, library_chars: int) -> str:
    """The new part of `text`; all of it when nothing would be left (who answers below the quote).

    The library's expressions are not linear: it gets texts up to `library_chars`, and LIBRARY_CPU_SECONDS.
    Main thread only, because it is stopped by a signal.
    """
    found = _SEPARATORS.search(text)
    reply = text[: found.start()] if found else text
    if not found and len(text) <= library_chars:
        reply = _by_library(text)
    reply = _RULE.sub("", f"\n{_QUOTED_TAIL.sub('', reply)}")
    reply = _PHONE_SIGNATURE.sub("", _BLANK_END.sub("", reply)).strip()
    return reply or text.strip()


def _by_library(text: str) -> str:
    """As many lines as its first reply has, signature kept: it may be all that says who writes. The library's
    own text has lost its indents."""
    text = text.strip()
    before = signal.signal(signal.SIGVTALRM, _too_slow)
    signal.setitimer(signal.ITIMER_VIRTUAL, LIBRARY_CPU_SECONDS)
    try:
        replies = EmailReplyParser(languages=["en", "de", "fr", "es", "ja", "ko"]).read(text).replies
        return "\n".join(text.split("\n")[: len(replies[0].content.split("\n"))])
    except _TooSlow:
        return text
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


class _TooSlow(Exception):
    """The library met a text that it takes minutes for."""


def _too_slow(number: int, frame: FrameType | None) -> NoReturn:
    raise _TooSlow
