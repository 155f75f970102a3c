"""A Twilio of our own: its REST API, its TwiML and its webhooks, on loopback and as strict."""

from tests.platforms.twilio.server import FakeTwilio, serving

__all__ = ["FakeTwilio", "serving"]
