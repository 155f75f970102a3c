"""A token server as mail providers have: a refresh token for an access token, and whose a token is."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import orjson

CLIENT = {"client_id": "touchpoint", "client_secret": "shh"}


@dataclass
class TokenServer:
    """`refresh`: the only refresh token that is good now; each use gives another one. `issued`: access
    tokens and their users."""

    url: str = ""
    user: str = ""
    refresh: str = "refresh-1"
    issued: dict[str, str] = field(default_factory=dict)

    def exchange(self, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        if form.get("grant_type") != "refresh_token" or CLIENT.items() - form.items():
            return 401, {"error": "invalid_client"}
        if form.get("refresh_token") != self.refresh:
            return 400, {"error": "invalid_grant", "error_description": "Token has been revoked."}
        number = len(self.issued) + 1
        self.refresh = f"refresh-{number + 1}"
        self.issued[f"access-{number}"] = self.user
        return 200, {
            "access_token": f"access-{number}", "expires_in": 3600, "refresh_token": self.refresh,
        }  # fmt: skip

    def told_of(self, access_token: str) -> tuple[int, dict[str, object]]:
        user = self.issued.get(access_token)
        return (200, {"email": user}) if user else (400, {"error": "invalid_token"})


@contextmanager
def running_token_server() -> Iterator[TokenServer]:
    tokens = TokenServer()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(tokens))
    server.daemon_threads = False  # their connections are closed before the server is
    tokens.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield tokens
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(tokens: TokenServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            self._answer(*tokens.exchange({name: values[0] for name, values in parse_qs(body).items()}))

        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query)
            self._answer(*tokens.told_of(asked.get("access_token", [""])[0]))

        def _answer(self, status: int, members: dict[str, object]) -> None:
            body = orjson.dumps(members)
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    return Handler
