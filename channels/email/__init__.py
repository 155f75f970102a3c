"""E-mail: parsing in killable processes, threads, loops, and what goes out."""

from channels.email.adapter import EmailAdapter, EmailConfig

__all__ = ["EmailAdapter", "EmailConfig"]
