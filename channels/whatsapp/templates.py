"""Approved templates: their gaps filled, for the customer's eyes and for the platform."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from channels.base import Unsendable
from channels.whatsapp.config import GAP, TemplateConfig

VALUE_MAX = 1024


def text_of(template: TemplateConfig, values: Sequence[str]) -> str:
    """What the customer will read. Raises Unsendable unless each gap has its value."""
    filling = iter(_checked(template, values))
    parts = (template.header, template.body)
    return "\n".join(_filled(part, filling) for part in parts if part)


def content(template: TemplateConfig, values: Sequence[str]) -> dict[str, Any]:
    """As the Messages API has it."""
    filling = iter(_checked(template, values))
    components = [
        *_component("header", template.header or "", filling),
        *_component("body", template.body, filling),
        *(
            {"sub_type": "url", "index": str(index), **component}
            for index, suffix in enumerate(template.buttons)
            for component in _component("button", suffix, filling)
        ),
    ]
    named = {"name": template.name, "language": {"code": template.language}}
    return {"type": "template", "template": named | ({"components": components} if components else {})}


def _component(kind: str, text: str, filling: Iterator[str]) -> list[Mapping[str, Any]]:
    parameters = [_parameter(gap, next(filling)) for gap in GAP.findall(text)]
    return [{"type": kind, "parameters": parameters}] if parameters else []


def _parameter(gap: str, value: str) -> dict[str, str]:
    named = {} if gap.isdigit() else {"parameter_name": gap}
    return {"type": "text", **named, "text": value}


def _filled(text: str, filling: Iterator[str]) -> str:
    return GAP.sub(lambda _: next(filling), text)


def _checked(template: TemplateConfig, values: Sequence[str]) -> Sequence[str]:
    """The platform refuses what is empty and what has line ends, tabs or more than four blanks in a row."""
    wanted = len(template.gaps)
    if len(values) != wanted:
        raise Unsendable(
            f"the template {template.key} has {wanted} gaps, and {len(values)} values were given"
        )
    for gap, value in zip(template.gaps, values, strict=True):
        if (
            not value.strip()
            or len(value) > VALUE_MAX
            or any(char in value for char in "\n\t")
            or "     " in value
        ):
            raise Unsendable(
                f"the value of {{{{{gap}}}}} is empty, too long, or has line ends, tabs or many blanks in it"
            )
    return values
