"""A mail after parsing: all that intake, the timeline and the loop guard need of it."""

from datetime import datetime
from typing import Final

from pydantic import Field

from app.events import Frozen

_NOBODY: Final = (
    "mailer-daemon",
    "postmaster",
    "no-reply",
    "noreply",
    "no_reply",
    "donotreply",
    "do-not-reply",
)


class MailRefused(Exception):
    """This mail cannot be parsed within the limits. The caller parks it, raw bytes and reason with it."""


class Mailbox(Frozen):
    """`address` has its domain in lower case."""

    name: str = ""
    address: str


class MailAttachment(Frozen):
    """`content_id` without its brackets: what `cid:` in the html names."""

    name: str
    content_type: str
    content_id: str | None = None
    inline: bool = False
    content: bytes = Field(repr=False)


class Bounce(Frozen):
    """A report about a mail of ours: `state` is failed or delayed, `status` as `5.1.1`."""

    original_message_id: str | None = None
    recipient: str | None = None
    state: str = "failed"
    status: str | None = None


class ParsedMail(Frozen):
    """`from_name`: who wrote it, where From names nobody that could be written to.
    `text` is never empty where the mail has text in any form; `reply` is `text` without what it quotes;
    `html` is sanitised. Message ids are without brackets. `date` is the sender's own claim, in UTC."""

    delivery_key: str
    message_id: str | None = None
    sender: Mailbox | None = None
    from_name: str = ""
    reply_to: tuple[Mailbox, ...] = ()
    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    delivered_to: tuple[str, ...] = ()
    date: datetime | None = None
    subject: str = ""
    text: str = ""
    reply: str = ""
    html: str | None = None
    truncated: bool = False
    attachments: tuple[MailAttachment, ...] = ()
    references: tuple[str, ...] = ()
    in_reply_to: tuple[str, ...] = ()
    auto_submitted: str | None = None
    precedence: str | None = None
    list_id: str | None = None
    loop: str | None = None
    return_path: str | None = None
    bounce: Bounce | None = None
    authentication: tuple[dict[str, str], ...] = ()

    @property
    def is_bounce(self) -> bool:
        return self.bounce is not None

    @property
    def is_automatic(self) -> bool:
        return self.why_automatic is not None

    @property
    def why_automatic(self) -> str | None:
        """What says that no person wrote this mail to us; None if nothing does."""
        return next((reason for reason, holds in self._signs() if holds), None)

    def _signs(self) -> tuple[tuple[str, bool], ...]:
        local = self.sender.address.partition("@")[0].lower() if self.sender else ""
        return (
            ("bounce", self.is_bounce),
            ("loop", self.loop is not None),
            ("auto_submitted", self.auto_submitted not in (None, "no")),
            ("precedence", self.precedence in ("bulk", "junk", "list")),
            ("list", self.list_id is not None),
            ("return_path", self.return_path == ""),
            ("sender", local.startswith(_NOBODY)),
        )
