"""Any other messaging platform, through a bridge that speaks our format."""

from channels.custom.adapter import CustomAdapter, CustomConfig

__all__ = ["CustomAdapter", "CustomConfig"]
