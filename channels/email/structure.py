"""The parts of a mail: stdlib's parser under a budget, and which parts are its body (RFC 8621 §4.1.4).

Runs in the parser process only. Headers that say how a part is built are cut before stdlib reads them: 40,000
semicolons in one would take it 90 s.
"""

import re
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32
from typing import Any, Final, TypeAlias

from channels.email.limits import MailLimits
from channels.email.parsed import MailRefused

Part: TypeAlias = Message

_STRUCTURE: Final = frozenset(
    {"content-type", "content-disposition", "content-transfer-encoding", "content-id"}
)
_END_OF_HEADERS: Final = re.compile(rb"\r?\n\r?\n|\r\r")
_BLANK_BEFORE_COLON: Final = re.compile(rb"^([!-9;-~]{1,76})[ \t]{1,20}:", re.MULTILINE)
_FOLD: Final = re.compile(r"[\r\n]+")
_MEDIA: Final = ("image/", "audio/", "video/")
_TEXT: Final = ("text/plain", "text/html")


class Budget:
    """Counts what one mail has used; raises MailRefused past a limit."""

    def __init__(self, limits: MailLimits) -> None:
        self.limits = limits
        self.parts = self.headers = 0

    def part(self, policy: Any = None) -> Part:
        self.parts += 1
        if self.parts > self.limits.parts:
            raise MailRefused(f"more than {self.limits.parts} parts")
        return Message(policy=policy)

    def header(self, name: str, value: str) -> str:
        self.headers += 1
        if self.headers > self.limits.headers:
            raise MailRefused(f"more than {self.limits.headers} headers")
        if name.lower() in _STRUCTURE:
            return _FOLD.sub("", value)[: self.limits.structure_chars]
        return value[: self.limits.header_chars]


class _Bounded(Compat32):
    budget: Budget | None = None

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        assert self.budget is not None
        return name, self.budget.header(name, value)

    def header_fetch_parse(self, name: str, value: str) -> str:
        """The raw value: stdlib would put U+FFFD for bytes that our decoder can read."""
        return value


def _bounded(budget: Budget) -> _Bounded:
    settings: dict[str, Any] = {"budget": budget}
    return _Bounded(**settings)


def parse_parts(raw: bytes, limits: MailLimits) -> Part:
    """The mail as stdlib's tree of parts. Raises MailRefused; RecursionError for hundreds of levels."""
    budget = Budget(limits)
    return BytesParser(budget.part, policy=_bounded(budget)).parsebytes(_with_names(raw))


def _with_names(raw: bytes) -> bytes:
    """Its headers with nothing between name and colon, as RFC 822 allowed: stdlib would end them there."""
    end = _END_OF_HEADERS.search(raw)
    above = raw[: end.start()] if end else raw
    return _BLANK_BEFORE_COLON.sub(rb"\1:", above) + raw[len(above) :]


@dataclass(slots=True)
class Bodies:
    """Parts to read as the mail's text, to show as its html, and what is attached."""

    text: list[Part] = field(default_factory=list)
    html: list[Part] = field(default_factory=list)
    attached: list[Part] = field(default_factory=list)


def bodies_of(root: Part, limits: MailLimits) -> Bodies:
    """RFC 8621's algorithm. Raises MailRefused for parts nested deeper than the limit."""
    found = Bodies()
    _sort([root], _Place("mixed", limits.depth), found)
    return found


@dataclass(frozen=True, slots=True)
class _Place:
    """Where parts stand: in which kind of multipart, below an alternative or not, and whether what is no
    alternative itself counts as text and as html there."""

    multipart: str
    depth_left: int
    in_alternative: bool = False
    as_text: bool = True
    as_html: bool = True

    def below(self, multipart: str) -> "_Place":
        inside = self.in_alternative or multipart == "alternative"
        return _Place(multipart, self.depth_left - 1, inside, self.as_text, self.as_html)

    def after(self, kind: str) -> "_Place":
        """Below an alternative, one kind of text decides what its neighbours are read as."""
        if not self.in_alternative or kind not in _TEXT:
            return self
        as_text, as_html = self.as_text and kind != "text/html", self.as_html and kind != "text/plain"
        return _Place(self.multipart, self.depth_left, True, as_text, as_html)


def _sort(parts: list[Part], place: _Place, found: Bodies) -> None:
    if place.depth_left < 0:
        raise MailRefused("parts nested too deeply")
    text_before, html_before = len(found.text), len(found.html)
    for index, part in enumerate(parts):
        if children := _children(part):
            _sort(children, place.below(part.get_content_subtype()), found)
        elif not _is_inline(part, place.multipart, index) or kind_of(part) not in _TEXT:
            found.attached.append(part)
        elif place.multipart == "alternative":
            (found.text if kind_of(part) == "text/plain" else found.html).append(part)
        else:
            place = place.after(kind_of(part))
            found.text += [part] * place.as_text
            found.html += [part] * place.as_html
    if place.multipart == "alternative":
        _even_out(found, text_before, html_before)


def _children(part: Part) -> list[Part]:
    if part.get_content_maintype() != "multipart" or not part.is_multipart():
        return []
    return [child for child in part.get_payload() if isinstance(child, Message)]


def _is_inline(part: Part, multipart: str, index: int) -> bool:
    kind = kind_of(part)
    if part.get_content_disposition() == "attachment" or not (kind in _TEXT or kind.startswith(_MEDIA)):
        return False
    return index == 0 or (multipart != "related" and (kind.startswith(_MEDIA) or not has_name(part)))


def _even_out(found: Bodies, text_before: int, html_before: int) -> None:
    """An alternative with one kind only serves both."""
    if len(found.text) == text_before:
        found.text.extend(found.html[html_before:])
    elif len(found.html) == html_before:
        found.html.extend(found.text[text_before:])


def kind_of(part: Part) -> str:
    """Its content type; a multipart whose boundary never came is the text that it is."""
    kind = part.get_content_type()
    return "text/plain" if kind.startswith("multipart/") and not _children(part) else kind


def has_name(part: Part) -> bool:
    return (
        part.get_param("filename", None, "content-disposition") is not None
        or part.get_param("name") is not None
    )


def content_of(part: Part) -> bytes:
    """Its bytes, transfer encoding undone as far as it goes."""
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""
