"""A fake Asterisk with its REST Interface: real HTTP and WebSocket on loopback, behaving as a running one was
seen to."""

from tests.platforms.ari.asterisk import Asterisk, Phone
from tests.platforms.ari.server import PASSWORD, USERNAME, serving

__all__ = ["PASSWORD", "USERNAME", "Asterisk", "Phone", "serving"]
