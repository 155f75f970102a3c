"""A stand-in for Asterisk with its REST Interface, behaving as a running one was seen to."""

from demo.asterisk.exchange import Asterisk
from demo.asterisk.rest import User, asterisk_app

__all__ = ["Asterisk", "User", "asterisk_app"]
