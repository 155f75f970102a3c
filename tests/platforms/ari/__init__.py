"""The demo's Asterisk on a port of its own: real HTTP and WebSocket on loopback."""

from demo.asterisk import Asterisk
from tests.platforms.ari.server import PASSWORD, USERNAME, serving

__all__ = ["PASSWORD", "USERNAME", "Asterisk", "serving"]
