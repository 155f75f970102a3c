"""E-mail: parsing in killable processes, threads, loops, and what goes out."""

from channels.email.adapter import EmailAdapter
from channels.email.config import EmailConfig
from channels.email.thread import thread_keys, thread_of

__all__ = ["EmailAdapter", "EmailConfig", "thread_keys", "thread_of"]
