"""Messaging platforms as small servers: the demo's, and those that tests speak to."""
