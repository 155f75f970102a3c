"""What becomes of the identity numbers in what is said at an endpoint, before anything of it is stored: its
set-up says whether they are kept, masked, or masked with the number itself sealed beside the text."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar

from app.events import Attachment, InboundEvent
from app.hiding.identity_numbers import Kind, find_identity_numbers, masked
from app.hiding.masking import cut, in_html, within

SEALED_MAX: Final = 50
"""Of one touch: whoever sends more sends a list; all of them are masked."""

Seal = Callable[[bytes], bytes]
"""With the key of the tenant."""

E = TypeVar("E", bound=InboundEvent)


class Handling(StrEnum):
    KEEP = "keep"
    MASK = "mask"
    ENCRYPT = "encrypt"


@dataclass(frozen=True, slots=True)
class IdentityRule:
    """As an endpoint's set-up says."""

    handling: Handling = Handling.ENCRYPT
    kinds: tuple[Kind, ...] = (Kind.CN_RESIDENT,)


BY_DEFAULT: Final = IdentityRule()


class Hiding:
    """For what becomes one touch: its texts go through here, then `sealed` is what is kept of them."""

    def __init__(self, rule: IdentityRule, seal: Seal) -> None:
        self._rule, self._seal = rule, seal
        self._numbers: dict[str, None] = {}

    def text(self, text: str, across: str = "") -> str:
        """Only numbers that go across such a letter are hidden."""
        if self._rule.handling is Handling.KEEP:
            return text
        found = find_identity_numbers(text, self._rule.kinds)
        found = [one for one in found if across in text[one.start : one.end]]
        self._numbers |= dict.fromkeys(one.number for one in found)
        return cut(text, [(one.start, one.end) for one in found], masked) if found else text

    def html(self, html: str) -> str:
        """`html` is a parser's output."""
        return html if self._rule.handling is Handling.KEEP else in_html(html, self.text)

    def value(self, value: Any) -> Any:
        """A JSON value."""
        return within(value, self.text)

    def event(self, event: E) -> E:
        """As it may stand in the log."""
        said = {name: self._member(getattr(event, name)) for name in event.free_text}
        if not self._numbers:
            return event
        return event.model_copy(update={**said, "sealed_numbers": self.sealed})

    @property
    def sealed(self) -> list[str] | None:
        """Each number by itself, in base64; None where there is none to reveal."""
        if not self._numbers or self._rule.handling is not Handling.ENCRYPT:
            return None
        kept = list(self._numbers)[:SEALED_MAX]
        return [base64.b64encode(self._seal(number.encode())).decode() for number in kept]

    def _member(self, value: Any) -> Any:
        if not isinstance(value, tuple):
            return self.value(value)
        return tuple(
            one.model_copy(update={"name": self.text(one.name)}) if isinstance(one, Attachment) else one
            for one in value
        )


def sealed_together(first: list[str] | None, more: list[str] | None) -> list[str] | None:
    """Of one touch."""
    return [*(first or ()), *(more or ())][:SEALED_MAX] or None
