"""What a channel's platform takes at most: said to the agent at once, not by a message that failed."""

from app.errors import Invalid
from channels.base import Capabilities
from interactions.touches.outgoing import Draft


def check_fits(draft: Draft, capabilities: Capabilities) -> None:
    """Raises Invalid, naming each part that does not fit."""
    errors = []
    most = capabilities.text_max
    if most is not None and len(draft.text) > most:
        said = f"{len(draft.text)} characters, and this channel takes {most}"
        errors.append({"pointer": "/text", "message": said})
    if draft.attachments and not capabilities.attachments:
        errors.append({"pointer": "/attachments", "message": "this channel carries no files"})
    if errors:
        raise Invalid(errors=errors)
