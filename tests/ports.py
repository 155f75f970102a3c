"""Ports of this machine."""

import socket


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def greets(port: int, greeting: bytes) -> bool:
    """Whether a server there says this first."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            return connection.recv(len(greeting)) == greeting
    except OSError:
        return False
