"""Which web pages may use a chat or a form: their origins, as browsers tell them."""

from collections.abc import Iterable
from urllib.parse import urlsplit


class AllowedOrigins:
    """`https://shop.example`, with its port where it has one; `*` is every page."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(_origin(origin) for origin in origins)

    def allows(self, origin: str | None) -> bool:
        """Whether a page of this `Origin` may; no header at all is no browser, which may."""
        return origin is None or "*" in self._origins or _origin(origin) in self._origins


def _origin(origin: str) -> str:
    """Scheme, host and port alone, in lower case."""
    if origin == "*":
        return origin
    try:
        parts = urlsplit(origin.strip().lower())
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}"
