"""What customers wrote, as it may stand on the timeline; and who they are."""

from typing import Final

from app.errors import MalformedPayload
from app.hiding.cards import mask_cards
from app.text import clean_line, clean_text

TEXT_MAX: Final = 65_536
NAME_MAX: Final = 200
ID_MAX: Final = 128


def free(text: str) -> str:
    """Cleaned, card numbers masked, of a length that the log takes."""
    return mask_cards(clean_text(text))[:TEXT_MAX]


def shown_name(text: str) -> str:
    """Of a file or a customer."""
    return mask_cards(clean_line(text))[:NAME_MAX]


def checked_id(text: str, field: str) -> str:
    """A customer's id at the platform. Raises MalformedPayload for what is none."""
    if not 0 < len(text) <= ID_MAX or not text.isprintable():
        raise MalformedPayload("an id is expected", f"/{field}")
    return text
