"""A stand-in for Twilio: its REST API, its TwiML and its webhooks, on loopback and as strict."""

from demo.twilio.server import FakeTwilio

__all__ = ["FakeTwilio"]
