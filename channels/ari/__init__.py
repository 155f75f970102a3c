"""Telephony through Asterisk's REST Interface (ARI)."""

from channels.ari.adapter import AriAdapter, AriConfig

__all__ = ["AriAdapter", "AriConfig"]
