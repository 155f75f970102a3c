"""HTML of a mail: what may be shown of it, and its text. nh3 (Rust) parses as browsers do."""

import re
from collections import Counter
from html import unescape
from typing import Final

import nh3

from app.hiding.cards import mask_cards_in_html

_BLOCK: Final = re.compile(
    r"<(?=/?(?:p|div|tr|li|h[1-6]|table|ul|ol|blockquote|pre|section|article|header|footer|dd|dt)[\s>/])"
    r"|<(?=br[\s>/])|<(?=hr[\s>/])",
    re.IGNORECASE,
)
_BREAK: Final = "\x01"
_CELL: Final = re.compile(r"<(?=/t[dh][\s>])", re.IGNORECASE)
_BLANKS: Final = re.compile(r"[ \t\r\n\f\xa0]+")
_LINES: Final = re.compile(r"\n{3,}")
_OPEN_OR_CLOSE: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})")
_NEVER_DEEP: Final = {
    "br", "hr", "img", "input", "meta", "link", "col", "area", "base", "wbr",
    "p", "li", "td", "th", "tr", "dd", "dt", "option",
}  # fmt: skip
_UNSEEN: Final = {"script", "style", "title", "head", "template", "noscript"}

_TAGS: Final = nh3.ALLOWED_TAGS | {"center", "font", "section", "tfoot"}
_STYLES: Final = {
    "color", "background-color", "font-weight", "font-style", "font-size", "font-family", "text-align",
    "text-decoration", "vertical-align", "padding", "margin", "border", "width", "height", "white-space",
}  # fmt: skip
_ATTRIBUTES: Final = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()}
for _tag in (
    "div",
    "p",
    "span",
    "table",
    "tr",
    "td",
    "th",
    "font",
    "a",
    "img",
    "h1",
    "h2",
    "h3",
    "ul",
    "ol",
    "li",
):
    _ATTRIBUTES.setdefault(_tag, set()).add("style")
_ATTRIBUTES["font"] |= {"color", "size", "face"}


def cut_html(html: str, chars: int, depth_max: int) -> str:
    """`html` up to where it is too long or too deep: a nesting of thousands takes a parser minutes."""
    open_tags: Counter[str] = Counter()
    for tag in _OPEN_OR_CLOSE.finditer(html, 0, chars):
        name = tag[2].lower()
        if name in _NEVER_DEEP:
            continue
        if not tag[1]:
            open_tags[name] += 1
        elif open_tags[name]:
            open_tags[name] -= 1
        if open_tags[name] > depth_max:
            return html[: tag.start()]
    return html[:chars]


def safe_html(html: str) -> str:
    """By an allow-list; `cid:` images stay. Remote images are the reader's choice: the frame that shows it
    blocks them."""
    cleaned = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        clean_content_tags={"script", "style", "title"},
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        filter_style_properties=_STYLES,
        link_rel="noopener noreferrer nofollow",
    )
    return mask_cards_in_html(cleaned)


def text_of_html(html: str) -> str:
    """The readable text, a line per block. Blanks in it collapse as a browser would show them."""
    marked = _CELL.sub(" <", _BLOCK.sub(f"{_BREAK}<", html.replace(_BREAK, "")))
    bare = nh3.clean(marked, tags=set(), attributes={}, clean_content_tags=_UNSEEN)
    flat = _BLANKS.sub(" ", unescape(bare))
    lines = (line.strip() for line in flat.split(_BREAK))
    return _LINES.sub("\n\n", "\n".join(lines)).strip()
