"""The XML of webhooks, safely: one flat level or two, no document type, hence no entities to expand."""

from typing import Any, Final
from xml.parsers import expat  # document types are refused below, and with them every entity

from app.errors import MalformedPayload

DEPTH_MAX: Final = 8

Fields = dict[str, Any]
"""By tag: a text, or the fields within; of a tag that is repeated a list of them."""


def parse_xml(body: bytes) -> Fields:
    """The fields of `<xml>…</xml>`, as UTF-8 whatever the document declares. Raises MalformedPayload."""
    reader = _Reader()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _no_document_type
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise MalformedPayload(f"no readable XML: {error}") from None
    return reader.fields()


def text_of(fields: Fields, name: str) -> str:
    """The text of a field, empty where it is missing. Raises MalformedPayload where it has fields within."""
    value = fields.get(name, "")
    if not isinstance(value, str):
        raise MalformedPayload("a text is expected", f"/{name}")
    return value


def required(fields: Fields, name: str) -> str:
    """As `text_of`, for a field that must be there and say something."""
    text = text_of(fields, name)
    if not text.strip():
        raise MalformedPayload("it is required", f"/{name}")
    return text


def _no_document_type(*_: object) -> None:
    raise MalformedPayload("a document type is not allowed")


class _Reader:
    """Builds the fields while the parser runs: a stack of open elements, each with what it has so far."""

    def __init__(self) -> None:
        self._open: list[tuple[str, Fields, list[str]]] = []
        self._root: Fields = {}

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        if len(self._open) >= DEPTH_MAX:
            raise MalformedPayload(f"more than {DEPTH_MAX} levels")
        self._open.append((tag, {}, []))

    def text(self, data: str) -> None:
        self._open[-1][2].append(data)

    def end(self, _tag: str) -> None:
        tag, fields, texts = self._open.pop()
        value = fields or "".join(texts)
        if self._open:
            _put(self._open[-1][1], tag, value)
        else:
            self._root = {tag: value}

    def fields(self) -> Fields:
        fields = self._root.get("xml")
        if not isinstance(fields, dict):
            raise MalformedPayload("the document is not <xml> with fields within")
        return fields


def _put(fields: Fields, tag: str, value: Any) -> None:
    if tag not in fields:
        fields[tag] = value
    elif isinstance(fields[tag], list):
        fields[tag].append(value)
    else:
        fields[tag] = [fields[tag], value]
