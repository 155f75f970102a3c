"""What stands in a message, by its type: words for the agent, files, and the facts behind them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app.events import Attachment
from app.hiding.cards import mask_cards, mask_cards_within
from app.json_body import MalformedJson, parse_json
from app.text import clean_line
from channels.whatsapp.answers import reason_of
from channels.whatsapp.files import plain_type
from channels.whatsapp.shape import items, member, optional, text

NAME_MAX: Final = 200
DELETED: Final = "🗑"
PLACE: Final = "📍"

_ENDINGS: Final = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "video/mp4": ".mp4",
    "video/3gpp": ".3gp",
    "audio/ogg": ".ogg",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/aac": ".aac",
    "audio/amr": ".amr",
    "application/pdf": ".pdf",
}


@dataclass(frozen=True, slots=True)
class Content:
    """`wakes` False: nobody needs to answer it."""

    text: str
    payload: dict[str, Any] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    wakes: bool = True


def _words(message: Mapping[str, Any], where: str) -> Content:
    return Content(text(member(message, "text", where), "body", f"{where}/text"))


def _file(kind: str) -> Callable[[Mapping[str, Any], str], Content]:
    def read(message: Mapping[str, Any], where: str) -> Content:
        file = member(message, kind, where)
        file_id = text(file, "id", f"{where}/{kind}")
        content_type = plain_type(optional(file, "mime_type")) or "application/octet-stream"
        name = mask_cards(clean_line(optional(file, "filename")))[:NAME_MAX]
        attachment = Attachment(
            name=name or kind + _ENDINGS.get(content_type, ""),
            content_type=content_type,
            size=0,
            media={"id": file_id},
        )
        payload = {"voice": True} if file.get("voice") is True or kind == "voice" else {}
        return Content(optional(file, "caption"), payload, (attachment,))

    return read


def _location(message: Mapping[str, Any], where: str) -> Content:
    place = member(message, "location", where)
    point = f"{place.get('latitude')}, {place.get('longitude')}"
    words = [said for name in ("name", "address", "url") if (said := optional(place, name))]
    kept = {
        name: place[name] for name in ("latitude", "longitude", "name", "address", "url") if name in place
    }
    return Content("\n".join((f"{PLACE} {point}", *words)), {"location": mask_cards_within(kept)})


def _contacts(message: Mapping[str, Any], where: str) -> Content:
    lines = []
    for card, place in items(message, "contacts", where):
        name = member(card, "name", place) if "name" in card else {}
        ways = [
            optional(way, what)
            for what, many in (("phone", "phones"), ("email", "emails"))
            for way, _ in items(card, many, place)
        ]
        lines.append(": ".join(part for part in (optional(name, "formatted_name"), ", ".join(ways)) if part))
    return Content("\n".join(lines), {"contacts": mask_cards_within(message.get("contacts"))})


def _interactive(message: Mapping[str, Any], where: str) -> Content:
    answer = member(message, "interactive", where)
    kind = text(answer, "type", f"{where}/interactive")
    said = member(answer, kind, f"{where}/interactive")
    if kind == "nfm_reply":
        return _form(said)
    title, more = optional(said, "title"), optional(said, "description")
    words = "\n".join(part for part in (title, more) if part)
    return Content(words, {"button": {"id": optional(said, "id"), "title": title}})


def _form(said: Mapping[str, Any]) -> Content:
    """A form (a "flow") that the customer filled in: its fields are JSON in a text."""
    try:
        fields = parse_json(optional(said, "response_json").encode("utf-8", "replace"))
    except MalformedJson:
        fields = None
    if not isinstance(fields, dict):
        return Content(optional(said, "body") or optional(said, "name"))
    fields = {name: value for name, value in fields.items() if name != "flow_token"}
    lines = [f"{name}: {value}" for name, value in fields.items()]
    return Content("\n".join(lines) or optional(said, "body"), {"form": mask_cards_within(fields)})


def _button(message: Mapping[str, Any], where: str) -> Content:
    """A ready answer under one of our templates."""
    button = member(message, "button", where)
    title = text(button, "text", f"{where}/button")
    return Content(title, {"button": {"id": optional(button, "payload"), "title": title}})


def _reaction(message: Mapping[str, Any], where: str) -> Content:
    """Without an emoji: the reaction is taken back."""
    reaction = member(message, "reaction", where)
    to, emoji = text(reaction, "message_id", f"{where}/reaction"), optional(reaction, "emoji")
    return Content(emoji or DELETED, {"reaction": {"to": to, "emoji": emoji}}, wakes=False)


def _order(message: Mapping[str, Any], where: str) -> Content:
    order = member(message, "order", where)
    lines = [
        f"{item.get('quantity')} × {item.get('product_retailer_id')}"
        f" à {item.get('item_price')} {item.get('currency')}"
        for item, _ in items(order, "product_items", f"{where}/order")
    ]
    words = "\n".join(part for part in (optional(order, "text"), *lines) if part)
    kept = {name: order[name] for name in ("catalog_id", "product_items") if name in order}
    return Content(words, {"order": kept})


def _system(message: Mapping[str, Any], where: str) -> Content:
    """The customer changed their number; messages will come from the new one, as from somebody new."""
    system = member(message, "system", where)
    kept = {name: system[name] for name in ("type", "wa_id", "user_id", "customer") if name in system}
    return Content(optional(system, "body"), {"system": kept}, wakes=False)


def _edit(message: Mapping[str, Any], where: str) -> Content:
    """The new wording, as one more message: what was said stays on the timeline."""
    edit = member(message, "edit", where)
    original = text(edit, "original_message_id", f"{where}/edit")
    new = member(edit, "message", f"{where}/edit")
    kind = text(new, "type", f"{where}/edit/message")
    inner = member(new, kind, f"{where}/edit/message")
    return Content(optional(inner, "body") or optional(inner, "caption"), {"edits": original})


def _revoke(message: Mapping[str, Any], where: str) -> Content:
    revoke = member(message, "revoke", where)
    original = text(revoke, "original_message_id", f"{where}/revoke")
    return Content(DELETED, {"deletes": original}, wakes=False)


def _unsupported(message: Mapping[str, Any], where: str) -> Content:
    """They sent something that the platform does not hand on: the agent must know, and can ask."""
    errors = [reason_of(error) for error, _ in items(message, "errors", where)]
    what = message.get("unsupported")
    kind = optional(what, "type") if isinstance(what, dict) else ""
    return Content(errors[0] if errors else "WhatsApp: unsupported", {"unsupported": kind or True})


READERS: Final[Mapping[str, Callable[[Mapping[str, Any], str], Content]]] = {
    "text": _words,
    **{kind: _file(kind) for kind in ("image", "audio", "voice", "video", "document", "sticker")},
    "location": _location,
    "contacts": _contacts,
    "interactive": _interactive,
    "button": _button,
    "reaction": _reaction,
    "order": _order,
    "system": _system,
    "edit": _edit,
    "revoke": _revoke,
    "unsupported": _unsupported,
}
