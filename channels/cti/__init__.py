"""Telephony through our own CTI format: any PBX can be bridged to it."""

from channels.cti.adapter import CtiAdapter, CtiConfig

__all__ = ["CtiAdapter", "CtiConfig"]
