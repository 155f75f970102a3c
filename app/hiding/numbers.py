"""Text that must hold no number of either kind, whatever an endpoint's set-up says of them."""

from app.hiding.cards import mask_cards
from app.hiding.identity_numbers import mask_identity_numbers


def mask_numbers(text: str) -> str:
    """Without card numbers and identity numbers."""
    return mask_identity_numbers(mask_cards(text))
