"""Between a process and its supervisor: the socket it is handed, and that it ends when the other is gone."""

import gc
import os
import signal
import socket
import threading
import time
from typing import Final

from app.errors import CommandError
from app.settings import Settings

SUPERVISED: Final = "TOUCHPOINT_SUPERVISED"
GARBAGE_THRESHOLDS: Final = (10_000, 20, 20)


def listen(settings: Settings) -> socket.socket:
    """The socket for HTTP: inherited from a supervisor, else a new one. Raises CommandError if in use."""
    if settings.listen_fd is not None:
        return socket.socket(fileno=settings.listen_fd)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as error:
        raise CommandError(
            f"Cannot listen on {settings.host} port {settings.port}: {error.strerror}. "
            "Stop what uses the port, or choose another with --port."
        ) from error


def end_with_supervisor(stop_seconds: float) -> None:
    """In a child: end when the supervisor is gone, however it went. Nothing in an unsupervised process."""
    if os.environ.get(SUPERVISED) == "1":
        threading.Thread(target=_end_after_stdin, args=(stop_seconds,), daemon=True).start()


def keep_what_is_loaded() -> None:
    """All that a process has made until now stays to its end: the garbage collector need not walk through it
    again and again, which took a fifth of a worker's time and tenths of a second at once."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


def _end_after_stdin(stop_seconds: float) -> None:
    while os.read(0, 1024):
        continue
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(stop_seconds)
    os._exit(1)
