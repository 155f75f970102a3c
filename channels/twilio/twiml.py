"""TwiML: the instruction documents that Twilio reads from our answers."""

from html import escape

from channels.base import WireResponse

Attribute = str | int | bool | None


def element(tag: str, *content: str, **attributes: Attribute) -> str:
    """`content` is TwiML; use `text` for words."""
    given = "".join(f' {name}="{_value(value)}"' for name, value in attributes.items() if value is not None)
    return f"<{tag}{given}>{''.join(content)}</{tag}>" if content else f"<{tag}{given}/>"


def text(words: str) -> str:
    return escape("".join(letter for letter in words if letter.isprintable() or letter in "\n\t"))


def document(*verbs: str) -> str:
    """What stands in the `Twiml` of a call that is redirected."""
    return f'<?xml version="1.0" encoding="UTF-8"?>{element("Response", *verbs)}'


def response(*verbs: str) -> WireResponse:
    headers = {"content-type": "text/xml; charset=utf-8"}
    return WireResponse(200, headers, document(*verbs).encode("utf-8", "replace"))


def _value(value: Attribute) -> str:
    return str(value).lower() if isinstance(value, bool) else escape(str(value))
