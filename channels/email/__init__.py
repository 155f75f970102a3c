"""E-mail: parsing in killable processes, threads, loops, and what goes out."""

from channels.email.adapter import EmailAdapter
from channels.email.config import EmailConfig
from channels.email.thread import thread_keys, thread_of
from channels.email.token_adapter import mailbox_adapter

__all__ = ["EmailAdapter", "EmailConfig", "mailbox_adapter", "thread_keys", "thread_of"]
